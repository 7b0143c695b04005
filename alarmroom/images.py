"""Cleaning of uploaded pictures: every upload becomes a fresh JPEG or PNG.

Decoding and encoding again drops metadata (such as the place where a photo was taken), bytes
that were appended to the file, and every format that can carry a script. We choose the name and
the extension, so the name that was sent has no effect.
"""

import hashlib
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from PIL import Image, ImageCms, ImageOps, features

ACCEPTED_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
MAX_SIDE = 2400  # px; wider than any screen shows an article
SMALL_SIDE = 480  # px; for what only ever stands small, such as the cover of a resource
# Measured on photographs and on the demo's drawings: AVIF and WebP look alike at these, AVIF in
# 20 to 45 % fewer bytes; of AVIF's speeds, 7 costs half the time of 6 and 3 % more bytes. One
# thread, because the worker shares its machine with the site.
OPTIONS: dict[str, dict[str, Any]] = {
    "AVIF": {"quality": 50, "speed": 7, "max_threads": 1},
    "WEBP": {"quality": 76, "method": 4},
    "JPEG": {"quality": 80, "optimize": True, "progressive": True},
    "PNG": {},
}
# Copies of this width and more are for screens with small dots, where a lower quality is not
# visible. It saves a phone a quarter of the bytes.
DENSE = 720  # px
DENSE_OPTIONS = {"AVIF": {"quality": 43}}
# Pillow's wheels write both formats; a Pillow that was built locally may not.
MODERN = [kind for kind in ("avif", "webp") if features.check(kind)]


@dataclass(frozen=True)
class Picture:
    """A picture that was decoded and encoded again by us."""

    content: ContentFile
    """The bytes, under a name made of their hash: `3f2a….jpg` or `.png`."""
    width: int
    height: int
    sha256: str


def clean_picture(upload: File, *, max_side: int = MAX_SIDE) -> Picture:
    """Return an uploaded file as a fresh JPEG, or PNG where it is see-through.

    It is at most `max_side` pixels wide and high; an animation becomes its first frame.
    Raises ValidationError, in words that say what to do, for anything that is not a
    JPEG, PNG, GIF or WebP picture within IMAGE_MAX_BYTES and IMAGE_MAX_PIXELS.
    """
    size = upload.size or 0
    if size > settings.IMAGE_MAX_BYTES:
        raise too_many_bytes(size)
    try:
        upload.seek(0)
        # The header has the size, so a decompression bomb is refused before it is decoded.
        with Image.open(upload, formats=ACCEPTED_FORMATS) as opened:
            if opened.width * opened.height > settings.IMAGE_MAX_PIXELS:
                raise too_many_pixels()
            image = ImageOps.exif_transpose(small(opened, max_side))
            profile = opened.info.get("icc_profile")
        return encode(to_srgb(image, profile))
    except (ValidationError, Image.DecompressionBombError) as error:
        raise too_many_pixels() from error
    # On a broken file, Pillow's decoders raise many kinds of exceptions: OSError, SyntaxError,
    # struct.error, zlib.error, EOFError, IndexError.
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


def small(opened: Image.Image, max_side: int = MAX_SIDE) -> Image.Image:
    """Return the first frame of a picture within max_side, in a mode that can be scaled."""
    if opened.mode.startswith("I;16"):
        # Without the scaling, 16-bit grey would become white.
        image = opened.point(lambda value: value * (1 / 256)).convert("L")
    elif opened.mode in {"1", "P", "PA", "I", "F"}:
        image = opened.convert("RGBA" if "transparency" in opened.info else "RGB")
    else:
        image = opened
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in sRGB, because its own colour profile is dropped by the encoding."""
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
        # With a broken profile, the colours may be a little off.
        return image


def encode(image: Image.Image) -> Picture:
    """Return a decoded image as a Picture without metadata: a PNG where it is see-through."""
    clean = bare(image)
    kind = "png" if clean.mode == "RGBA" else "jpg"
    content = encoded(clean, "PNG" if kind == "png" else "JPEG", quality=85)
    sha256 = hashlib.sha256(content).hexdigest()
    return Picture(
        ContentFile(content, name=f"{sha256[:24]}.{kind}"), clean.width, clean.height, sha256
    )


def bare(image: Image.Image) -> Image.Image:
    """Return the pixels alone, in RGB, or RGBA where something is see-through.

    Pillow writes whatever `info` holds (EXIF, colour profiles) into most formats by itself,
    so they are copied onto a fresh image, which has none.
    """
    rgba = image.convert("RGBA") if image.has_transparency_data else None
    if rgba and rgba.getchannel("A").getextrema() != (255, 255):
        clean = Image.new("RGBA", rgba.size)
        clean.paste(rgba)
    else:
        clean = Image.new("RGB", image.size)
        clean.paste(image.convert("RGB"))
    return clean


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """Return a bare image as JPEG, PNG, WEBP or AVIF."""
    out = io.BytesIO()
    image.save(out, format, **{**OPTIONS[format], **options})
    return out.getvalue()


# Copies of a cleaned picture


def upright(opened: Image.Image) -> Image.Image:
    """Return the bare pixels of a picture of ours, upright and in sRGB.

    A picture from clean_picture() is like that already, but files may have come another way.
    """
    profile = opened.info.get("icc_profile")
    return bare(to_srgb(ImageOps.exif_transpose(small(opened)), profile))


def flat(image: Image.Image) -> Image.Image:
    """Return a bare image in RGB; transparent parts become white."""
    if image.mode == "RGB":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def copies(image: Image.Image, widths: Iterable[int]) -> Iterator[tuple[int, str, bytes]]:
    """Yield copies of a bare image: the width, the file's extension and the bytes.

    Each width comes as AVIF and WebP, if this Pillow writes them, and as JPEG, or PNG if it is
    transparent. One copy is made at a time, so the memory for one large picture is enough.
    """
    for width in widths:
        height = max(1, round(image.height * width / image.width))
        copy = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
        for kind in MODERN:
            dense = DENSE_OPTIONS.get(kind.upper(), {}) if width >= DENSE else {}
            yield width, kind, encoded(copy, kind.upper(), **dense)
        if copy.mode == "RGBA":
            yield width, "png", encoded(copy, "PNG")
        else:
            yield width, "jpg", encoded(copy, "JPEG")
