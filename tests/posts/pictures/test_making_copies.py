"""The copies of a picture are made once, in the background, and completely or not at all."""

import errno
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from PIL import Image as Pillow

from alarmroom import kept as kept_pages
from alarmroom.images import clean_picture
from newsletter.management.commands.tick import tick
from posts import copying, tasks
from posts.copying import make
from posts.models.image import Image
from posts.pictures import renditions
from tests.factories import make_image, make_post, picture_file, with_copies
from tests.helpers import at_once
from tests.newsletter.delivery.processes import manage
from tests.posts.pictures.copies import files, kept, noise

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def queued() -> list[DBTaskResult]:
    return list(DBTaskResult.objects.filter(task_path="posts.tasks.make_renditions"))


def test_storing_a_picture_enqueues_a_task_after_the_commit(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        image = make_image(60, 40)
        assert queued() == []
    [job] = queued()
    assert job.args_kwargs["args"] == [image.pk]
    # Mails to readers are more urgent than copies.
    assert job.priority < 0


def test_a_picture_is_stored_when_the_queue_is_unreachable(
    django_capture_on_commit_callbacks: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(type(tasks.make_renditions), "enqueue", away)
    with django_capture_on_commit_callbacks(execute=True):
        image = make_image(60, 40)
    assert image.renditions_due_at is not None


def test_changing_the_title_of_a_finished_picture_enqueues_nothing(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    image = Image.objects.get(pk=with_copies(make_image(60, 40)).pk)
    with django_capture_on_commit_callbacks(execute=True):
        image.title = "Night"
        image.save()
    assert queued() == []


def test_the_tick_enqueues_an_overdue_picture_once() -> None:
    image = make_image(60, 40)
    tick()
    assert queued() == []  # The enqueued task has a minute to start.
    Image.objects.update(renditions_due_at=timezone.now() - timedelta(seconds=61))
    tick()
    tick()
    assert [job.args_kwargs["args"] for job in queued()] == [[image.pk]]
    assert make(image.pk)


def test_copies_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image(60, 40)
    assert make(image.pk)
    monkeypatch.setattr(copying, "decoded", lambda _: pytest.fail("Made again."))
    assert not make(image.pk)
    assert not make(image.pk + 1000)


@pytest.mark.django_db(transaction=True)
def test_one_of_several_workers_makes_the_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image(60, 40)
    made: list[int] = []
    decoded = copying.decoded

    def slowly(image: Image) -> Any:
        made.append(image.pk)
        time.sleep(0.3)
        return decoded(image)

    monkeypatch.setattr(copying, "decoded", slowly)
    assert sorted(at_once(*[lambda: make(image.pk)] * 4)) == [False, False, False, True]
    assert made == [image.pk]


def test_a_worker_that_lost_its_claim_does_not_overwrite_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = make_image(60, 40)
    theirs = {"recipe": renditions.RECIPE, "widths": [60], "jpg": [9]}
    decoded = copying.decoded

    def overtaken(image: Image) -> Any:
        Image.objects.update(renditions=theirs, renditions_due_at=None)
        return decoded(image)

    monkeypatch.setattr(copying, "decoded", overtaken)
    assert not make(image.pk)
    image.refresh_from_db()
    assert image.renditions == theirs


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_whole_files_and_the_next_one_finishes(
    media_root: Path, tmp_path: Path
) -> None:
    image = kept(noise(1600, 1200))

    def whole() -> list[Path]:
        # The name of an incomplete file starts with a dot.
        return [path for path in media_root.glob("renditions/*/*") if path.name[0] != "."]

    worker = manage("make_renditions", smtp_port=1, DATA_DIR=str(tmp_path))
    try:
        deadline = time.monotonic() + 60
        while not whole() and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        worker.kill()
        worker.wait()
    image.refresh_from_db()
    assert image.renditions == {}
    assert image.renditions_due_at is not None
    assert image.renditions_due_at > timezone.now()
    begun = whole()
    assert begun
    for path in begun:
        with Pillow.open(path) as copy:
            copy.load()
    # The claim of the killed worker holds until it expires, after at most a minute.
    assert not make(image.pk)
    assert image.renditions_due_at <= timezone.now() + timedelta(minutes=1)
    Image.objects.update(renditions_due_at=timezone.now())
    assert make(image.pk)
    image.refresh_from_db()
    assert all(path.is_file() for path in files(image).values())


def test_a_full_disk_leaves_no_partial_files_and_is_retried(
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
    assert list(media_root.rglob(".*")) == []  # No partial files are left.
    assert default_storage.exists(str(image.file.name))
    Image.objects.update(renditions_due_at=timezone.now())
    with_copies(image)


@pytest.mark.parametrize("damage", ["lost", "broken", "cut"])
def test_an_unreadable_picture_is_retried_only_by_the_command(
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


def test_the_command_makes_missing_copies_or_all_of_them(
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


def test_a_picture_that_is_uploaded_again_gets_new_copies() -> None:
    source = picture_file(60, 40, colour=(7, 7, 7))
    image = with_copies(Image.keep(clean_picture(source)))
    Path(image.file.path).unlink()
    again = Image.keep(clean_picture(source))
    assert again.pk == image.pk
    assert again.renditions_due_at is not None
    with_copies(again)


def test_copies_are_readable_by_the_web_server() -> None:
    image = with_copies(make_image(60, 40))
    for path in files(image).values():
        assert os.stat(path).st_mode & 0o777 == 0o644


@pytest.mark.django_db(transaction=True)
def test_finished_copies_invalidate_the_kept_pages_of_the_article() -> None:
    cover = make_image(60, 40)
    post = make_post(cover=cover, cover_alt="A console")
    other = make_post()
    store = kept_pages.page_store()
    before, others = store.stamp(f"post-{post.pk}"), store.stamp(f"post-{other.pk}")
    assert tasks.make_renditions.call(cover.pk)
    assert store.stamp(f"post-{post.pk}") != before
    assert store.stamp(f"post-{other.pk}") == others
