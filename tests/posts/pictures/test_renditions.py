"""The copies of a picture: formats and widths, no metadata, and which one is shown."""

import io
import time
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image as Pillow
from PIL import ImageCms, features

from alarmroom.images import clean_picture, copies, encode_as
from posts import copying
from posts.models.image import Image
from posts.pictures import renditions
from posts.pictures.renditions import small_copy, widths_of
from tests.factories import make_image, picture_file, with_copies
from tests.posts.admin.test_images import exif
from tests.posts.pictures.copies import files, kept, noise

pytestmark = pytest.mark.django_db

OWNER = "my house"


def store_without_cleaning(content: bytes, name: str = "old.jpg") -> Image:
    """A picture that was stored without clean_picture(), as old rows were."""
    image = Image(sha256=f"{time.time_ns():064d}")
    image.file.save(name, ContentFile(content, name), save=False)
    image.save()
    return image


# Formats and widths


def test_pillow_supports_avif_and_webp() -> None:
    assert features.check("avif")
    assert features.check("webp")


def test_every_width_is_made_as_avif_webp_and_jpeg() -> None:
    image = with_copies(kept(noise(900, 450)))
    assert image.renditions["widths"] == [160, 320, 480, 750, 900]
    assert image.renditions_due_at is None
    assert len(files(image)) == 15
    for ending, path in files(image).items():
        width, kind = ending.split(".")
        with Pillow.open(path) as copy:
            copy.load()
            assert copy.format == {"avif": "AVIF", "webp": "WEBP", "jpg": "JPEG"}[kind]
            assert copy.size == (int(width), round(int(width) / 2))
        position = image.renditions["widths"].index(int(width))
        assert path.stat().st_size == image.renditions[kind][position]
    assert sum(image.renditions["avif"]) < sum(image.renditions["webp"])


@pytest.mark.parametrize(("width", "smaller"), [(480, False), (750, True), (1200, True)])
def test_wide_copies_are_compressed_more(width: int, smaller: bool) -> None:
    picture = noise(1600, 900)
    avif = next(content for _, kind, content in copies(picture, [width]) if kind == "avif")
    copy = picture.resize((width, width * 9 // 16), Pillow.Resampling.LANCZOS, reducing_gap=3)
    assert (len(avif) < len(encode_as(copy, "AVIF"))) == smaller


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (2400, [160, 320, 480, 750, 1200, 1600]),
        (1600, [160, 320, 480, 750, 1200, 1600]),
        (1601, [160, 320, 480, 750, 1200, 1600]),
        (1300, [160, 320, 480, 750, 1300]),
        (500, [160, 320, 500]),
        (160, [160]),
        (1, [1]),
    ],
)
def test_no_copy_is_wider_than_the_picture(width: int, widths: list[int]) -> None:
    assert widths_of(width) == widths


def test_every_copy_keeps_transparency() -> None:
    picture = Pillow.new("RGBA", (200, 100), (200, 30, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 100, 100))
    image = with_copies(kept(picture))
    assert "jpg" not in image.renditions
    assert "png" in image.renditions
    for path in files(image).values():
        with Pillow.open(path) as copy:
            alpha = copy.convert("RGBA").getchannel("A")
            assert alpha.getpixel((2, 5)) < 10
            assert alpha.getpixel((copy.width - 3, 5)) > 245


def test_a_format_that_is_not_smaller_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"avif": 900, "webp": 500, "jpg": 400}

    def copies(_: Pillow.Image, widths: list[int]) -> list[tuple[int, str, bytes]]:
        return [(width, kind, bytes(size)) for width in widths for kind, size in sizes.items()]

    monkeypatch.setattr(copying, "copies", copies)
    image = with_copies(make_image(160, 90))
    assert image.renditions == {"recipe": renditions.RECIPE, "widths": [160], "jpg": [400]}


