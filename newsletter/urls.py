from django.urls import path

from newsletter import views

app_name = "newsletter"
urlpatterns = [
    path("weekly-alarm/", views.archive, name="archive"),
    path("weekly-alarm/<int:number>/", views.issue, name="issue"),
]
