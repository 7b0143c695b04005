"""A picture that is used by an article, a page or an author cannot be deleted."""

from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.db.models import ProtectedError
from django.test import Client

from posts.models import Post
from posts.models.image import Image
from tests.factories import make_author, make_image, make_page, make_post, picture_file

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def body_with(image: Image) -> str:
    return f'<figure><img src="{image.file.url}" alt="A console"></figure>'


USES: dict[str, Callable[[Image], object]] = {
    "Post: Night shift": lambda image: make_post(
        title="Night shift", cover=image, cover_alt="A console"
    ),
    "Post: A draft": lambda image: make_post(
        title="A draft", published_at=None, body=body_with(image)
    ),
    "Page: About us": lambda image: make_page("About us", body=body_with(image)),
    "Author: Ruth": lambda image: make_author(name="Ruth", photo=image),
}


@pytest.mark.parametrize("use", USES)
def test_a_picture_in_use_cannot_be_deleted(use: str) -> None:
    image, other = make_image(), make_image(800, 600)
    USES[use](image)
    name = use.partition(": ")[2]
    for delete in (image.delete, Image.objects.filter(pk__in=[image.pk, other.pk]).delete):
        with pytest.raises(ProtectedError, match=f"is shown by “{name}”"):
            delete()
    assert Image.objects.filter(pk__in=[image.pk, other.pk]).count() == 2


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("how", ["one", "many"])
def test_the_admin_lists_what_uses_the_picture(admin_client: Client, use: str, how: str) -> None:
    image = make_image()
    USES[use](image)
    name = use.partition(": ")[2]
    if how == "many":
        data = {"action": "delete_selected", "_selected_action": str(image.pk)}
        response = admin_client.post("/admin/posts/image/", data)
    else:
        response = admin_client.get(f"/admin/posts/image/{image.pk}/delete/")
    assert response.status_code == 200
    assert f">“{name}”</a>" in response.content.decode()
    assert Image.objects.filter(pk=image.pk).exists()


@pytest.mark.parametrize("use", ["Post: A draft", "Page: About us"])
@pytest.mark.parametrize("how", ["one", "many"])
def test_a_picture_in_a_text_cannot_be_moved_to_the_bin(
    admin_client: Client, use: str, how: str
) -> None:
    image = make_image()
    USES[use](image)
    address, data = f"/admin/posts/image/{image.pk}/delete/", {"post": "yes"}
    if how == "many":
        address = "/admin/posts/image/"
        data |= {"action": "delete_selected", "_selected_action": str(image.pk)}
    response = admin_client.post(address, data)
    assert "shows it. Take it out there first." in response.content.decode()
    assert Image.objects.filter(pk=image.pk).exists()


def test_an_unused_picture_can_be_deleted(admin_client: Client) -> None:
    image = make_image()
    post = Post.objects.get(pk=make_post(body=body_with(image)).pk)
    post.body = "<p>Without it.</p>"
    post.save()
    response = admin_client.post(f"/admin/posts/image/{image.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not Image.objects.exists()


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ("", 'width="60" height="40"'),
        (' width="30"', 'width="30" height="20"'),
        (' height="80"', 'width="120" height="80"'),
        (' width="9" height="9"', 'width="9" height="9"'),
    ],
)
def test_an_imported_picture_gets_width_and_height(given: str, size: str) -> None:
    name = default_storage.save("imported/console.png", picture_file(60, 40))
    made = make_post(body=f'<p><img src="{default_storage.url(name)}" alt="A console"{given}></p>')
    post = Post.objects.get(pk=made.pk)
    assert f'{size} loading="lazy"' in post.body_html
    assert post.body_html.count("width=") == post.body_html.count("height=") == 1
    assert 'alt="A console"' in post.body_html


@pytest.mark.parametrize(
    "address",
    [
        "/media/images/lost.jpg",
        "/media/../settings.py",
        "/media/%2e%2e/%2e%2e/etc/hostname",
        "/media/",
        "https://elsewhere.example/x.jpg",
    ],
)
def test_a_missing_or_foreign_picture_keeps_its_address(address: str) -> None:
    post = Post.objects.get(pk=make_post(body=f'<p><img src="{address}" alt="x"></p>').pk)
    assert f'src="{address}" alt="x" loading="lazy"' in post.body_html
