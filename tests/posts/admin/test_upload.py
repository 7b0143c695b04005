"""Uploads of the rich text editor: permissions, stored files, and error messages."""

import http.client
import json
import threading
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image as Pillow
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from posts.models.image import Image
from tests.factories import make_editor, picture_file
from tests.helpers import PATIENCE
from tests.posts.admin.test_images import png_header

pytestmark = pytest.mark.django_db
URL = "/desk/upload/"


def signed_in(*permissions: str, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(make_editor(*permissions))
    return client


def stored(media_root: Path) -> list[Path]:
    return [path for path in media_root.rglob("*") if path.is_file()]


def test_an_upload_is_stored_and_answers_with_address_and_size(media_root: Path) -> None:
    client = signed_in("posts.add_image")
    response = client.post(URL, {"upload": picture_file(60, 40, name="Night_shift-2.png")})
    answer = response.json()
    image = Image.objects.get()
    assert response.status_code == 200
    assert answer == {
        "uploaded": 1,
        "fileName": f"{image.sha256[:24]}.jpg",
        "url": image.file.url,
        "width": 60,
        "height": 40,
        "same": False,
        "id": image.pk,
        "title": "Night shift 2",
        "alt": "",
        "decorative": False,
        "caption": "",
        "credit": "",
        "small": image.file.url,
        "page": "",
        "describe": "",
    }
    assert image.title == "Night shift 2"
    assert image.uploaded_by is not None
    assert client.get(answer["url"]).status_code == 200


def test_a_script_after_the_picture_and_its_file_name_are_dropped(media_root: Path) -> None:
    script = b"<html><script>alert(1)</script></html>"
    evil = picture_file(name="evil.html", extra=script)
    answer = signed_in().post(URL, {"upload": evil}).json()
    assert answer["url"].endswith(".jpg")
    [path] = stored(media_root)
    assert script not in path.read_bytes()
    assert Pillow.open(path).format == "JPEG"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("letter.png", b"Dear editor"),
        ("page.html", b"<html><script>alert(1)</script></html>"),
        ("empty.png", b""),
    ],
)
def test_a_file_that_is_no_picture_is_refused(name: str, content: bytes, media_root: Path) -> None:
    response = signed_in().post(URL, {"upload": SimpleUploadedFile(name, content)})
    assert response.status_code == 400
    assert response.json()["uploaded"] == 0
    assert "JPEG, PNG, GIF, WebP or HEIC" in response.json()["error"]["message"]
    assert stored(media_root) == []


def test_a_decompression_bomb_is_refused(media_root: Path) -> None:
    bomb = SimpleUploadedFile("bomb.png", png_header(30_000, 30_000))
    response = signed_in().post(URL, {"upload": bomb})
    assert response.status_code == 400
    assert "40 million pixels" in response.json()["error"]["message"]
    assert stored(media_root) == []


@pytest.mark.parametrize("data", [{}, {"upload": "a word, not a file"}, {"file": "x"}])
def test_a_request_without_a_file_is_an_error(data: dict[str, str]) -> None:
    response = signed_in().post(URL, data)
    assert response.status_code == 400
    assert "Choose a file" in response.json()["error"]["message"]


def test_a_picture_just_over_the_limit_is_refused(settings: Settings) -> None:
    settings.IMAGE_MAX_BYTES = 1_000
    picture = picture_file(extra=bytes(2_000))
    response = signed_in().post(URL, {"upload": picture})
    assert response.status_code == 400
    assert "the limit is" in response.json()["error"]["message"]


