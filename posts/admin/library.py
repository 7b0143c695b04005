"""The library as a grid: its filters with their counts, a card for each picture, words at once."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from alarmroom.images import ACCEPTED_WORDS
from alarmroom.methods import allow
from posts.models.image import Image
from posts.pictures.renditions import Rendition, small_copy
from posts.text.editor import PICTURE_TYPES

CARD_WIDTH = 320  # px
PER_PAGE = 40
MOST_AT_ONCE = 20  # files that are uploaded by one drop
LICENCES = (
    "Ours",
    "With permission",
    "Bought from an agency",
    "CC BY 4.0",
    "CC BY-SA 4.0",
    "CC0, public domain",
    "Work of the U.S. government",
)


class _Chip(SimpleListFilter):
    """A filter that is on or off, and shows how many pictures it would leave."""

    on = "yes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(self.on, str(self.title))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        return self.left(queryset) if self.value() == self.on else None

    def left(self, images: Any) -> QuerySet[Any]:
        raise NotImplementedError


class WithoutAlt(_Chip):
    title, parameter_name = "Without alt text", "without-alt"

    def left(self, images: Any) -> QuerySet[Any]:
        return images.without_alt()


class Unused(_Chip):
    title, parameter_name = "Used nowhere", "unused"

    def left(self, images: Any) -> QuerySet[Any]:
        return images.unused()


class WithoutLicence(_Chip):
    title, parameter_name = "Without a licence", "without-licence"

    def left(self, images: Any) -> QuerySet[Any]:
        return images.filter(licence="")


CHIPS = (WithoutAlt, Unused, WithoutLicence)


@dataclass(frozen=True)
class Card:
    """What the grid shows of a picture."""

    image: Image
    copy: Rendition
    flags: list[str]
    uses: str


def card(image: Any) -> Card:
    flags = ["Needs alt text"] if image.lacks_alt else []
    if not image.renditions and image.renditions_due_at is None:
        flags.append("The file cannot be read")
    if not image.licence:
        flags.append("No licence")
    count = image.uses_count
    return Card(
        image,
        small_copy(image, CARD_WIDTH),
        flags,
        f"in {count} place{pluralize(count)}" if count else "used nowhere",
    )


def counts() -> dict[str, int]:
    """Return how many pictures there are, and how many each filter would leave. Two queries."""
    found = Image.objects.aggregate(
        all=Count("pk"),
        alt=Count("pk", filter=Q(alt="", decorative=False)),
        licence=Count("pk", filter=Q(licence="")),
    )
    return {
        "": found["all"],
        WithoutAlt.parameter_name: found["alt"],
        WithoutLicence.parameter_name: found["licence"],
        Unused.parameter_name: Image.objects.unused().count(),
    }


def answer_about(request: HttpRequest, desk: Any, image: Image) -> dict[str, Any]:
    """Return what an upload says of a picture, for this page and for a chooser of pictures."""
    copy = small_copy(image, CARD_WIDTH)
    may_change = desk.has_change_permission(request, image)
    return {
        "id": image.pk,
        "title": str(image),
        "alt": image.alt,
        "decorative": image.decorative,
        "caption": image.caption,
        "credit": image.credit,
        "small": copy.url,
        "page": reverse("admin:posts_image_change", args=[image.pk])
        if desk.has_view_permission(request, image)
        else "",
        "describe": reverse("admin:posts_image_describe", args=[image.pk]) if may_change else "",
    }


def _page_url(cl: Any, number: int) -> str:
    """Return the address of another page of the list; empty if there is none."""
    is_there = cl.multi_page and 1 <= number <= cl.paginator.num_pages
    return cl.get_query_string({"p": number}) if is_there else ""


class LibraryMixin:
    """For the model admin of pictures: the grid, and the address that takes a picture's words."""

    # Of the mixed-in admin:
    admin_site: Any
    get_object: Any
    has_add_permission: Any
    has_change_permission: Any
    log_change: Any

    def get_urls(self) -> list[URLPattern]:
        describe = path(
            "<int:pk>/describe/",
            self.admin_site.admin_view(self.describe),
            name="posts_image_describe",
        )
        return [describe, *super().get_urls()]  # type: ignore[misc]  # of the admin it is mixed into

    def get_queryset(self, request: HttpRequest) -> Any:
        found: Any = super().get_queryset(request)  # type: ignore[misc]  # likewise
        return found.with_uses()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]  # likewise
        context = getattr(response, "context_data", None)
        if isinstance(response, TemplateResponse) and context and "cl" in context:
            context |= self._of_grid(request, context["cl"])
        return response

    def _of_grid(self, request: HttpRequest, cl: Any) -> dict[str, Any]:
        found = counts()
        on = {spec.parameter_name: spec.used_parameters for spec in cl.filter_specs}
        chips = [
            {
                "name": chip.title,
                "count": found[chip.parameter_name],
                "is_on": bool(on.get(chip.parameter_name)),
                "is_wanting": chip is WithoutAlt,
                "url": cl.get_query_string(
                    *(
                        ({}, [chip.parameter_name, "p"])
                        if on.get(chip.parameter_name)
                        else ({chip.parameter_name: chip.on}, ["p"])
                    )
                ),
            }
            for chip in CHIPS
        ]
        kept = [(name, value) for name, value in request.GET.items() if name not in ("q", "p")]
        return {
            "title": "Library",
            "total": found[""],
            "chips": chips,
            "kept": kept,
            "cards": [card(image) for image in cl.result_list],
            "may_add": self.has_add_permission(request),
            "most_at_once": MOST_AT_ONCE,
            "accepted": ACCEPTED_WORDS,
            "accept": PICTURE_TYPES,
            "max_bytes": settings.IMAGE_MAX_BYTES,
            "max_megabytes": settings.IMAGE_MAX_BYTES // 1_000_000,
            "newer": _page_url(cl, cl.page_num - 1),
            "older": _page_url(cl, cl.page_num + 1),
        }

    def describe(self, request: HttpRequest, pk: int) -> HttpResponse:
        return allow("POST")(self._describe)(request, pk)

    def _describe(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Store the words of a picture, beside the upload or its card; answer in JSON."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        image = self.get_object(request, str(pk))
        if image is None:
            words = "This picture is not in the library any more."
            return JsonResponse({"state": "gone", "error": words}, status=HTTPStatus.GONE)
        if not self.has_change_permission(request, image):
            raise PermissionDenied
        form = modelform_factory(Image, fields=["alt", "decorative"])(request.POST, instance=image)
        if not form.is_valid():
            words = " ".join(str(error) for errors in form.errors.values() for error in errors)
            return JsonResponse({"state": "refused", "error": words}, status=HTTPStatus.BAD_REQUEST)
        # Only these fields: a worker may have stored copies since the row was read.
        image.save(update_fields=["alt", "decorative"])
        self.log_change(request, image, "Said what it shows.")
        return JsonResponse({"state": "saved", "alt": image.alt, "decorative": image.decorative})
