"""Pictures in the library, and the copies that are made of them."""

import io
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as Pillow

from alarmroom.images import clean_picture
from posts.models.image import Image
from posts.pictures import renditions
from posts.pictures.renditions import stem


def files(image: Image) -> dict[str, Path]:
    """The file of every copy in the row of the image, by the end of its name."""
    record = image.renditions
    kinds = [kind for kind in renditions.FORMATS if kind in record]
    return {
        f"{width}.{kind}": Path(
            default_storage.path(f"{stem(image, record['recipe'])}-{width}.{kind}")
        )
        for kind in kinds
        for width in record["widths"]
    }


def noise(width: int, height: int) -> Pillow.Image:
    """A picture as hard to encode as a photograph."""
    return Pillow.effect_noise((width, height), 40).convert("RGB")


def kept(picture: Pillow.Image) -> Image:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return Image.keep(clean_picture(ContentFile(out.getvalue(), "a.png")))
