"""The one door for uploaded pictures: whatever comes in, a clean JPEG or PNG goes out.

Decoding and encoding again drops metadata (the place a photo was taken), bytes
appended after the picture, and every format that can carry a script. The name and the
extension are ours, so what the sender called the file means nothing.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps, UnidentifiedImageError

ACCEPTED_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
MAX_SIDE = 2400  # px; wider than any screen shows an article


@dataclass(frozen=True)
class Picture:
    """A picture that was decoded and encoded again by us."""

    content: ContentFile
    """The bytes, under a name made of their hash: `3f2a….jpg` or `.png`."""
    width: int
    height: int
    sha256: str


def clean_picture(upload: File) -> Picture:
    """Return an uploaded file as a fresh JPEG, or PNG where it is see-through.

    Raises ValidationError, in words that say what to do, for anything that is not a
    JPEG, PNG, GIF or WebP picture within IMAGE_MAX_BYTES and IMAGE_MAX_PIXELS.
    """
    size = upload.size or 0
    if size > settings.IMAGE_MAX_BYTES:
        raise ValidationError(
            f"This picture is {size / 1e6:.0f} MB; the limit is "
            f"{settings.IMAGE_MAX_BYTES / 1e6:.0f} MB. Save a smaller copy and upload that.",
            code="too_large",
        )
    try:
        # The size stands in the header, so a bomb is refused before it is unpacked.
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            upload.seek(0)
            with Image.open(upload, formats=ACCEPTED_FORMATS) as opened:
                if opened.width * opened.height > settings.IMAGE_MAX_PIXELS:
                    raise too_many_pixels()
                opened.load()
                image = ImageOps.exif_transpose(opened)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise too_many_pixels() from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValidationError(
            "This file is not a picture we can read. Upload a JPEG, PNG, GIF or WebP "
            "(SVG is not accepted: export it as PNG).",
            code="not_an_image",
        ) from error
    return encode(image)


def too_many_pixels() -> ValidationError:
    """The error for a picture whose pixels would not fit into memory."""
    return ValidationError(
        f"This picture has more than {settings.IMAGE_MAX_PIXELS // 1_000_000} million pixels. "
        "Save a smaller copy, for example 2400 pixels wide, and upload that.",
        code="too_many_pixels",
    )


def encode(image: Image.Image) -> Picture:
    """Return a decoded image within MAX_SIDE as a Picture without metadata."""
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    see_through = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    out = io.BytesIO()
    if see_through:
        image = image.convert("RGBA")
        clean = Image.new("RGBA", image.size)
        clean.paste(image)
        clean.save(out, "PNG", optimize=True)
        extension = "png"
    else:
        image = image.convert("RGB")
        clean = Image.new("RGB", image.size)
        clean.paste(image)
        clean.save(out, "JPEG", quality=85, optimize=True, progressive=True)
        extension = "jpg"
    content = out.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    return Picture(
        ContentFile(content, name=f"{sha256[:24]}.{extension}"), clean.width, clean.height, sha256
    )
