"""Cleans every uploaded picture: the result is always a JPEG or PNG that we encoded ourselves.

Decoding and encoding again removes metadata (such as the place of a photo), bytes after the
picture, and every format that can carry a script. The file's name and extension are made here,
so the name that the sender gave it has no effect.
"""

import hashlib
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from PIL import Image, ImageCms, ImageOps, features

ACCEPTED_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
ACCEPTED_WORDS = "JPEG, PNG, GIF, WebP or HEIC"
# The kinds of files that are refused by their name: how one begins (`?` is any byte), and what to
# do about it. HEIC is one of them where its decoder is missing.
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_HEIC = "HEIC cannot be read here. On the phone, share it as JPEG, or save it as JPEG first."
_KINDS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"II*\0", b"MM\0*"), "TIFF cannot be shown on the web. Save it as JPEG and upload that."),
    ((b"BM",), "BMP cannot be shown on the web. Save it as PNG and upload that."),
    ((b"8BPS",), "This is a Photoshop file. Export it as JPEG or PNG and upload that."),
    ((b"%PDF",), "This is a PDF, not a picture. Save the page as PNG and upload that."),
    (
        tuple(b"????ftyp" + each for each in (b"avif", b"avis")),
        "AVIF cannot be read here. Save it as JPEG and upload that.",
    ),
    (
        tuple(b"????ftyp" + each for each in (b"qt  ", b"mp42", b"isom", b"M4V ")),
        "This is a film, not a picture. Save one frame of it as JPEG and upload that.",
    ),
    (
        (b"<svg", b"<?xml"),
        "SVG is not accepted: it can hold a script. Export it as PNG and upload that.",
    ),
)
MAX_SIDE = 2400  # px; wider than any screen shows an article
HASHED_BYTES = 1024 * 1024  # at a time
SMALL_SIDE = 480  # px; for pictures that are only shown small, such as the cover of a resource
# Measured on photographs and on the demo's drawings: at these qualities AVIF and WebP look alike,
# and AVIF needs 20 to 45 % fewer bytes. AVIF speed 7 takes half the time of speed 6 for 3 % more
# bytes. One thread, because the worker shares its machine with the site.
OPTIONS: dict[str, dict[str, Any]] = {
    "AVIF": {"quality": 50, "speed": 7, "max_threads": 1},
    "WEBP": {"quality": 76, "method": 4},
    "JPEG": {"quality": 80, "optimize": True, "progressive": True},
    "PNG": {},
}
# Copies of this width or more are for high-density screens. There a lower quality cannot be seen,
# and it saves a quarter of the bytes.
DENSE_WIDTH = 720  # px
DENSE_OPTIONS = {"AVIF": {"quality": 43}}
# Pillow's wheels can write both formats; a Pillow that was compiled on the machine may not.
MODERN_FORMATS = [kind for kind in ("avif", "webp") if features.check(kind)]


@dataclass(frozen=True)
class Picture:
    """A picture that clean_picture() decoded and encoded again."""

    content: ContentFile
    """The bytes; the name is made of their hash: `3f2a….jpg` or `.png`."""
    width: int
    height: int
    sha256: str
    source_sha256: str = ""
    """The hash of the file as it was sent; empty if it was made here."""


def clean_picture(upload: File, *, max_side: int = MAX_SIDE) -> Picture:
    """Return an uploaded file as a new JPEG, or as a PNG if it has transparency.

    It is at most `max_side` pixels wide and high; of an animation the first frame is kept.
    Raises ValidationError, whose message says what to do, for anything that is not a JPEG, PNG,
    GIF, WebP or HEIC picture within IMAGE_MAX_BYTES and IMAGE_MAX_PIXELS.
    """
    size = upload.size or 0
    if size > settings.IMAGE_MAX_BYTES:
        raise too_many_bytes(size)
    source = hash_of(upload)
    kind = ""
    try:
        upload.seek(0)
        kind = _refused_kind(upload.read(64))
        upload.seek(0)
        # The size is in the header, so a decompression bomb is refused before it is decoded.
        with Image.open(upload, formats=accepted_formats()) as opened:
            if opened.width * opened.height > settings.IMAGE_MAX_PIXELS:
                raise too_many_pixels()
            image = ImageOps.exif_transpose(scaled_down(opened, max_side))
            profile = opened.info.get("icc_profile")
        return replace(encode(to_srgb(image, profile)), source_sha256=source)
    except (ValidationError, Image.DecompressionBombError) as error:
        raise too_many_pixels() from error
    # Pillow's decoders raise many kinds of exceptions for a broken file: OSError, SyntaxError,
    # struct.error, zlib.error, EOFError, IndexError.
    except Exception as error:
        raise ValidationError(
            kind
            or f"This file is not a picture we can read. Upload a {ACCEPTED_WORDS} "
            "(SVG is not accepted: export it as PNG).",
            code="not_an_image",
        ) from error