def test_every_copy_of_an_animation_is_its_first_frame() -> None:
    frames = [Pillow.new("RGB", (200, 100), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    image = with_copies(Image.keep(clean_picture(ContentFile(out.getvalue(), "a.gif"))))
    for path in files(image).values():
        with Pillow.open(path) as copy:
            assert getattr(copy, "n_frames", 1) == 1
            red, green, blue = copy.convert("RGB").getpixel((50, 50))
            assert (red > 230, green < 30, blue < 30) == (True, True, True)


# Metadata


def assert_no_metadata(image: Image) -> None:
    assert files(image)
    for path in files(image).values():
        assert OWNER.encode() not in path.read_bytes()
        with Pillow.open(path) as copy:
            copy.load()
            assert not copy.getexif()
            assert not {"exif", "icc_profile", "xmp", "comment", "photoshop"} & copy.info.keys()
            assert copy.mode in {"RGB", "RGBA"}


@pytest.mark.parametrize(
    ("kind", "unclean_upload"),
    [
        *((kind, unclean) for kind in ("JPEG", "PNG", "WEBP") for unclean in (False, True)),
        ("AVIF", True),  # clean_picture() refuses AVIF.
    ],
)
def test_no_copy_has_metadata(kind: str, unclean_upload: bool) -> None:
    source = picture_file(400, 300, kind=kind, exif=exif())
    assert OWNER.encode() in source.read()
    source.seek(0)
    image = (
        store_without_cleaning(source.read(), f"a.{kind.lower()}")
        if unclean_upload
        else Image.keep(clean_picture(source))
    )
    assert_no_metadata(with_copies(image))


@pytest.mark.parametrize("unclean_upload", [False, True])
def test_every_copy_is_upright_and_in_srgb(unclean_upload: bool) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"temp").replace(b"bXYZ", b"rXYZ").replace(b"temp", b"bXYZ")
    sideways = Pillow.new("RGB", (400, 200), (250, 0, 0))
    sideways.paste("black", (0, 0, 200, 200))  # The left half; upright, it is the top.
    out = io.BytesIO()
    sideways.save(out, "JPEG", icc_profile=swapped, exif=exif(tag274=6))
    content = out.getvalue()
    image = with_copies(
        store_without_cleaning(content)
        if unclean_upload
        else Image.keep(clean_picture(ContentFile(content, "a")))
    )
    assert_no_metadata(image)
    for path in files(image).values():
        with Pillow.open(path) as copy:
            assert copy.height == copy.width * 2
            assert max(copy.convert("RGB").getpixel((copy.width // 2, 10))) < 60
            red, _, blue = copy.convert("RGB").getpixel((copy.width // 2, copy.height - 10))
            assert blue > 180 > red


@pytest.mark.parametrize(
    ("mode", "kind", "colour", "expected"),
    [
        ("CMYK", "JPEG", (0, 255, 255, 0), (255, 0, 0)),
        ("I;16", "PNG", 32768, (128, 128, 128)),
        ("L", "PNG", 100, (100, 100, 100)),
        ("1", "PNG", 1, (255, 255, 255)),
        ("RGBA", "PNG", (20, 40, 60, 255), (20, 40, 60)),
    ],
)
@pytest.mark.parametrize("unclean_upload", [False, True])
def test_every_colour_mode_is_converted_correctly(
    mode: str, kind: str, colour: Any, expected: tuple[int, int, int], unclean_upload: bool
) -> None:
    source = picture_file(200, 100, mode=mode, kind=kind, colour=colour)
    image = with_copies(
        store_without_cleaning(source.read(), f"a.{kind.lower()}")
        if unclean_upload
        else Image.keep(clean_picture(source))
    )
    assert_no_metadata(image)
    for path in files(image).values():
        with Pillow.open(path) as copy:
            shown = copy.convert("RGB").getpixel((80, 40))
            assert max(abs(a - b) for a, b in zip(shown, expected, strict=True)) < 12


def test_a_transparent_palette_colour_stays_transparent() -> None:
    palette = Pillow.new("P", (200, 100), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.paste(1, (100, 0, 200, 100))
    out = io.BytesIO()
    palette.save(out, "PNG", transparency=0)
    image = with_copies(Image.keep(clean_picture(ContentFile(out.getvalue(), "a.png"))))
    assert_no_metadata(image)
    for path in files(image).values():
        with Pillow.open(path) as copy:
            assert copy.convert("RGBA").getpixel((10, 10))[3] < 10
            red, _, blue, alpha = copy.convert("RGBA").getpixel((copy.width - 10, 10))
            assert (blue > 230, red < 30, alpha > 245) == (True, True, True)


# Choosing


def test_small_copy_returns_the_best_fitting_copy() -> None:
    image = make_image(500, 250)
    assert small_copy(image, 160).url == image.file.url
    with_copies(image)
    small = small_copy(image, 160)
    assert (small.width, small.height) == (160, 80)
    assert small.url.endswith("-160.jpg")
    assert small_copy(image, 4000).width == 500
