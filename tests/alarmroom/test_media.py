"""Uploaded pictures are served without a web server in front, and no other files are."""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import find
from django.test import Client

# The 404 page queries the footer's menu.
pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    file = settings.MEDIA_ROOT / "images" / "a.jpg"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xff\xd8\xff picture")
    (tmp_path / "secret.txt").write_text("secret")
    return file


def test_a_picture_is_served_as_immutable_and_with_nosniff(client: Client, picture: Path) -> None:
    response = client.get("/media/images/a.jpg")
    assert b"".join(response.streaming_content) == picture.read_bytes()
    assert response["Content-Type"] == "image/jpeg"
    assert "immutable" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("kind", ["avif", "webp", "png"])
def test_a_copy_has_its_content_type(client: Client, picture: Path, kind: str) -> None:
    picture.with_suffix(f".{kind}").write_bytes(b"picture")
    assert client.get(f"/media/images/a.{kind}")["Content-Type"] == f"image/{kind}"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "..%2fsecret.txt",
        "images/../../secret.txt",
        "images",
        "",
        "no.jpg",
    ],
)
def test_nothing_outside_the_pictures_is_served(client: Client, picture: Path, path: str) -> None:
    assert client.get(f"/media/{path}").status_code == 404


def test_pictures_allow_only_get(client: Client, picture: Path) -> None:
    assert client.post("/media/images/a.jpg").status_code == 405


@pytest.mark.parametrize("path", ["/favicon.ico", "/apple-touch-icon.png"])
def test_default_icon_addresses_redirect_to_the_static_files(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert find(response["Location"].removeprefix(settings.STATIC_URL))
