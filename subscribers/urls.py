from django.urls import path

from subscribers import views

app_name = "subscribers"
urlpatterns = [
    path("subscribe/", views.subscribe, name="subscribe"),
    path("subscribe/check-your-mail/", views.check_mail, name="check-mail"),
    path("confirm/<str:key>/", views.confirm, name="confirm"),
    path("unsubscribe/<str:key>/", views.unsubscribe, name="unsubscribe"),
    path("resources/<str:token>/", views.resource, name="resource"),
]
