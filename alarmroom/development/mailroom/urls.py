from django.urls import path

from alarmroom.development.mailroom import views

app_name = "mailroom"
urlpatterns = [
    path("", views.index, name="index"),
    path("empty/", views.empty, name="empty"),
    path("<str:key>/", views.mail, name="mail"),
    path("<str:key>/html/", views.html, name="html"),
    path("<str:key>/source/", views.source, name="source"),
]