@cache
def heic_can_be_read() -> bool:
    """Whether Pillow can read the pictures of phones here. Loads the decoder, so ask it late.

    The thumbnails within such a file are never taken for the picture.
    """
    try:
        from pillow_heif import register_heif_opener
    # Without its wheel, or with one for another system.
    except (ImportError, OSError):
        return False
    register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    return True


def accepted_formats() -> tuple[str, ...]:
    """Return the formats of uploads, as Pillow names them."""
    return (*ACCEPTED_FORMATS, "HEIF") if heic_can_be_read() else ACCEPTED_FORMATS


def hash_of(upload: File) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces."""
    found = hashlib.sha256()
    upload.seek(0)
    while piece := upload.read(HASHED_BYTES):
        found.update(piece)
    return found.hexdigest()


def _refused_kind(head: bytes) -> str:
    """Return what to do about a file that begins so, if we know its kind and do not take it."""
    head = head.lstrip() if head.lstrip().startswith(b"<") else head
    for beginnings, sentence in _KINDS:
        if any(_begins(head, each) for each in beginnings):
            return sentence
    is_heic = head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS
    return _HEIC if is_heic and not heic_can_be_read() else ""


def _begins(head: bytes, beginning: bytes) -> bool:
    start = head[: len(beginning)]
    return len(start) == len(beginning) and all(
        one in (ord("?"), other) for one, other in zip(beginning, start, strict=True)
    )


def too_many_bytes(size: int) -> ValidationError:
    """The error for a file of that many bytes; rounded up so that it never says "12 of 12 MB"."""
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


def scaled_down(opened: Image.Image, max_side: int = MAX_SIDE) -> Image.Image:
    """Return the first frame, at most max_side wide and high, in a mode that can be scaled."""
    if opened.mode.startswith("I;16"):
        # Without this, converting 16-bit grey makes every pixel white.
        image = opened.point(lambda value: value * (1 / 256)).convert("L")
    elif opened.mode in {"1", "P", "PA", "I", "F"}:
        image = opened.convert("RGBA" if "transparency" in opened.info else "RGB")
    else:
        image = opened
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in sRGB, because encode() drops its own colour profile."""
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
        # With a broken profile the colours may be a little wrong, but the picture is usable.
        return image


def encode(image: Image.Image) -> Picture:
    """Return a decoded image as a Picture without metadata: a PNG if it has transparency."""
    clean = without_metadata(image)
    kind = "png" if clean.mode == "RGBA" else "jpg"
    content = encode_as(clean, "PNG" if kind == "png" else "JPEG", quality=85)
    sha256 = hashlib.sha256(content).hexdigest()
    return Picture(
        ContentFile(content, name=f"{sha256[:24]}.{kind}"), clean.width, clean.height, sha256
    )


def without_metadata(image: Image.Image) -> Image.Image:
    """Return the pixels without metadata, in RGB, or in RGBA if a pixel is transparent.

    Pillow writes what `info` holds (EXIF, colour profiles) into most formats by itself, so the
    pixels are copied into a new image, whose `info` is empty.
    """
    rgba = image.convert("RGBA") if image.has_transparency_data else None
    if rgba and rgba.getchannel("A").getextrema() != (255, 255):
        clean = Image.new("RGBA", rgba.size)
        clean.paste(rgba)
    else:
        clean = Image.new("RGB", image.size)
        clean.paste(image.convert("RGB"))
    return clean


def encode_as(image: Image.Image, format: str, **options: Any) -> bytes:
    """Return the bytes of an image without metadata as JPEG, PNG, WEBP or AVIF."""
    out = io.BytesIO()
    image.save(out, format, **{**OPTIONS[format], **options})
    return out.getvalue()


# Copies of a stored picture


def upright(opened: Image.Image) -> Image.Image:
    """Return a stored picture's pixels upright (EXIF), in sRGB and without metadata.

    A picture from clean_picture() is so already; this makes sure of it.
    """
    profile = opened.info.get("icc_profile")
    return without_metadata(to_srgb(ImageOps.exif_transpose(scaled_down(opened)), profile))


def flatten(image: Image.Image) -> Image.Image:
    """Return an image without metadata in RGB; transparent parts become white, as on paper."""
    if image.mode == "RGB":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def copies(image: Image.Image, widths: Iterable[int]) -> Iterator[tuple[int, str, bytes]]:
    """Yield copies of an image without metadata: the width, the file's extension and the bytes.

    Each width as AVIF and WebP (if this Pillow can write them), and as JPEG, or as PNG if it has
    transparency. One after the other, so that only one copy is in memory at a time.
    """
    for width in widths:
        height = max(1, round(image.height * width / image.width))
        copy = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
        for kind in MODERN_FORMATS:
            dense = DENSE_OPTIONS.get(kind.upper(), {}) if width >= DENSE_WIDTH else {}
            yield width, kind, encode_as(copy, kind.upper(), **dense)
        if copy.mode == "RGBA":
            yield width, "png", encode_as(copy, "PNG")
        else:
            yield width, "jpg", encode_as(copy, "JPEG")
