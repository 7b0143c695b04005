"""Another file for a picture: cropped, turned or replaced; and an earlier one again.

An address of ours always means the same bytes, and browsers keep them for a year. So a picture
that is cropped gets a file of another name, and its row stays: covers and photos refer to the row.
A text names a file; by `FormerFile` it finds the picture, and readers get its present copies. No
file is deleted before the picture itself is: mails and feeds that are out name them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils import timezone
from PIL.Image import Transpose

from alarmroom.images import Picture, encode
from posts.models.body import finish_again, served_body_changes
from posts.models.image import FormerFile, Image, store
from posts.pictures.renditions import decoded_file

if TYPE_CHECKING:
    from PIL import Image as Pillow

# More changes of one picture than anybody makes.
MOST_PAST = 50
TURNS = (0, 90, 180, 270)  # degrees, clockwise
SMALLEST_SIDE = 16  # px


class NotRevised(Exception):
    """The picture keeps its file; the text says why, and what to do."""


@dataclass(frozen=True)
class Cut:
    """How a picture is made of its original: turned, and then a part of that, in percent."""

    turn: int = 0
    left: float = 0
    top: float = 0
    width: float = 100
    height: float = 100

    @property
    def is_whole(self) -> bool:
        return self == Cut()


def original_of(image: Image) -> str:
    """Return the name of the file that a picture was cut from: mostly its own."""
    return str(image.edit.get("of") or image.file.name)


def cut_of(image: Image) -> Cut:
    """Return how a picture was cut from its original."""
    return Cut(**image.edit["cut"]) if image.edit else Cut()


def make(image: Image, cut: Cut) -> Picture:
    """Return the part of a picture's original. Decodes: not within a transaction.

    Raises PictureMissing, and NotRevised if hardly anything would be left.
    """
    pixels = turned(decoded_file(image.file.storage, original_of(image)), cut.turn)
    left, top = round(pixels.width * cut.left / 100), round(pixels.height * cut.top / 100)
    right = min(pixels.width, round(pixels.width * (cut.left + cut.width) / 100))
    bottom = min(pixels.height, round(pixels.height * (cut.top + cut.height) / 100))
    if right - left < SMALLEST_SIDE or bottom - top < SMALLEST_SIDE:
        raise NotRevised("Hardly anything would be left. Choose a larger part.")
    return encode(pixels.crop((left, top, right, bottom)))


def turned(pixels: Pillow.Image, degrees: int) -> Pillow.Image:
    """Return a picture turned clockwise, without a loss."""
    # Pillow turns against the clock.
    ways = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}
    return pixels.transpose(ways[degrees]) if degrees in ways else pixels


def crop(image: Image, cut: Cut, by: Any) -> Image:
    """Give a picture a part of its original, or all of it again. See take().

    Raises NotRevised, PictureMissing and OSError.
    """
    if cut.is_whole:
        if not image.edit:
            return image
        return go_back(image, original_of(image), by)
    did = "turned" if (cut.left, cut.top, cut.width, cut.height) == (0, 0, 100, 100) else "cropped"
    edit = {"of": original_of(image), "cut": asdict(cut)}
    return take(image, make(image, cut), did=did, by=by, edit=edit)


def take(
    image: Image, picture: Picture, *, did: str, by: Any, edit: dict[str, Any] | None = None
) -> Image:
    """Give a picture another file, and return it as it is then; the old file stays.

    `image` is the picture as its editor saw it. Raises NotRevised, and OSError; then nothing
    changes.
    """
    name = store(picture, image)
    new = {
        "file": name,
        "sha256": picture.sha256,
        "source_sha256": picture.source_sha256,
        "width": picture.width,
        "height": picture.height,
        "renditions": {},
        "edit": edit or {},
    }
    try:
        return _switch(image, new, did, by)
    finally:
        # Refused, or it has this content under another name.
        used = Image.objects.filter(file=name).exists()
        if not used and not FormerFile.objects.filter(name=name).exists():
            image.file.storage.delete(name)


def go_back(image: Image, name: str, by: Any) -> Image:
    """Give a picture a file again that it had. Raises NotRevised."""
    found = next((each for each in image.past if each["file"] == name), None)
    if found is None:
        raise NotRevised("It never had this file. Load the page again.")
    return _switch(image, found, "put back", by)


def _switch(image: Image, new: dict[str, Any], did: str, by: Any) -> Image:
    with transaction.atomic():
        row = Image.objects.select_for_update(of=("self",)).filter(pk=image.pk).first()
        if row is None:
            raise NotRevised("This picture is not in the library any more.")
        if row.sha256 == new["sha256"]:
            return row  # A double click, or nothing would be different.
        if row.file.name != image.file.name:
            raise NotRevised("Somebody else changed this picture meanwhile. Look at it first.")
        if other := _another_with(row, new["sha256"], new["source_sha256"]):
            raise NotRevised(f"The library has this picture already, as “{other}”. Use that.")
        had = next((each for each in row.past if each["sha256"] == new["sha256"]), None)
        past = [each for each in row.past if each is not had]
        if len(past) >= MOST_PAST:
            raise NotRevised(
                "It was changed too often. Add the picture that you want as a new one."
            )
        row.past = [*past, _present(row, did, by)]
        new = {**new, **({name: had[name] for name in ("file", "renditions")} if had else {})}
        row.show_file(new["file"], new["width"], new["height"])
        row.sha256, row.source_sha256 = new["sha256"], new["source_sha256"]
        row.edit, row.renditions = new["edit"], new["renditions"]
        row.renditions_due_at = None if row.renditions else timezone.now()
        row.focal_x, row.focal_y = new.get("focal", (50, 50))
        row.save(update_fields=_CHANGED)
        FormerFile.list_those_of(row)
        for text in finish_again(row):
            served_body_changes.send(type(text), pk=text.pk)
    return row


_CHANGED = (
    *("file", "width", "height", "sha256", "source_sha256", "past", "edit"),
    *("renditions", "renditions_due_at", "focal_x", "focal_y"),
)


def _present(row: Image, did: str, by: Any) -> dict[str, Any]:
    """Return what `past` keeps of a picture's file: all that makes it the present one again."""
    return {
        "file": str(row.file.name),
        "sha256": row.sha256,
        "source_sha256": row.source_sha256,
        "width": row.width,
        "height": row.height,
        "renditions": row.renditions,
        "edit": row.edit,
        "focal": [row.focal_x, row.focal_y],
        "until": timezone.now().isoformat(),
        "did": did,
        "by": by.get_username() if by else "",
    }


def _another_with(row: Image, *sha256: str) -> Image | None:
    """Return another picture that has, or had, the same content."""
    hashes = [each for each in sha256 if each]
    either = models.Q(sha256__in=hashes) | models.Q(source_sha256__in=hashes)
    if other := Image.objects.exclude(pk=row.pk).filter(either).first():
        return other
    former = FormerFile.objects.exclude(image=row).filter(either).select_related("image").first()
    return former.image if former else None
