"""The address of a small copy of a picture, for pages that know its key only."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from posts.models.image import Image
from posts.pictures.renditions import PictureMissing, rendition, small_copy

WIDTH = 640  # px: twice the rail, for screens with twice the pixels


class SmallPictureMixin(admin.ModelAdmin):
    """Mixed into the admin of pictures."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.small_view)
        return [path("<int:pk>/small/", view, name="posts_image_small"), *super().get_urls()]

    def small_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return require_safe(self._small)(request, pk)

    def _small(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        image = get_object_or_404(Image, pk=pk)
        try:
            small = (small_copy if image.renditions else rendition)(image, WIDTH)
        except PictureMissing as error:
            raise Http404 from error
        return redirect(small.url)
