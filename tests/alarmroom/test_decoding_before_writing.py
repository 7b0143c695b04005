"""A picture is decoded before the transaction, so other requests can write meanwhile."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.db import connection
from django.test import Client
from PIL import Image as Pillow
from PIL import ImageFile
from pytest_django.fixtures import Settings

from posts.models import Post, Tag
from posts.models.image import Image
from subscribers.models import Resource
from tests.factories import make_author, make_editor, make_post, make_resource, picture_file
from tests.helpers import PATIENCE
from tests.posts.admin.desk import form

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
Sent = tuple[str, dict[str, Any]]


def resource_form(**fields: Any) -> dict[str, Any]:
    return {
        "title": "The first ninety days",
        "slug": "plan",
        "description": "A plan.",
        "position": 1,
        "cover": picture_file(600, 780),
        **fields,
    }


def new_article() -> Sent:
    make_author()
    sent = form(cover_file=picture_file(), cover_alt="The floor")
    return "/admin/posts/post/add/", sent


def changed_cover() -> Sent:
    post = make_post()
    sent = form(cover_file=picture_file(), cover_alt="The floor", slug=post.slug)
    return f"/admin/posts/post/{post.pk}/change/", sent


def new_picture() -> Sent:
    return "/admin/posts/image/add/", {"upload": picture_file(), "title": "Floor"}


def picture_in_a_text() -> Sent:
    return "/desk/upload/", {"upload": picture_file()}


def new_resource() -> Sent:
    plan = SimpleUploadedFile("plan.pdf", b"%PDF-1.4 plan")
    return "/admin/subscribers/resource/add/", resource_form(file=plan)


def changed_cover_of_a_resource() -> Sent:
    resource = make_resource()
    return f"/admin/subscribers/resource/{resource.pk}/change/", resource_form()


UPLOADS = [
    new_article,
    changed_cover,
    new_picture,
    picture_in_a_text,
    new_resource,
    changed_cover_of_a_resource,
]


def count_of_saved_rows() -> int:
    """The number of rows that the forms above can add."""
    return (
        Image.objects.count()
        + Post.objects.exclude(cover=None).count()
        + Resource.objects.exclude(cover="").count()
    )


class SlowUpload(SimpleUploadedFile):
    """An upload whose first read waits for the test, as decoding a large picture takes long."""

    reading = threading.Event()
    may_go_on = threading.Event()

    def seek(self, *args: Any) -> int:
        self.reading.set()
        self.may_go_on.wait(PATIENCE)
        return super().seek(*args)


class SlowPictures(MemoryFileUploadHandler):
    def file_complete(self, file_size: int) -> Any:
        upload = super().file_complete(file_size)
        if upload is None or not upload.name.endswith(".png"):
            return upload
        return SlowUpload(upload.name, upload.read())


@pytest.mark.parametrize("upload", UPLOADS)
def test_other_requests_can_write_while_a_picture_is_decoded(
    client: Client, settings: Settings, upload: Callable[[], Sent]
) -> None:
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.SlowPictures"]
    SlowUpload.reading.clear()
    SlowUpload.may_go_on.clear()
    client.force_login(make_editor())
    url, sent = upload()
    answers: list[int] = []

    def post() -> None:
        try:
            answers.append(client.post(url, sent).status_code)
        finally:
            connection.close()

    editor = threading.Thread(target=post)
    editor.start()
    try:
        assert SlowUpload.reading.wait(PATIENCE)
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout = 0")
        Tag.objects.create(name="Written meanwhile")
    finally:
        SlowUpload.may_go_on.set()
        editor.join(PATIENCE)
        connection.close()
    assert answers in ([302], [200])
    assert count_of_saved_rows() >= 1


@pytest.mark.parametrize("upload", UPLOADS)
def test_pictures_are_decoded_and_encoded_outside_of_transactions(
    client: Client, monkeypatch: pytest.MonkeyPatch, upload: Callable[[], Sent]
) -> None:
    client.force_login(make_editor())
    url, sent = upload()
    within: list[bool] = []
    load, save = ImageFile.ImageFile.load, Pillow.Image.save

    def loaded(picture: ImageFile.ImageFile) -> Any:
        within.append(connection.in_atomic_block)
        return load(picture)

    def stored(picture: Pillow.Image, *args: Any, **options: Any) -> None:
        within.append(connection.in_atomic_block)
        save(picture, *args, **options)

    monkeypatch.setattr(ImageFile.ImageFile, "load", loaded)
    monkeypatch.setattr(Pillow.Image, "save", stored)
    assert client.post(url, sent).status_code in (200, 302)
    assert count_of_saved_rows() >= 1
    assert within
    assert not any(within)


def test_a_picture_is_decoded_once_for_each_request(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    open_picture = Pillow.open

    def counted(*args: Any, **options: Any) -> Any:
        if "formats" in options:  # Uploads are opened with `formats`, our own files without.
            opened.append(args)
        return open_picture(*args, **options)

    monkeypatch.setattr(Pillow, "open", counted)
    client.force_login(make_editor())
    url, sent = new_article()
    assert client.post(url, sent).status_code == 302
    assert len(opened) == 1


def test_nothing_is_decoded_without_permission_to_save(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pillow, "open", lambda *_, **__: pytest.fail("It was decoded."))
    client.force_login(make_editor("posts.view_post"))
    url, sent = changed_cover()
    assert client.post(url, sent).status_code == 403
