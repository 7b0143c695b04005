"""The address to which the editor uploads pictures, and its answers.

CKEditor reads JSON: https://ckeditor.com/docs/ckeditor4/latest/guide/dev_file_upload.html
"""

import logging
from contextlib import suppress
from http import HTTPStatus
from pathlib import PurePath

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponseBase, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from alarmroom.images import clean_picture, hash_of, too_many_bytes
from alarmroom.methods import allow
from posts.admin.library import answer_about
from posts.models.image import Image

logger = logging.getLogger(__name__)

# Bytes of a form besides the file: its boundaries, headers and the token.
ENVELOPE_BYTES = 16 * 1024
CHUNK_BYTES = 64 * 1024
# A browser reads the answer only after it has sent the whole body, so a refused body is read to
# its end, too. One that is longer than this is not.
DRAINED_BYTES = 200 * 1024 * 1024
NOT_STORED = (
    "The picture could not be stored: the server’s disk may be full. Nothing else is lost. Try "
    "again later, and tell whoever looks after the site."
)


def refuse(message: str, status: HTTPStatus) -> JsonResponse:
    """Return a refusal as CKEditor reads it, with a sentence that says what to do."""
    return JsonResponse({"uploaded": 0, "error": {"message": message}}, status=status)


# Checking the token reads the whole body. So `_keep` checks it, after the permission and the size.
@csrf_exempt
@allow("POST")
def upload_image(request: HttpRequest) -> JsonResponse:
    """Store the picture in the file field `upload`, cleaned, and answer with its address.

    Answers `{"uploaded": 1, "fileName", "url", "width", "height"}` (size in pixels), with what
    answer_about() adds and `same`, which is true if the library had this picture already; or
    `{"uploaded": 0, "error": {"message"}}` with status 400 (no readable picture), 403 (signed
    out, not permitted, no token), 413 (too large; the body is never kept) or 507 (disk full).
    """
    user = request.user
    if not user.is_authenticated or not (user.is_active and user.is_staff):
        return refuse(
            "You are signed out. Sign in again in another tab, then upload the picture once more.",
            HTTPStatus.FORBIDDEN,
        )
    if not user.has_perm("posts.add_image"):
        return refuse(
            "Your account may not upload pictures. Ask an administrator for the permission.",
            HTTPStatus.FORBIDDEN,
        )
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    if size > settings.IMAGE_MAX_BYTES + ENVELOPE_BYTES:
        drain(request, size)
        return refuse(too_many_bytes(size).messages[0], HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    answer = _keep(request, user)
    if isinstance(answer, JsonResponse):
        return answer
    return refuse(
        "This page was open for too long. Save your text, then upload the picture once more.",
        HTTPStatus.FORBIDDEN,
    )


def drain(request: HttpRequest, size: int) -> None:
    """Read and discard a body, because a browser that is cut off does not read the answer."""
    left = min(size, DRAINED_BYTES)
    with suppress(UnreadablePostError):
        while left > 0 and (piece := request.read(CHUNK_BYTES)):
            left -= len(piece)


def title_of(name: str) -> str:
    """Return words to find a picture by, made from what its sender called the file."""
    return " ".join(PurePath(name).stem.replace("_", " ").replace("-", " ").split())


@csrf_protect
def _keep(request: HttpRequest, user: AbstractBaseUser) -> HttpResponseBase:
    upload = request.FILES.get("upload")
    if upload is None:
        return refuse("No picture arrived. Choose a file and try again.", HTTPStatus.BAD_REQUEST)
    try:
        image, same = _keep_picture(upload, user)
    except ValidationError as error:
        return refuse(" ".join(error.messages), HTTPStatus.BAD_REQUEST)
    except OSError:
        logger.exception("An uploaded picture could not be stored")
        return refuse(NOT_STORED, HTTPStatus.INSUFFICIENT_STORAGE)
    return JsonResponse(
        {
            "uploaded": 1,
            "fileName": str(image.file.name).rsplit("/", 1)[-1],
            "url": image.file.url,
            "width": image.width,
            "height": image.height,
            "same": same,
            **answer_about(request, admin.site.get_model_admin(Image), image),
        }
    )


def _keep_picture(upload: UploadedFile, user: AbstractBaseUser) -> tuple[Image, bool]:
    """Return the picture of an upload, and whether the library had it already.

    Raises ValidationError, and OSError if it cannot be stored; then nothing is.
    """
    if (upload.size or 0) <= settings.IMAGE_MAX_BYTES:
        # What was uploaded before is recognised by its bytes, without decoding it again.
        known = Image.objects.same_as(hash_of(upload))
        if known and known.file.storage.exists(str(known.file.name)):
            return known, True
    before = timezone.now()
    image = Image.keep(clean_picture(upload), title=title_of(upload.name or ""), user=user)
    return image, image.created_at < before
