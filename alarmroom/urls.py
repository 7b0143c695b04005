"""Every address of the site: the apps' own URLs are included here."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from alarmroom import sitemaps
from alarmroom.media import icon, media
from newsletter.sitemaps import SECTIONS as NEWSLETTER
from posts.sitemaps import SECTIONS as POSTS

SITEMAPS = {"sections": [*POSTS, *NEWSLETTER]}

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("newsletter.urls")),
    path("", include("subscribers.urls")),
    path("admin/", admin.site.urls),
    path("media/<path:path>", media),
    path("favicon.ico", icon, {"name": "favicon.png"}),
    path("apple-touch-icon.png", icon, {"name": "touch-icon.png"}),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("sitemap.xml", sitemaps.index, SITEMAPS, name="sitemap-index"),
    path("sitemaps/<str:name>.xml", sitemaps.sitemap, SITEMAPS, name="sitemap"),
    path("", include("posts.urls")),
]

handler400 = "posts.views.errors.bad_request"
handler404 = "posts.views.errors.not_found"
handler500 = "posts.views.errors.broken"

if settings.DEBUG:
    urlpatterns.insert(0, path("dev/mail/", include("alarmroom.development.mailroom.urls")))
