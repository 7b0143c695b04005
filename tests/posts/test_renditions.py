"""The copies of a picture: made once, in the background, whole or not at all."""

import errno
import io
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from PIL import Image as Pillow
from PIL import ImageCms, features

from alarmroom import kept as kept_pages
from alarmroom.images import clean_picture, copies, encoded
from newsletter.management.commands.tick import tick
from posts import renditions, tasks
from posts.library import Image
from posts.renditions import make, small_copy, stem, widths_of
from tests.factories import make_image, make_post, picture_file, with_copies
from tests.newsletter.processes import manage
from tests.posts.test_images import exif

pytestmark = pytest.mark.django_db
GPS = "my house"


def files(image: Image) -> dict[str, Path]:
    """Every copy that the image's row names, by the end of its name."""
    record = image.renditions
    kinds = [kind for kind in renditions.FORMATS if kind in record]
    return {
        f"{width}.{kind}": Path(
            default_storage.path(f"{stem(image, record['recipe'])}-{width}.{kind}")
        )
        for kind in kinds
        for width in record["widths"]
    }


def kept_raw(content: bytes, name: str = "old.jpg") -> Image:
    """A picture that came into the library past the door that cleans."""
    image = Image(sha256=f"{time.time_ns():064d}")
    image.file.save(name, ContentFile(content, name), save=False)
    image.save()
    return image


def noise(width: int, height: int) -> Pillow.Image:
    """A picture as hard to encode as a photograph."""
    return Pillow.effect_noise((width, height), 40).convert("RGB")


def kept(picture: Pillow.Image) -> Image:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return Image.keep(clean_picture(ContentFile(out.getvalue(), "a.png")))


def queued() -> list[DBTaskResult]:
    return list(DBTaskResult.objects.filter(task_path="posts.tasks.make_renditions"))


# What is made


def test_this_pillow_writes_avif_and_webp() -> None:
    assert features.check("avif")
    assert features.check("webp")


