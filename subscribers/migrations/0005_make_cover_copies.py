"""The covers that are there already get their small copies, too.

How they were made at that time is written down here: a migration must not depend on code that
changes later.
"""

import io
import logging
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from django.db import migrations
from PIL import Image, ImageCms, ImageOps, features

WIDTHS = (80, 160, 240)
MAX_SIDE = 2400
OPTIONS = {
    "AVIF": {"quality": 50, "speed": 7, "max_threads": 1},
    "WEBP": {"quality": 76, "method": 4},
    "JPEG": {"quality": 80, "optimize": True, "progressive": True},
    "PNG": {},
}

logger = logging.getLogger(__name__)


def make(apps, schema_editor):
    for resource in apps.get_model("subscribers", "Resource").objects.exclude(cover=""):
        resource.cover_copies = copies_of(resource.cover)
        resource.save(update_fields=["cover_copies"])


def copies_of(cover):
    """Store a cover's copies and return where they are; none of one that cannot be read."""
    found = {"of": cover.name}
    stem = PurePosixPath(cover.name).with_suffix("")
    try:
        with cover.storage.open(cover.name) as file, Image.open(file) as opened:
            picture = upright(opened)
        for width in sorted({min(width, picture.width) for width in WIDTHS}):
            for kind, content in copies(picture, width):
                stored = cover.storage.save(f"{stem}-{width}.{kind}", ContentFile(content))
                found.setdefault(kind, []).append(stored)
    except Exception:
        logger.exception("The cover %s has no smaller copies", cover.name)
        return {"of": cover.name}
    return found


def upright(opened):
    """Return the pixels alone, upright, in sRGB, RGBA only where something is see-through."""
    profile = opened.info.get("icc_profile")
    if opened.mode.startswith("I;16"):
        image = opened.point(lambda value: value * (1 / 256)).convert("L")
    elif opened.mode in {"1", "P", "PA", "I", "F"}:
        image = opened.convert("RGBA" if "transparency" in opened.info else "RGB")
    else:
        image = opened
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    image = to_srgb(ImageOps.exif_transpose(image), profile)
    rgba = image.convert("RGBA") if image.has_transparency_data else None
    if rgba and rgba.getchannel("A").getextrema() != (255, 255):
        clean = Image.new("RGBA", rgba.size)
        clean.paste(rgba)
    else:
        clean = Image.new("RGB", image.size)
        clean.paste(image.convert("RGB"))
    return clean


def to_srgb(image, profile):
    if not profile or image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        return image
    try:
        return (
            ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode=image.mode if image.mode in {"RGB", "RGBA"} else "RGB",
            )
            or image
        )
    except (ImageCms.PyCMSError, OSError):
        return image


def copies(picture, width):
    """Yield the file extension and the bytes of each copy of this width."""
    height = max(1, round(picture.height * width / picture.width))
    copy = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
    kinds = [kind for kind in ("avif", "webp") if features.check(kind)]
    for kind in [*kinds, "png" if copy.mode == "RGBA" else "jpg"]:
        out = io.BytesIO()
        format = "JPEG" if kind == "jpg" else kind.upper()
        copy.save(out, format, **OPTIONS[format])
        yield kind, out.getvalue()


class Migration(migrations.Migration):

    dependencies = [
        ('subscribers', '0004_cover_copies'),
    ]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
