"""The one door for uploaded pictures: whatever comes in, a clean JPEG or PNG goes out.

Decoding and encoding again drops metadata (the place a photo was taken), bytes
appended after the picture, and every format that can carry a script. The name and the
extension are ours, so what the sender called the file means nothing.
"""

import hashlib
import io
import math
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from PIL import Image, ImageCms, ImageOps

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
        raise too_many_bytes(size)
    try:
        upload.seek(0)
        # The size stands in the header, so a bomb is refused before it is unpacked.
        with Image.open(upload, formats=ACCEPTED_FORMATS) as opened:
            if opened.width * opened.height > settings.IMAGE_MAX_PIXELS:
                raise too_many_pixels()
            image = ImageOps.exif_transpose(small(opened))
            profile = opened.info.get("icc_profile")
        return encode(to_srgb(image, profile))
    except (ValidationError, Image.DecompressionBombError) as error:
        raise too_many_pixels() from error
    # Pillow's decoders answer broken files with whatever they stumbled over: OSError,
    # SyntaxError, struct.error, zlib.error, EOFError, IndexError.
    except Exception as error:
        raise ValidationError(
            "This file is not a picture we can read. Upload a JPEG, PNG, GIF or WebP "
            "(SVG is not accepted: export it as PNG).",
            code="not_an_image",
        ) from error


def too_many_bytes(size: int) -> ValidationError:
    """The error for a file of that many bytes; rounded so that it never reads "12 of 12 MB"."""
    return ValidationError(
        f"This picture is {math.ceil(size / 1e6)} MB; the limit is "
        f"{settings.IMAGE_MAX_BYTES // 1_000_000} MB. Save a smaller copy and upload that.",
        code="too_large",
    )


def too_many_pixels() -> ValidationError:
    """The error for a picture whose pixels would not fit into memory."""
    return ValidationError(
        f"This picture has more than {settings.IMAGE_MAX_PIXELS // 1_000_000} million pixels. "
        "Save a smaller copy, for example 2400 pixels wide, and upload that.",
        code="too_many_pixels",
    )


def small(opened: Image.Image) -> Image.Image:
    """Return the first frame of a picture within MAX_SIDE, in a mode that can be scaled."""
    if opened.mode.startswith("I;16"):
        # Converted as it is, 16-bit grey would come out all white.
        image = opened.point(lambda value: value * (1 / 256)).convert("L")
    elif opened.mode in {"1", "P", "PA", "I", "F"}:
        image = opened.convert("RGBA" if "transparency" in opened.info else "RGB")
    else:
        image = opened
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in sRGB: its own colour profile does not survive the encoding."""
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return image
    mode = image.mode if image.mode in {"RGB", "RGBA"} else "RGB"
    try:
        return (
            ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode=mode,
            )
            or image
        )
    except (ImageCms.PyCMSError, OSError):
        # A broken profile costs some colour, not the picture.
        return image


def encode(image: Image.Image) -> Picture:
    """Return a decoded image as a Picture without metadata: a PNG where it is see-through."""
    out = io.BytesIO()
    rgba = image.convert("RGBA") if image.has_transparency_data else None
    if rgba and rgba.getchannel("A").getextrema() != (255, 255):
        clean = Image.new("RGBA", rgba.size)
        clean.paste(rgba)
        clean.save(out, "PNG")
        extension = "png"
    else:
        clean = Image.new("RGB", image.size)
        clean.paste(image.convert("RGB"))
        clean.save(out, "JPEG", quality=85, optimize=True, progressive=True)
        extension = "jpg"
    content = out.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    return Picture(
        ContentFile(content, name=f"{sha256[:24]}.{extension}"), clean.width, clean.height, sha256
    )