@pytest.mark.django_db(transaction=True)
def test_fifty_megabytes_are_refused_without_buffering_them_in_memory(
    live_server: LiveServer, media_root: Path
) -> None:
    client = signed_in()
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    size, piece = 50_000_000, bytes(100_000)
    head = (
        b"--edge\r\nContent-Disposition: form-data; name=upload; filename=a.png\r\n"
        b"Content-Type: image/png\r\n\r\n"
    )
    tail = b"\r\n--edge--\r\n"
    address = urlsplit(live_server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    tracemalloc.start()
    try:
        connection.putrequest("POST", URL)
        connection.putheader("Cookie", f"{django_settings.SESSION_COOKIE_NAME}={session}")
        connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
        connection.putheader("Content-Length", str(len(head) + size + len(tail)))
        connection.endheaders(head)
        for _ in range(size // len(piece)):
            connection.send(piece)
        connection.send(tail)
        response = connection.getresponse()
        answer = json.load(response)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        connection.close()
    assert response.status == 413
    assert answer["uploaded"] == 0
    assert "51 MB; the limit is 12 MB" in answer["error"]["message"]
    assert peak < 10_000_000
    assert stored(media_root) == []


def test_an_anonymous_visitor_is_refused_and_told_to_sign_in(
    client: Client, media_root: Path
) -> None:
    response = client.post(URL, {"upload": picture_file()})
    assert response.status_code == 403
    assert "Sign in again" in response.json()["error"]["message"]
    assert stored(media_root) == []


def test_an_account_without_the_permission_is_refused() -> None:
    response = signed_in("posts.change_post").post(URL, {"upload": picture_file()})
    assert response.status_code == 403
    assert "may not upload" in response.json()["error"]["message"]
    assert not Image.objects.exists()


@pytest.mark.parametrize("barred", [{"is_staff": False}, {"is_active": False}])
def test_an_inactive_or_non_staff_account_is_refused(barred: dict[str, bool]) -> None:
    client = Client()
    client.force_login(make_editor("posts.add_image", **barred))
    assert client.post(URL, {"upload": picture_file()}).status_code == 403
    assert not Image.objects.exists()


def test_an_upload_without_csrf_token_is_refused() -> None:
    client = signed_in("posts.add_image", enforce_csrf_checks=True)
    response = client.post(URL, {"upload": picture_file()})
    assert response.status_code == 403
    assert "open for too long" in response.json()["error"]["message"]
    # The token of CKEditor does not count.
    response = client.post(URL, {"upload": picture_file(), "ckCsrfToken": "x" * 40})
    assert response.status_code == 403
    assert not Image.objects.exists()


def test_an_upload_with_the_csrf_token_in_the_header_is_stored() -> None:
    client = signed_in("posts.add_image", enforce_csrf_checks=True)
    client.get("/admin/")
    token = client.cookies["csrftoken"].value
    response = client.post(URL, {"upload": picture_file()}, headers={"X-CSRFToken": token})
    assert response.json()["uploaded"] == 1


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_only_a_post_uploads(method: str) -> None:
    assert getattr(signed_in(), method)(URL).status_code == 405


def test_what_was_uploaded_before_is_recognised_without_decoding_it(
    monkeypatch: pytest.MonkeyPatch, media_root: Path
) -> None:
    client, picture = signed_in(), picture_file(60, 40, name="console.png")
    first = client.post(URL, {"upload": picture}).json()
    Image.objects.update(alt="A console at night")
    monkeypatch.setattr("posts.admin.uploads.clean_picture", lambda *_: pytest.fail("Decoded."))
    picture.seek(0)
    again = client.post(URL, {"upload": picture}).json()
    assert (again["id"], again["same"], again["alt"]) == (first["id"], True, "A console at night")
    assert again["page"] == f"/admin/posts/image/{first['id']}/change/"
    assert again["describe"] == f"/admin/posts/image/{first['id']}/describe/"
    # So is the file that we made of it, as it is saved from an article.
    [path] = stored(media_root)
    ours = SimpleUploadedFile("copy.jpg", path.read_bytes())
    assert client.post(URL, {"upload": ours}).json()["id"] == first["id"]
    assert Image.objects.count() == len(stored(media_root)) == 1


def test_the_same_pixels_in_another_file_are_the_same_picture() -> None:
    client = signed_in()
    first = client.post(URL, {"upload": picture_file(colour=(9, 9, 90), kind="PNG")}).json()
    again = client.post(
        URL, {"upload": picture_file(colour=(9, 9, 90), kind="WEBP", lossless=True)}
    )
    assert again.json()["same"] is True
    assert again.json()["id"] == first["id"]


def test_a_full_disk_is_said_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, media_root: Path
) -> None:
    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    client = signed_in()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        response = client.post(URL, {"upload": picture_file()})
        form = client.post("/admin/posts/image/add/", {"upload": picture_file()})
    assert response.status_code == 507
    assert "disk may be full" in response.json()["error"]["message"]
    assert "disk may be full" in form.content.decode()
    assert not Image.objects.exists()
    assert stored(media_root) == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_same_file_sent_twice_at_once_ends_in_one_row(media_root: Path) -> None:
    picture = picture_file(80, 60)
    content = picture.read()
    clients = [signed_in() for _ in range(4)]
    ready, answers = threading.Barrier(4), []

    def send(client: Client) -> None:
        ready.wait(PATIENCE)
        try:
            upload = SimpleUploadedFile("console.png", content)
            answers.append(client.post(URL, {"upload": upload}).json())
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert [answer["uploaded"] for answer in answers] == [1] * 4
    assert {answer["id"] for answer in answers} == {Image.objects.get().pk}
    assert len(stored(media_root)) == 1