def test_every_width_comes_as_avif_webp_and_jpeg() -> None:
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
def test_a_copy_for_screens_of_small_dots_is_smaller_than_others_would_be(
    width: int, smaller: bool
) -> None:
    picture = noise(1600, 900)
    avif = next(content for _, kind, content in copies(picture, [width]) if kind == "avif")
    copy = picture.resize((width, width * 9 // 16), Pillow.Resampling.LANCZOS, reducing_gap=3)
    assert (len(avif) < len(encoded(copy, "AVIF"))) == smaller


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


def test_what_is_see_through_stays_so_in_every_copy() -> None:
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


def test_a_modern_format_that_saves_nothing_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"avif": 900, "webp": 500, "jpg": 400}

    def copies(_: Pillow.Image, widths: list[int]) -> list[tuple[int, str, bytes]]:
        return [(width, kind, bytes(size)) for width in widths for kind, size in sizes.items()]

    monkeypatch.setattr(renditions, "copies", copies)
    image = with_copies(make_image(160, 90))
    assert image.renditions == {"recipe": renditions.RECIPE, "widths": [160], "jpg": [400]}


def test_an_animation_becomes_its_first_frame_in_every_copy() -> None:
    frames = [Pillow.new("RGB", (200, 100), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=100)
    image = with_copies(Image.keep(clean_picture(ContentFile(out.getvalue(), "a.gif"))))
    for path in files(image).values():
        with Pillow.open(path) as copy:
            assert getattr(copy, "n_frames", 1) == 1
            red, green, blue = copy.convert("RGB").getpixel((50, 50))
            assert (red > 230, green < 30, blue < 30) == (True, True, True)


# What is not in them


def assert_bare(image: Image) -> None:
    assert files(image)
    for path in files(image).values():
        assert GPS.encode() not in path.read_bytes()
        with Pillow.open(path) as copy:
            copy.load()
            assert not copy.getexif()
            assert not {"exif", "icc_profile", "xmp", "comment", "photoshop"} & copy.info.keys()
            assert copy.mode in {"RGB", "RGBA"}


@pytest.mark.parametrize(
    ("kind", "past_the_door"),
    [
        *((kind, past) for kind in ("JPEG", "PNG", "WEBP") for past in (False, True)),
        ("AVIF", True),  # The door takes none.
    ],
)
def test_no_copy_says_where_it_was_taken(kind: str, past_the_door: bool) -> None:
    source = picture_file(400, 300, kind=kind, exif=exif())
    assert GPS.encode() in source.read()
    source.seek(0)
    image = (
        kept_raw(source.read(), f"a.{kind.lower()}")
        if past_the_door
        else Image.keep(clean_picture(source))
    )
    assert_bare(with_copies(image))


@pytest.mark.parametrize("past_the_door", [False, True])
def test_every_copy_stands_upright_and_in_screen_colours(past_the_door: bool) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"temp").replace(b"bXYZ", b"rXYZ").replace(b"temp", b"bXYZ")
    sideways = Pillow.new("RGB", (400, 200), (250, 0, 0))
    sideways.paste("black", (0, 0, 200, 200))  # The left half; upright, it is the top.
    out = io.BytesIO()
    sideways.save(out, "JPEG", icc_profile=swapped, exif=exif(tag274=6))
    content = out.getvalue()
    image = with_copies(
        kept_raw(content) if past_the_door else Image.keep(clean_picture(ContentFile(content, "a")))
    )
    assert_bare(image)
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
@pytest.mark.parametrize("past_the_door", [False, True])
def test_every_way_of_writing_colours_comes_out_alike(
    mode: str, kind: str, colour: Any, expected: tuple[int, int, int], past_the_door: bool
) -> None:
    source = picture_file(200, 100, mode=mode, kind=kind, colour=colour)
    image = with_copies(
        kept_raw(source.read(), f"a.{kind.lower()}")
        if past_the_door
        else Image.keep(clean_picture(source))
    )
    assert_bare(image)
    for path in files(image).values():
        with Pillow.open(path) as copy:
            shown = copy.convert("RGB").getpixel((80, 40))
            assert max(abs(a - b) for a, b in zip(shown, expected, strict=True)) < 12


def test_a_palette_with_a_hole_keeps_the_hole() -> None:
    palette = Pillow.new("P", (200, 100), 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.paste(1, (100, 0, 200, 100))
    out = io.BytesIO()
    palette.save(out, "PNG", transparency=0)
    image = with_copies(Image.keep(clean_picture(ContentFile(out.getvalue(), "a.png"))))
    assert_bare(image)
    for path in files(image).values():
        with Pillow.open(path) as copy:
            assert copy.convert("RGBA").getpixel((10, 10))[3] < 10
            red, _, blue, alpha = copy.convert("RGBA").getpixel((copy.width - 10, 10))
            assert (blue > 230, red < 30, alpha > 245) == (True, True, True)


# Who makes them, and when


def test_a_stored_picture_wakes_a_worker_after_the_commit(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        image = make_image(60, 40)
        assert queued() == []
    [job] = queued()
    assert job.args_kwargs["args"] == [image.pk]
    # A reader waits for the mail that asks to confirm; nobody waits for a copy.
    assert job.priority < 0


def test_a_queue_that_is_away_does_not_cost_the_picture(
    django_capture_on_commit_callbacks: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(type(tasks.make_renditions), "enqueue", away)
    with django_capture_on_commit_callbacks(execute=True):
        image = make_image(60, 40)
    assert image.renditions_due_at is not None


def test_changing_the_title_of_a_finished_picture_wakes_nobody(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    image = with_copies(make_image(60, 40))
    with django_capture_on_commit_callbacks(execute=True):
        image.title = "Night"
        image.save()
    assert queued() == []


def test_the_tick_finds_what_was_left_and_wakes_for_it_once() -> None:
    image = make_image(60, 40)
    tick()
    assert queued() == []  # The worker that was told has two minutes.
    Image.objects.update(renditions_due_at=timezone.now() - timedelta(minutes=3))
    tick()
    tick()
    assert [job.args_kwargs["args"] for job in queued()] == [[image.pk]]
    assert make(image.pk)


def test_doing_it_twice_does_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image(60, 40)
    assert make(image.pk)
    monkeypatch.setattr(renditions, "_store_copies", lambda _: pytest.fail("Made again."))
    assert not make(image.pk)
    assert not make(image.pk + 1000)


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_makes_the_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image(60, 40)
    made: list[int] = []

    def slowly(image: Image) -> dict[str, Any]:
        made.append(image.pk)
        time.sleep(0.3)
        return {"recipe": renditions.RECIPE, "widths": [60], "jpg": [1]}

    monkeypatch.setattr(renditions, "_store_copies", slowly)

    def work() -> bool:
        try:
            return make(image.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        results = [job.result() for job in [pool.submit(work) for _ in range(4)]]
    assert sorted(results) == [False, False, False, True]
    assert made == [image.pk]


def test_a_worker_that_took_too_long_does_not_overrule_its_successor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = make_image(60, 40)
    theirs = {"recipe": renditions.RECIPE, "widths": [60], "jpg": [9]}

    def overtaken(_: Image) -> dict[str, Any]:
        Image.objects.update(renditions=theirs, renditions_due_at=None)
        return {"recipe": renditions.RECIPE, "widths": [1], "jpg": [1]}

    monkeypatch.setattr(renditions, "_store_copies", overtaken)
    assert not make(image.pk)
    image.refresh_from_db()
    assert image.renditions == theirs


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_whole_files_and_the_next_one_finishes(
    media_root: Path, tmp_path: Path
) -> None:
    image = kept(noise(1600, 1200))
    worker = manage("make_renditions", smtp_port=1, DATA_DIR=str(tmp_path))
    try:
        deadline = time.monotonic() + 60
        while not list(media_root.rglob("*-*.*")) and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        worker.kill()
        worker.wait()
    image.refresh_from_db()
    assert image.renditions == {}
    assert image.renditions_due_at is not None
    assert image.renditions_due_at > timezone.now()
    begun = [path for path in media_root.glob("renditions/*/*") if path.name[0] != "."]
    assert begun
    for path in begun:
        with Pillow.open(path) as copy:
            copy.load()
    # Nobody else while the dead one could still be alive; then anybody.
    assert not make(image.pk)
    Image.objects.update(renditions_due_at=timezone.now())
    assert make(image.pk)
    image.refresh_from_db()
    assert all(path.is_file() for path in files(image).values())


def test_a_full_disk_costs_nothing_but_time(
    media_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make_image(400, 300)
    write_bytes = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if len(list(media_root.rglob("*.webp"))) < 1:
            return write_bytes(path, content)
        write_bytes(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert not make(image.pk)
    image.refresh_from_db()
    assert image.renditions == {}
    assert image.renditions_due_at is not None
    assert timezone.now() < image.renditions_due_at < timezone.now() + timedelta(hours=1)
    assert list(media_root.rglob(".*")) == []  # No halves are left lying about.
    assert default_storage.exists(str(image.file.name))
    Image.objects.update(renditions_due_at=timezone.now())
    with_copies(image)


@pytest.mark.parametrize("damage", ["lost", "broken", "cut"])
def test_a_picture_that_cannot_be_read_is_given_up_until_somebody_asks(
    damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    image = kept(noise(400, 300))
    content = Path(image.file.path).read_bytes()
    if damage == "lost":
        Path(image.file.path).unlink()
    else:
        Path(image.file.path).write_bytes(b"no picture" if damage == "broken" else content[:2000])
    assert not make(image.pk)
    image = Image.objects.get()
    assert (image.renditions, image.renditions_due_at) == ({}, None)
    assert "cannot be read" in caplog.text
    Path(image.file.path).write_bytes(content)
    call_command("make_renditions", verbosity=0)
    image.refresh_from_db()
    assert image.renditions


def test_the_command_makes_what_is_missing_or_everything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, done = make_image(60, 40), with_copies(make_image(61, 40))
    Image.objects.filter(pk=old.pk).update(renditions_due_at=None)  # As if given up.
    earlier = make_image(62, 40)
    Image.objects.filter(pk=earlier.pk).update(
        renditions={"recipe": 0, "widths": [62], "jpg": [1]}, renditions_due_at=None
    )
    call_command("make_renditions")
    assert "Copies of 2 pictures made; 0 could not be." in capsys.readouterr().out
    assert Image.objects.exclude(renditions__recipe=renditions.RECIPE).count() == 0
    path = files(done)["61.jpg"]
    path.unlink()
    call_command("make_renditions")
    assert not path.exists()
    call_command("make_renditions", "--all")
    assert path.exists()


def test_a_picture_that_is_uploaded_anew_gets_new_copies() -> None:
    source = picture_file(60, 40, colour=(7, 7, 7))
    image = with_copies(Image.keep(clean_picture(source)))
    Path(image.file.path).unlink()
    again = Image.keep(clean_picture(source))
    assert again.pk == image.pk
    assert again.renditions_due_at is not None
    with_copies(again)


def test_copies_are_readable_by_a_front_server() -> None:
    image = with_copies(make_image(60, 40))
    for path in files(image).values():
        assert os.stat(path).st_mode & 0o777 == 0o644


# Choosing


def test_the_desk_shows_a_copy_that_fits() -> None:
    image = make_image(500, 250)
    assert small_copy(image, 160).url == image.file.url
    with_copies(image)
    small = small_copy(image, 160)
    assert (small.width, small.height) == (160, 80)
    assert small.url.endswith("-160.jpg")
    assert small_copy(image, 4000).width == 500


@pytest.mark.django_db(transaction=True)
def test_copies_that_are_ready_let_go_of_the_pages_that_showed_the_whole_picture() -> None:
    cover = make_image(60, 40)
    post = make_post(cover=cover, cover_alt="A console")
    other = make_post()
    shelf = kept_pages.shelf()
    before, others = shelf.stamp(f"post-{post.pk}"), shelf.stamp(f"post-{other.pk}")
    assert tasks.make_renditions.call(cover.pk)
    assert shelf.stamp(f"post-{post.pk}") != before
    assert shelf.stamp(f"post-{other.pk}") == others
