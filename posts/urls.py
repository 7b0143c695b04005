from django.urls import path

from posts import uploads, views

app_name = "posts"
urlpatterns = [
    path("", views.front, name="front"),
    path("articles/<slug:slug>/", views.article, name="article"),
    path("tags/<slug:slug>/", views.tag, name="tag"),
    path("authors/<slug:slug>/", views.author, name="author"),
    path("preview/<int:pk>/", views.preview, name="preview"),
    path("desk/upload/", uploads.upload_image, name="image-upload"),
]
