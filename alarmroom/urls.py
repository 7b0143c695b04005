"""Every address of the site, by inclusion only."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from alarmroom.media import media

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("newsletter.urls")),
    path("", include("subscribers.urls")),
    path("admin/", admin.site.urls),
    path("media/<path:path>", media),
    path("", include("posts.urls")),
]

if settings.DEBUG:
    urlpatterns.insert(0, path("dev/mail/", include("alarmroom.mailroom.urls")))
