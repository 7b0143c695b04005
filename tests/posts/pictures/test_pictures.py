"""The tag `{% picture %}`: every copy with its sizes, from the row of the image alone."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.files.storage import FileSystemStorage
from django.db import IntegrityError, transaction
from django.template import Context, Template
from django.test import Client
from django.utils import timezone

from posts.models import Post
from posts.models.image import Image
from posts.views.lists import POSTS_PER_PAGE
from tests.factories import (
    make_author,
    make_editor,
    make_image,
    make_page,
    make_post,
    make_tag,
    with_copies,
)

pytestmark = pytest.mark.django_db


def rendered(image: Image, arguments: str = "", place: str = "cover") -> str:
    template = Template("{% load pictures %}{% picture image '" + place + "' " + arguments + " %}")
    return template.render(Context({"image": image}))


def test_without_copies_the_original_picture_is_shown() -> None:
    image = make_image(640, 360)
    assert rendered(image, 'alt="A console"') == (
        f'<img src="{image.file.url}" width="640" height="360" alt="A console" '
        'loading="lazy" decoding="async">'
    )


def test_avif_comes_before_webp_before_jpeg() -> None:
    image = with_copies(make_image(400, 200))
    # Two plain colours are smaller as WebP than as AVIF; photographs are not.
    image.renditions["avif"] = [1, 2, 3]
    html = rendered(image, 'alt="A console"')
    sizes = "(min-width: 76rem) 53.5rem, (min-width: 64rem) 70vw, (min-width: 48rem) 93vw, 100vw"
    stem = f"/media/renditions/{image.renditions['recipe']}/{image.sha256[:24]}"
    assert html == (
        "<picture>"
        + "".join(
            f'<source type="image/{kind}" srcset="{stem}-160.{kind} 160w, {stem}-320.{kind} 320w, '
            f'{stem}-400.{kind} 400w" sizes="{sizes}">'
            for kind in ("avif", "webp")
        )
        + f'<img src="{stem}-400.jpg" srcset="{stem}-160.jpg 160w, {stem}-320.jpg 320w, '
        f'{stem}-400.jpg 400w" sizes="{sizes}" width="400" height="200" alt="A console" '
        'loading="lazy" decoding="async"></picture>'
    )


def test_a_small_place_gets_small_copies() -> None:
    image = with_copies(make_image(1000, 1000))
    html = rendered(image, place="author")
    assert "320w" in html
    # The hash in the address may contain these digits too.
    assert "480w" not in html
    assert "-480." not in html
    assert 'width="1000" height="1000"' in html
    one = rendered(image, place="portrait")
    assert "-160.jpg" in one
    assert "-320" not in one
    assert "sizes" not in one


LEAD = "(min-width: 76rem) 47.4rem, (min-width: 64rem) 62vw, (min-width: 48rem) 93vw, 91vw"


@pytest.mark.parametrize(
    ("size", "place", "sizes", "widest"),
    [
        # No wider than the visible part of the picture.
        ((1500, 1000), "lead", LEAD, 1500),
        ((1000, 1500), "lead", LEAD, 1000),
        # The visible part is much narrower than the picture.
        (
            (1600, 400),
            "lead",
            "(min-width: 76rem) 106.6rem, (min-width: 64rem) 139.5vw,"
            " (min-width: 48rem) 209.2vw, 204.8vw",
            1600,
        ),
        (
            (900, 300),
            "author",
            "(min-width: 56.25rem) 27rem, (min-width: 37.5rem) 48vw, 18rem",
            900,
        ),
        # Limited by the height of the screen.
        (
            (500, 1000),
            "cover",
            "(min-width: 76rem) min(40vh, 53.5rem), (min-width: 64rem) min(40vh, 70vw),"
            " (min-width: 48rem) min(40vh, 93vw), 100vw",
            500,
        ),
    ],
)
def test_sizes_follow_from_the_shape_of_the_picture_and_its_place(
    size: tuple[int, int], place: str, sizes: str, widest: int
) -> None:
    html = rendered(with_copies(make_image(*size)), place=place)
    assert f'sizes="{sizes}"' in html
    assert html.rsplit('w" sizes', 1)[0].endswith(f" {widest}")


def test_tall_pictures_get_a_class_where_they_are_not_cropped() -> None:
    tall = make_image(500, 1000)
    assert 'class="tall"' in rendered(tall, place="cover")
    assert "tall" not in rendered(tall, place="lead")
    assert "tall" not in rendered(make_image(1000, 1000), place="cover")
    # Screenshots of phones are limited; longer pictures are meant to be read at full width.
    assert 'class="tall"' in rendered(make_image(1080, 2400), place="column")
    assert "tall" not in rendered(make_image(500, 1200), place="column")
    assert 'class="tall"' in rendered(make_image(500, 1200), place="cover")


def test_only_the_first_picture_has_high_priority() -> None:
    image = make_image(60, 40)
    assert 'fetchpriority="high"' in rendered(image, "first=True")
    assert "loading" not in rendered(image, "first=True")
    assert 'loading="lazy"' in rendered(image)
    eager = rendered(image, "eager=True")
    assert "lazy" not in eager
    assert 'fetchpriority="low"' in eager


@pytest.mark.parametrize("copies", [False, True])
def test_attributes_are_escaped(copies: bool) -> None:
    image = make_image(60, 40)
    if copies:
        with_copies(image)
    evil = "\"'><script>alert(1)</script>&"
    template = Template("{% load pictures %}{% picture image 'cover' alt=evil css=evil %}")
    html = template.render(Context({"image": image, "evil": evil}))
    assert "<script" not in html
    assert "&quot;&#x27;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in html
    assert len(re.findall("<[a-z]", html)) == (1 if not copies else html.count("<source") + 2)


def test_rendering_a_picture_reads_neither_database_nor_storage(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = with_copies(make_image(1000, 500))
    Path(image.file.path).unlink()

    def never(*_: Any, **__: Any) -> None:
        pytest.fail("A page looked at a file.")

    for name in ("exists", "open", "_open", "size", "_save"):
        monkeypatch.setattr(FileSystemStorage, name, never)
    with django_assert_num_queries(0):
        assert "<picture>" in rendered(image)


# The focal point


def test_a_centred_focal_point_has_no_class() -> None:
    assert "class" not in rendered(make_image(60, 40))


@pytest.mark.parametrize(
    ("x", "y", "css"),
    [
        (0, 100, "focus-x0 focus-y10"),
        (50, 12, "focus-y1"),
        (77, 52, "focus-x8"),
        (46, 54, ""),
    ],
)
def test_the_focal_point_is_rounded_to_a_class(x: int, y: int, css: str) -> None:
    image = make_image(60, 40)
    image.focal_x, image.focal_y = x, y
    assert image.focus == css
    assert f'class="photo {css}"'.replace(' "', '"') in rendered(image, 'css="photo"')


def test_the_style_sheets_define_every_focal_class() -> None:
    css = "".join(
        path.read_text() for path in (django_settings.BASE_DIR / "static/css").rglob("*.css")
    )
    for side in "xy":
        for step in (0, 1, 2, 3, 4, 6, 7, 8, 9, 10):
            assert re.search(
                rf"\.focus-{side}{step} \{{\s*--focus-{side}: {step * 10}%;?\s*\}}", css
            )


@pytest.mark.parametrize("field", ["focal_x", "focal_y"])
def test_a_focal_point_outside_the_picture_is_refused(field: str) -> None:
    image = make_image(60, 40)
    setattr(image, field, 101)
    with pytest.raises(ValidationError):
        image.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        image.save()


def test_the_focal_point_can_be_set_without_javascript(client: Client) -> None:
    image = make_image(60, 40)
    client.force_login(make_editor())
    url = f"/admin/posts/image/{image.pk}/change/"
    page = client.get(url).content.decode()
    assert '<input type="number" name="focal_x" value="50"' in page
    assert "js/focal-point" in page
    client.post(url, {"title": "Night", "alt": "The floor", "focal_x": "20", "focal_y": ""})
    image.refresh_from_db()
    assert (image.title, image.focal_x, image.focal_y) == ("Night", 20, 50)
    refused = client.post(
        url, {"title": "Typed", "alt": "The floor", "focal_x": "120", "focal_y": "50"}
    )
    assert "less than or equal to 100" in refused.content.decode()
    assert "Typed" in refused.content.decode()
    assert "focal_x" not in client.get("/admin/posts/image/add/").content.decode()


def test_a_card_has_the_class_of_the_focal_point(client: Client) -> None:
    cover = make_image(900, 600)
    Image.objects.filter(pk=cover.pk).update(focal_x=10, focal_y=90)
    make_post(cover=cover, cover_alt="A console")
    assert 'class="focus-x1 focus-y9"' in client.get("/").content.decode()


# The picture that is visible without scrolling


def prioritised_images(html: str) -> list[str]:
    """Return the addresses of the pictures in <main> with high fetch priority."""
    main = html.split("<main")[1].split("</main>")[0]
    images = re.findall(r"<img [^>]*>", main)
    return [
        re.search('src="([^"]*)"', image)[1]  # type: ignore[index]  # it is there
        for image in images
        if 'fetchpriority="high"' in image and "lazy" not in image
    ]


@pytest.mark.parametrize(
    "address", ["/tags/fire/", "/authors/ruth/", "/archive/2025/", "/archive/2025/03/", "/?page=2"]
)
def test_a_list_prioritises_its_first_picture(client: Client, address: str) -> None:
    ruth, fire = make_author(slug="ruth"), make_tag(slug="fire")
    covers = [make_image(1600, 900) for _ in range(POSTS_PER_PAGE)]
    for day, cover in enumerate([*covers, None], start=1):
        make_post(
            author=ruth,
            tags=[fire],
            cover=cover,
            cover_alt="x" if cover else "",
            published_at=datetime(2025, 3, day, 12, tzinfo=UTC),
        )
    if address == "/?page=2":
        make_post()
        first = covers[1]
    else:
        first = covers[-1]  # The newest has none.
    assert prioritised_images(client.get(address).content.decode()) == [first.file.url]


def test_the_front_page_prioritises_the_lead_or_else_the_first_card(client: Client) -> None:
    below, lead = make_image(1600, 900), make_image(1600, 900)
    now = timezone.now()
    make_post(cover=below, cover_alt="x", published_at=now - timedelta(days=2))
    post = make_post(cover=lead, cover_alt="x", published_at=now - timedelta(days=1))
    assert prioritised_images(client.get("/").content.decode()) == [lead.file.url]
    Post.objects.filter(pk=post.pk).update(cover=None, cover_alt="")
    assert prioritised_images(client.get("/").content.decode()) == [below.file.url]


def test_without_a_cover_a_picture_at_the_start_of_the_text_is_prioritised(client: Client) -> None:
    image, cover = with_copies(make_image(1600, 900)), make_image(1600, 900)
    figure = f'<figure class="wide"><img src="{image.file.url}" alt="A map"></figure>'
    own = f"/media/renditions/2/{image.sha256[:24]}-1600.jpg"
    post = make_post(slug="map", body=f"{figure}<p>See.</p>{figure}")
    assert prioritised_images(client.get("/articles/map/").content.decode()) == [own]
    page = make_page(slug="map", body=f'<p><img src="{image.file.url}" alt="A map"></p>')
    assert prioritised_images(client.get(page.get_absolute_url()).content.decode()) == [own]
    Post.objects.filter(pk=post.pk).update(cover=cover, cover_alt="x")
    assert prioritised_images(client.get("/articles/map/").content.decode()) == [cover.file.url]
    Post.objects.filter(pk=post.pk).update(
        cover=None, cover_alt="", body=f"<p>First some words.</p>{figure}"
    )
    assert prioritised_images(client.get("/articles/map/").content.decode()) == []
