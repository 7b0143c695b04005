"""The preview image of a shared link, drawn from the title, author, topic and cover."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from PIL import Image as Pillow
from PIL import ImageChops, ImageStat

from posts import share_image
from posts.models import Post
from posts.models.image import Image
from posts.share_image import HEIGHT, SIZES, WIDTH, balanced, face, fitted, legible, set_in_type
from tests.factories import make_author, make_image, make_post, make_tag


@pytest.fixture
def post(db: None) -> Post:
    return make_post(
        title="The twelfth hour",
        slug="hour",
        author=make_author(name="Ruth"),
        tags=[make_tag("Fatigue")],
        cover=make_image(1600, 900),
        cover_alt="A lit window",
    )


def address(post: Post) -> str:
    found = Post.objects.get(pk=post.pk)
    return share_image.address(found, found.topic)


def decoded(content: bytes) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(content))
    picture.load()
    return picture


def stored_files(post: Post) -> list[str]:
    return default_storage.listdir(f"share/{post.pk}")[1]


# The address


def test_the_image_is_a_jpeg_of_1200_by_630(client: Client, post: Post) -> None:
    response = client.get(address(post))
    assert response.status_code == 200
    assert response["Content-Type"] == "image/jpeg"
    picture = decoded(response.content)
    assert (picture.format, picture.size) == ("JPEG", (1200, 630))
    assert len(response.content) < 600_000  # Some networks take no more.
    assert not picture.getexif()


def test_other_sites_may_embed_and_cache_the_image(client: Client, post: Post) -> None:
    response = client.get(address(post))
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "immutable" in response["Cache-Control"]
    assert not response.cookies
    again = client.get(address(post), headers={"if-none-match": response["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab", "?v=" + "x" * 5000, "?v=%00"])
def test_an_outdated_version_gets_the_current_image_with_a_short_lifetime(
    client: Client, post: Post, query: str
) -> None:
    response = client.get(f"/articles/hour/share.jpg{query}")
    assert response.status_code == 200
    assert "immutable" not in response["Cache-Control"]


def test_the_address_changes_only_with_the_contents_of_the_image(post: Post) -> None:
    seen = {address(post)}
    fresh = Post.objects.get(pk=post.pk)
    fresh.summary, fresh.body = "Another dek", "<p>Another text</p>"
    fresh.save()
    assert address(post) in seen
    for change in (
        lambda: Post.objects.filter(pk=post.pk).update(title="Another title"),
        lambda: type(post.author).objects.update(name="Another author"),
        lambda: post.tags.update(name="Another topic"),
        lambda: Image.objects.filter(pk=post.cover_id).update(focal_x=10),
        lambda: Post.objects.filter(pk=post.pk).update(cover=None, cover_alt=""),
    ):
        change()
        assert address(post) not in seen
        seen.add(address(post))


def test_the_image_is_drawn_once(
    client: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get(address(post)).content
    monkeypatch.setattr(share_image, "draw", None)
    assert client.get(address(post)).content == first


def test_the_old_image_of_a_changed_article_is_deleted(client: Client, post: Post) -> None:
    client.get(address(post))
    [before] = stored_files(post)
    Post.objects.filter(pk=post.pk).update(title="Another title")
    client.get(address(post))
    [after] = stored_files(post)
    assert before != after


def test_the_image_is_served_when_the_disk_is_full(
    client: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(default_storage, "save", full)
    assert decoded(client.get(address(post)).content).size == (1200, 630)


@pytest.mark.parametrize("state", [{"published_at": None}, {"future": True}, {"gone": True}])
def test_an_unpublished_article_has_no_public_share_image(
    client: Client, post: Post, state: dict[str, Any]
) -> None:
    posts = Post.objects.filter(pk=post.pk)
    if "gone" in state:
        posts.withdraw()
    elif "future" in state:
        posts.update(published_at=timezone.now() + timedelta(days=1))
    else:
        posts.update(**state)
    assert client.get("/articles/hour/share.jpg").status_code == 404


def test_a_former_slug_redirects_to_the_image(client: Client, post: Post) -> None:
    fresh = Post.objects.get(pk=post.pk)
    fresh.slug = "fatigue"
    fresh.save()
    response = client.get("/articles/hour/share.jpg?v=0")
    assert response.status_code == 301
    assert response["Location"] == "/articles/fatigue/share.jpg?v=0"


def test_only_get_and_head_are_allowed_and_take_two_queries(
    client: Client, post: Post, django_assert_max_num_queries: Any
) -> None:
    assert client.post("/articles/hour/share.jpg").status_code == 405
    assert client.head("/articles/hour/share.jpg").content == b""
    now = address(post)
    with django_assert_max_num_queries(2):
        client.get(now)


# The drawing

TITLES = [
    "Fire",
    "Quality assurance is coaching, or it is nothing at all",
    "x " * 100,
    "What the night shift knows " * 7 + "and more",
    "W" * 200,
    "Donaudampfschiffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "\U0001f525\U0001f692 Fire at the café \U0001f468\u200d\U0001f692",
    "\U0001f525\U0001f692",
    "消防調度員的夜班",
    "الليل الطويل في غرفة الطوارئ",
    "Ночная смена",
    "e\u0301" * 50 + "\u0300" * 100,
    "tab\there\nand\x00there\u202e\ufffe",
    "",
]


@pytest.mark.parametrize("title", TITLES)
def test_every_title_can_be_drawn(title: str) -> None:
    picture = decoded(share_image.draw(title, title, title, None))
    assert picture.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("title", TITLES)
def test_every_line_fits_into_the_image(title: str) -> None:
    lines, size = set_in_type(legible(title))
    assert all(face(size).getlength(line) <= WIDTH - 2 * share_image.MARGIN for line in lines)
    height = len(lines) * size * share_image.LEADING
    assert height <= share_image.TITLE_BOTTOM - share_image.TITLE_TOP


def test_a_title_of_200_characters_is_drawn_whole() -> None:
    title = ("What the night shift knows about silence, " * 5)[:200].strip()
    lines, size = set_in_type(title)
    assert " ".join(lines) == title
    assert size < SIZES[0]


def test_a_title_too_long_at_any_size_ends_in_an_ellipsis() -> None:
    lines, size = set_in_type("W" * 2000)
    assert size == SIZES[-1]
    assert lines[-1].endswith("…")


def test_lines_are_balanced_in_length() -> None:
    lines = balanced("Four lines of words that are even in length", 60, 1000, 2)
    widths = [face(60).getlength(line) for line in lines]
    assert len(widths) == 2
    assert min(widths) > 0.75 * max(widths)


def test_characters_missing_in_the_typeface_are_left_out() -> None:
    assert legible("\U0001f525 Fire\u200d \U0001f692") == "Fire"
    assert legible("消防 Fire") == "Fire"
    assert legible("消防調度員的夜班 A") == ""
    assert legible("Ночная смена") == "Ночная смена"
    assert legible("Łódź, naïve: “quoted” – Ångström") == "Łódź, naïve: “quoted” – Ångström"


def test_a_long_text_is_cut_to_the_given_width() -> None:
    assert fitted("Ruth", 28, 300) == "Ruth"
    cut = fitted("Ruth-Marguerite " * 9, 28, 300)
    assert cut.endswith("…")
    assert face(28).getlength(cut) <= 300


@pytest.mark.django_db
@pytest.mark.parametrize("colour", ["white", "#777", "black", "#ff0"])
def test_the_title_has_enough_contrast_on_every_cover(colour: str, tmp_path: Any) -> None:
    """At least 4.5 to 1 against every pixel behind the title (WCAG asks 3 of large type)."""
    cover = make_image(1600, 900)
    Pillow.new("RGB", (1600, 900), colour).save(cover.file.path)
    ground = share_image.ground(cover).crop((0, 60, WIDTH, 600))
    lightest = ImageStat.Stat(ground).extrema
    background = luminance(tuple(high for _, high in lightest))
    assert (luminance(share_image.INK) + 0.05) / (background + 0.05) >= 4.5


def luminance(colour: tuple[int, ...]) -> float:
    """Return the relative luminance of sRGB (WCAG 2.2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.django_db
def test_the_cover_is_cropped_around_its_focal_point() -> None:
    cover = make_image(1600, 900)
    tall = Pillow.new("RGB", (600, 2400), "black")
    tall.paste("white", (0, 1800, 600, 2400))
    tall.save(cover.file.path)
    top, bottom = (
        share_image.ground(Image(file=cover.file, focal_x=50, focal_y=y)) for y in (0, 100)
    )
    assert ImageStat.Stat(bottom.convert("L")).mean[0] > ImageStat.Stat(top.convert("L")).mean[0]


@pytest.mark.django_db
@pytest.mark.parametrize("broken", [b"", b"not a picture", None])
def test_a_missing_or_broken_cover_is_drawn_as_no_cover(broken: bytes | None) -> None:
    cover = make_image(1600, 900)
    if broken is None:
        cover.file.storage.delete(cover.file.name)
    else:
        with open(cover.file.path, "wb") as file:
            file.write(broken)
    same = ImageChops.difference(share_image.ground(cover), share_image.ground(None))
    assert same.getbbox() is None


@pytest.mark.django_db
def test_a_transparent_cover_is_drawn_on_white() -> None:
    cover = make_image(1600, 900, mode="RGBA")
    Pillow.new("RGBA", (1600, 900), (0, 0, 0, 0)).save(cover.file.path, "PNG")
    assert ImageStat.Stat(share_image.ground(cover).convert("L")).mean[0] > 40
