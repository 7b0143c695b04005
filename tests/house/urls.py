"""The site's URLs and those of the development mailbox, which the tests' settings leave out."""

from django.urls import include, path

from alarmroom.urls import urlpatterns as site

urlpatterns = [path("dev/mail/", include("alarmroom.development.mailroom.urls")), *site]
