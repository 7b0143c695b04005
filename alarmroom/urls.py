"""Every address of the site, by inclusion only."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.static import serve

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("newsletter.urls")),
    path("", include("subscribers.urls")),
    path("admin/", admin.site.urls),
    path("", include("posts.urls")),
]

if settings.DEBUG:
    urlpatterns.insert(0, path("dev/mail/", include("alarmroom.mailroom.urls")))
    urlpatterns.insert(0, path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}))
