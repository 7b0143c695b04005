"""The addresses that the editor asks: for pictures of the library, a page at a time, and which of
those in a text have another file by now.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.utils.html import format_html_join

from alarmroom.methods import allow, require_safe
from posts.admin.editor_access import WRITERS, for_those_with
from posts.models.body import images_in
from posts.models.image import Image
from posts.pictures.renditions import PictureMissing, small_copy

LONGEST_QUERY = 100
MOST_WORDS = 6
AT_ONCE = 24
LAST_PAGE = 500
MOST_SOURCES, LONGEST_SOURCE = 500, 500
THUMBNAIL_WIDTH = 320  # px
_SEARCHED = ("title", "alt", "caption", "credit")


@require_safe
@for_those_with("posts.view_image", "posts.change_image", "posts.add_image")
def find_pictures(request: HttpRequest) -> JsonResponse:
    """Answer `{"total", "count", "more", "pictures": […]}`, the newest first.

    Every word of `q` is looked for in the names, alternative texts, captions and credits.
    `count` are those that have them, `total` all there are.
    """
    found = Image.objects.all()
    for word in request.GET.get("q", "")[:LONGEST_QUERY].split()[:MOST_WORDS]:
        either = Q()
        for field in _SEARCHED:
            either |= Q(**{f"{field}__icontains": word})
        found = found.filter(either)
    page = request.GET.get("page", "")[:4]
    start = (min(max(int(page), 1), LAST_PAGE) - 1) * AT_ONCE if page.isdecimal() else 0
    some = list(found.with_uses().order_by("-created_at", "-pk")[start : start + AT_ONCE + 1])
    return JsonResponse(
        {
            "total": Image.objects.count(),
            "count": found.count(),
            "more": len(some) > AT_ONCE,
            "pictures": [_entry(image) for image in some[:AT_ONCE]],
        }
    )


@allow("POST")
@for_those_with(*WRITERS)
def present_pictures(request: HttpRequest) -> JsonResponse:
    """Answer `{"pictures": {"/media/old.jpg": "/media/new.jpg"}}` for those of `src` that changed.

    A text keeps the address with which a picture came into it; readers get its present file. It
    changes nothing: a POST, because a text may show more than an address can name.
    """
    sources = [each[:LONGEST_SOURCE] for each in request.POST.getlist("src")[:MOST_SOURCES]]
    shown = images_in(format_html_join("", '<img src="{}">', ((each,) for each in sources)))
    return JsonResponse(
        {
            "pictures": {
                image.file.storage.url(name): image.file.url
                for name, image in shown.items()
                if image.file.name != name
            }
        }
    )


def _entry(image: Image) -> dict[str, Any]:
    try:
        thumb = small_copy(image, THUMBNAIL_WIDTH).url
    except PictureMissing:
        thumb = image.file.url
    return {
        "url": image.file.url,
        "thumb": thumb,
        "title": str(image),
        "width": image.width,
        "height": image.height,
        "alt": image.alt,
        "decorative": image.decorative,
        "caption": image.caption,
        "credit": image.credit,
        "uses": getattr(image, "uses_count", 0),
    }
