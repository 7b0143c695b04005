"""Every uploaded picture is encoded again as a JPEG or PNG without anything else in the file."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from PIL import Image as Pillow
from PIL import ImageCms
from pytest_django.fixtures import Settings

from alarmroom import images
from alarmroom.images import MAX_SIDE, Picture, clean_picture
from posts.models.image import Image
from tests.factories import make_editor, picture_file

GPS = 0x8825
ORIENTATION = 0x0112


def opened(picture: Picture) -> Pillow.Image:
    picture.content.seek(0)
    image = Pillow.open(picture.content)
    image.load()
    return image


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG that claims to be this large, in one bit a pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width // 8 + 1) * 100)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def exif(**values: Any) -> Pillow.Exif:
    data = Pillow.Exif()
    data[0x010E] = "Taken at my house"
    data.get_ifd(GPS)[2] = (40.0, 41.0, 21.0)
    for tag, value in values.items():
        data[int(tag.removeprefix("tag"))] = value
    return data


def test_bytes_after_the_picture_are_dropped() -> None:
    script = b"<script>alert(document.cookie)</script>"
    picture = clean_picture(picture_file(extra=script, name="evil.html"))
    assert script not in picture.content.read()


def test_the_file_name_is_made_from_the_hash() -> None:
    picture = clean_picture(picture_file(name="../../evil.php\x00.html", colour=(1, 2, 3)))
    assert picture.content.name == f"{picture.sha256[:24]}.jpg"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_metadata_is_dropped(kind: str) -> None:
    source = picture_file(kind=kind, exif=exif())
    assert b"my house" in source.read()
    picture = clean_picture(source)
    assert not opened(picture).getexif()
    picture.content.seek(0)
    assert b"my house" not in picture.content.read()


def test_the_exif_orientation_is_applied() -> None:
    sideways = Pillow.new("RGB", (60, 40), "white")
    sideways.paste("black", (0, 0, 30, 40))  # The left half; upright, it is the top.
    out = io.BytesIO()
    sideways.save(out, "JPEG", exif=exif(**{f"tag{ORIENTATION}": 6}))
    picture = clean_picture(ContentFile(out.getvalue(), "a.jpg"))
    image = opened(picture)
    assert (picture.width, picture.height) == image.size == (40, 60)
    assert image.getpixel((20, 5)) < (60, 60, 60)
    assert image.getpixel((20, 55)) > (200, 200, 200)


def test_an_animated_gif_becomes_its_first_frame() -> None:
    frames = [Pillow.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    image = opened(clean_picture(ContentFile(out.getvalue(), "a.gif")))
    assert image.format == "JPEG"
    red, green, blue = image.getpixel((10, 10))
    assert red > 240
    assert green < 20
    assert blue < 20


def test_cmyk_is_converted_to_rgb() -> None:
    picture = clean_picture(picture_file(mode="CMYK", kind="JPEG", colour=(0, 255, 255, 0)))
    image = opened(picture)
    assert image.mode == "RGB"
    red, green, blue = image.getpixel((5, 5))
    assert red > 200
    assert max(green, blue) < 60


def test_colours_of_another_profile_are_converted_to_srgb() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Red and blue are swapped, so that a missing conversion is noticed.
    swapped = srgb.replace(b"rXYZ", b"temp").replace(b"bXYZ", b"rXYZ").replace(b"temp", b"bXYZ")
    image = opened(clean_picture(picture_file(colour=(250, 0, 0), icc_profile=swapped)))
    red, _, blue = image.getpixel((5, 5))
    assert blue > 200 > red
    assert "icc_profile" not in image.info


def test_a_broken_colour_profile_is_ignored() -> None:
    assert clean_picture(picture_file(icc_profile=b"not a profile" * 20)).width == 60


def test_transparency_is_kept() -> None:
    image = opened(clean_picture(picture_file(mode="RGBA", colour=(10, 20, 30, 90))))
    assert image.format == "PNG"
    assert image.getpixel((0, 0)) == (10, 20, 30, 90)


def test_an_opaque_picture_with_an_alpha_channel_becomes_a_jpeg() -> None:
    opaque = picture_file(mode="RGBA", colour=(10, 20, 30, 255))
    assert opened(clean_picture(opaque)).format == "JPEG"


@pytest.mark.parametrize(
    ("mode", "colour", "grey"), [("I;16", 32768, 128), ("L", 100, 100), ("1", 1, 255)]
)
def test_grey_stays_grey(mode: str, colour: int, grey: int) -> None:
    image = opened(clean_picture(picture_file(mode=mode, colour=colour)))
    assert image.mode == "RGB"
    assert abs(image.getpixel((5, 5))[0] - grey) <= 2


def test_a_picture_wider_than_the_limit_is_scaled_down() -> None:
    picture = clean_picture(picture_file(MAX_SIDE * 2, 1200))
    assert (picture.width, picture.height) == (MAX_SIDE, 600)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Dear editor, attached please find the picture.",
        b"<html><body><script>alert(1)</script></body></html>",
        b"\x89PNG\r\n\x1a\n" + bytes(60),
        b"GIF89a" + b"\xff" * 60,
        b"\xff\xd8\xff\xe0" + b"x" * 60,
        b"RIFF\x40\x00\x00\x00WEBPVP8 " + b"\xff" * 60,
    ],
)
def test_a_file_that_is_no_picture_is_refused_with_instructions(content: bytes) -> None:
    with pytest.raises(ValidationError, match="Upload a JPEG, PNG, GIF, WebP or HEIC"):
        clean_picture(ContentFile(content, "picture.png"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'\n <svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "SVG is not accepted"),
        (b"%PDF-1.4", "This is a PDF"),
        (b"BM" + bytes(200), "Save it as PNG"),
        (b"II*\0" + bytes(200), "TIFF cannot be shown on the web. Save it as JPEG"),
        (b"\0\0\0\x20ftypisom" + bytes(60), "This is a film"),
    ],
)
def test_a_file_of_a_known_kind_is_refused_by_its_name(content: bytes, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        clean_picture(ContentFile(content, "picture.jpg"))


def heic(width: int = 64, height: int = 40, **options: Any) -> ContentFile:
    """A picture as phones store them: dark on the left, bright on the right."""
    pillow_heif = pytest.importorskip("pillow_heif")
    source = Pillow.new("RGB", (width, height), "white")
    source.paste("black", (0, 0, width // 2, height))
    out = io.BytesIO()
    pillow_heif.from_pillow(source).save(out, quality=90, **options)
    return ContentFile(out.getvalue(), "IMG_4471.HEIC")


def test_a_heic_of_a_phone_becomes_an_upright_jpeg_without_metadata() -> None:
    sent = heic(exif=exif(**{f"tag{ORIENTATION}": 6}).tobytes())
    picture = clean_picture(sent)
    image = opened(picture)
    assert image.format == "JPEG"
    assert image.size == (picture.width, picture.height) == (40, 64)
    # What was on the left is on top.
    assert image.getpixel((20, 5))[0] < 60
    assert image.getpixel((20, 58))[0] > 200
    assert not image.getexif()
    picture.content.seek(0)
    assert b"my house" not in picture.content.read()


def test_a_heic_of_too_many_pixels_is_refused_before_it_is_decoded(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unpack(*_: Any) -> None:
        raise AssertionError("The picture was decoded.")

    sent = heic(640, 400)
    settings.IMAGE_MAX_PIXELS = 200_000
    monkeypatch.setattr("pillow_heif.heif.HeifImage.data", property(unpack))
    with pytest.raises(ValidationError, match="million pixels"):
        clean_picture(sent)


def test_a_broken_heic_is_refused() -> None:
    content = heic().read()
    for broken in (content[: len(content) // 2], content[:40] + bytes(400)):
        with pytest.raises(ValidationError, match="not a picture we can read"):
            clean_picture(ContentFile(broken, "IMG_4471.HEIC"))


def test_without_its_decoder_a_heic_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = heic()
    monkeypatch.setattr(images, "heic_can_be_read", lambda: False)
    with pytest.raises(ValidationError, match="HEIC cannot be read here"):
        clean_picture(sent)


def test_a_truncated_picture_is_refused() -> None:
    whole = picture_file(400, 400, kind="JPEG", colour=(9, 99, 199)).read()
    with pytest.raises(ValidationError, match="not a picture we can read"):
        clean_picture(ContentFile(whole[: len(whole) // 2], "a.jpg"))


def test_a_decompression_bomb_is_refused_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpack(*_: Any) -> None:
        raise AssertionError("The picture was decoded.")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", unpack)
    for width, height in [(30_000, 30_000), (10_000, 5_000)]:
        with pytest.raises(ValidationError, match="more than 40 million pixels"):
            clean_picture(ContentFile(png_header(width, height), "bomb.png"))


def test_a_file_over_the_limit_is_refused_with_the_limit(settings: Settings) -> None:
    settings.IMAGE_MAX_BYTES = 1_000_000
    with pytest.raises(ValidationError, match="This picture is 2 MB; the limit is 1 MB"):
        clean_picture(ContentFile(bytes(1_000_001), "a.png"))


@pytest.mark.django_db
def test_the_same_picture_is_stored_once() -> None:
    source = picture_file()
    first = Image.keep(clean_picture(source), title="First")
    second = Image.keep(clean_picture(source), title="Second")
    assert first == second
    assert second.title == "First"
    assert Image.objects.count() == 1


@pytest.mark.django_db
def test_two_simultaneous_uploads_store_one_picture(
    monkeypatch: pytest.MonkeyPatch, media_root: Path
) -> None:
    source = picture_file()
    first = Image.keep(clean_picture(source))

    class NothingFound:
        """A query that does not see the row of the other upload yet."""

        def first(self) -> None:
            return None

    with monkeypatch.context() as patch:
        patch.setattr(type(Image.objects), "filter", lambda *_, **__: NothingFound())
        second = Image.keep(clean_picture(source))
    assert second == first
    assert len([path for path in media_root.rglob("*") if path.is_file()]) == 1


@pytest.mark.django_db
def test_a_picture_whose_file_is_missing_is_stored_again() -> None:
    editor = make_editor()
    source = picture_file()
    first = Image.keep(clean_picture(source))
    first.file.storage.delete(first.file.name)
    again = Image.keep(clean_picture(source), user=editor)
    assert again.pk == first.pk
    assert again.file.storage.exists(again.file.name)
