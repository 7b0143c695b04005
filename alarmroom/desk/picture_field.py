"""The form field of an uploaded picture, and the admin that decodes it before it writes.

Decoding a picture of 40 megapixels takes seconds. Django's admin cleans a form inside the
transaction that saves it, and on SQLite that transaction holds the database's only write lock:
nobody else could write meanwhile. So the admin decodes the upload before the transaction, and
the field uses that result when the form is cleaned.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse

from alarmroom.images import MAX_SIDE, Picture, clean_picture


class PictureField(forms.FileField):
    """Takes an uploaded picture and returns a Picture: decoded and encoded again by us.

    A file that was stored before, or False for one that is to be removed, is returned as it is.
    """

    def __init__(self, *, max_side: int = MAX_SIDE, **kwargs: Any) -> None:
        self.max_side = max_side
        super().__init__(**kwargs)

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload = super().clean(data, initial)
        return self.decode(upload) if isinstance(upload, UploadedFile) else upload

    def decode(self, upload: UploadedFile) -> Picture:
        """Return the cleaned picture of an upload; it is decoded once. Raises ValidationError."""
        outcomes = upload.__dict__.setdefault("_decoded", {})
        if self.max_side not in outcomes:
            try:
                outcomes[self.max_side] = clean_picture(upload, max_side=self.max_side)
            except ValidationError as error:
                outcomes[self.max_side] = error
        outcome: Picture | ValidationError = outcomes[self.max_side]
        if isinstance(outcome, ValidationError):
            raise outcome
        return outcome


class PictureAdminMixin:
    """For a model admin whose form has a PictureField: decodes before the transaction begins."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        admin: Any = self
        allowed = admin.has_change_permission if object_id else admin.has_add_permission
        if request.method == "POST" and request.FILES and allowed(request):
            form = admin.get_form(request, change=object_id is not None)
            for name, upload in request.FILES.items():
                field = form.base_fields.get(name)
                if isinstance(field, PictureField) and isinstance(upload, UploadedFile):
                    # The form raises the same error again, and shows it at the field.
                    with suppress(ValidationError):
                        field.decode(upload)
        response: HttpResponse = super().changeform_view(  # type: ignore[misc]  # of the admin it is mixed into
            request, object_id, *args, **kwargs
        )
        return response
