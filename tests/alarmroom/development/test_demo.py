"""The demo: its contents, and that loading it never changes what an editor wrote."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from django.utils.html import strip_tags
from PIL import Image as Pillow
from pypdf import PdfReader

from alarmroom.development.demo import load as demo
from alarmroom.development.demo.load import articles, content, load
from newsletter.models import Delivery, Issue
from posts.models import Author, Post, RelatedPost, Tag
from posts.models.image import Image
from posts.models.topic import START_HERE
from posts.text.html import clean
from posts.text.structure import with_structure
from posts.views.lists import POSTS_PER_PAGE, STARTING
from subscribers.models import Notice, Resource, Subscriber

ARTICLES = {article["slug"]: article for article in articles()}
PICTURES = sorted(path.stem for path in demo.PICTURES.iterdir())
each_article = pytest.mark.parametrize("article", ARTICLES.values(), ids=ARTICLES)
SECTIONS_OF_THE_PAGE = ("connecting the dots", "subscribe", "share this")


@pytest.fixture
def small_pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Replace the pictures by small ones of one colour, so that loading is fast."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, name in enumerate(PICTURES):
        plain = Pillow.new("RGB", (60, 40), (10 * number, 0, 0))
        plain.save(folder / f"{name}.jpg", "JPEG")
    monkeypatch.setattr(demo, "PICTURES", folder)


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "private", "base_url": None},
        },
    }


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table the loader writes."""
    models = (Author, Tag, Image, Post, RelatedPost, Resource, Issue)
    return {model.__name__: list(model.objects.order_by("pk").values_list()) for model in models}


# The articles


def test_there_are_enough_articles_for_a_second_page() -> None:
    assert len(ARTICLES) == 13 > POSTS_PER_PAGE
    days = [article["days_ago"] for article in ARTICLES.values()]
    assert len(set(days)) == 13
    assert min(days) >= 1
    assert 120 < max(days) <= 140


def test_the_demo_shows_an_editor_every_block_and_where_new_readers_start() -> None:
    bodies = "".join(article["body"] for article in ARTICLES.values())
    for block in ('section class="key-points', 'section class="case-example', 'table class="fig'):
        assert f"<{block}" in bodies
    starting = [one for one in ARTICLES.values() if START_HERE in one["tags"]]
    assert len(starting) == STARTING


def test_the_articles_that_were_asked_for_are_among_them() -> None:
    titles = {article["title"] for article in ARTICLES.values()}
    assert titles >= {
        "From Good to Great: Why Specialized Fire Dispatchers Are the Key to Stronger, "
        "Smarter Fireground Operations",
        "What Makes a Good CTO? Traits of Top Dispatcher Trainers",
    }
    career = ARTICLES["the-chair-is-the-career"]
    assert "the-profession" in career["tags"]
    assert "Career" in career["title"]
    words = strip_tags(career["body"])
    assert "A career is not a title somebody grants us." in words
    assert "dispatch" in words


@each_article
def test_an_article_is_worth_reading(article: dict[str, Any]) -> None:
    body = article["body"]
    assert len(strip_tags(body.replace("<", " <")).split()) >= 550
    assert body.count("<h2>") >= 2
    assert "<h3>" in body
    assert "<ul>" in body or "<ol>" in body
    assert "<blockquote" in body
    assert 80 <= len(article["summary"]) <= 220


@each_article
def test_an_article_is_set_in_typographic_punctuation(article: dict[str, Any]) -> None:
    words = strip_tags(article["body"]) + article["title"] + article["summary"]
    assert not re.search(r"""["'`]|--|\.\.\.""", words)


@each_article
def test_an_article_leaves_to_the_page_what_the_page_adds(article: dict[str, Any]) -> None:
    headings = re.findall(r"<h[23]>(.*?)</h[23]>", article["body"].lower())
    assert not [h for h in headings if h.startswith(SECTIONS_OF_THE_PAGE)]


@each_article
def test_a_body_passes_the_allowlist_unchanged(article: dict[str, Any]) -> None:
    assert clean(article["body"]) == article["body"]


@each_article
def test_every_footnote_of_an_article_is_mentioned(article: dict[str, Any]) -> None:
    assert "[^" not in with_structure(article["body"])


def test_the_demo_shows_an_editor_footnotes_and_pull_quotes() -> None:
    bodies = [article["body"] for article in ARTICLES.values()]
    assert [body for body in bodies if "[^" in body]
    assert [body for body in bodies if '<blockquote class="pull">' in body]
    assert [body for body in bodies if "<blockquote>" in body]


@each_article
def test_an_article_points_to_others_that_exist(article: dict[str, Any]) -> None:
    related = article["related"]
    assert 2 <= len(related) <= 3
    assert len(set(related)) == len(related)
    assert set(related) <= set(ARTICLES) - {article["slug"]}
    assert article["author"] in {author["slug"] for author in content()["authors"]}
    assert set(article["tags"]) <= {tag["slug"] for tag in content()["tags"]}
    assert article["tags"]


@each_article
def test_a_cover_is_there_and_described(article: dict[str, Any]) -> None:
    cover = article["cover"]
    assert cover["picture"] in PICTURES
    assert cover["alt"]
    assert cover["caption"]
    assert cover["credit"]


def test_every_topic_has_an_article() -> None:
    used = {tag for article in ARTICLES.values() for tag in article["tags"]}
    assert used == {tag["slug"] for tag in content()["tags"]}


# The issues


def test_issues_are_made_of_articles_that_were_out_by_then() -> None:
    for issue in content()["issues"]:
        assert len(issue["preheader"]) <= 110
        assert clean(issue["intro"], short=True) == issue["intro"].strip()
        for entry in issue["posts"]:
            assert ARTICLES[entry["slug"]]["days_ago"] > issue.get("sent_days_ago", 0)


# The pictures and the papers


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_large_as_its_place_needs(name: str) -> None:
    with Pillow.open(demo.PICTURES / f"{name}.jpg") as picture:
        picture.load()
        assert picture.format == "JPEG"
        assert picture.size == ((800, 800) if name.startswith("portrait-") else (1600, 900))


def test_every_file_of_the_demo_is_used_and_all_are_small_enough_for_the_repository() -> None:
    used = [row["picture"] for row in (*content()["authors"], *content()["resources"])]
    used += [article["cover"]["picture"] for article in ARTICLES.values()]
    assert sorted(set(used)) == PICTURES
    documents = {row["slug"] for row in content()["resources"]}
    assert {path.stem for path in demo.DOCUMENTS.iterdir()} == documents
    files = [*demo.PICTURES.iterdir(), *demo.DOCUMENTS.iterdir()]
    assert sum(file.stat().st_size for file in files) < 2_000_000


@pytest.mark.parametrize("resource", content()["resources"], ids=lambda row: row["slug"])
def test_a_resource_is_a_real_document(resource: dict[str, Any]) -> None:
    reader = PdfReader(demo.DOCUMENTS / f"{resource['slug']}.pdf")
    assert 3 <= len(reader.pages) <= 5
    assert reader.metadata is not None
    assert reader.metadata.title == resource["title"]
    assert resource["title"] in reader.pages[0].extract_text()
    assert all(len(page.extract_text().split()) > 40 for page in reader.pages)
    assert reader.get_form_text_fields()


# Loading


@pytest.mark.django_db
def test_loading_fills_the_site(small_pictures: None) -> None:
    summary = load()

    assert summary.created == {
        "authors": 2, "topics": 9, "articles": 13, "resources": 2, "issues": 3,
    }  # fmt: skip
    assert Post.objects.published().count() == 13
    for post in Post.objects.all():
        article = ARTICLES[post.slug]
        assert post.body == article["body"]
        assert [related.slug for related in post.connected()] == article["related"]
        assert {tag.slug for tag in post.tags.all()} == set(article["tags"])
        assert post.cover is not None
        assert post.author.photo is not None
    for resource in Resource.objects.all():
        with resource.file.open() as file:
            assert file.read().startswith(b"%PDF")


@pytest.mark.django_db
def test_a_sent_demo_issue_is_frozen_and_went_to_nobody(small_pictures: None) -> None:
    Subscriber.objects.create(address="reader@example.org", state=Subscriber.State.CONFIRMED)

    load()

    first, second, third = Issue.objects.order_by("number")
    for issue in (first, second):
        assert issue.state == Issue.State.SENT
        assert issue.sent_at is not None
        assert issue.sent_at < timezone.now()
        assert issue.recipients == sum(issue.totals().values()) == 0
        for row in issue.issue_posts.select_related("post"):
            assert row.post.get_absolute_url() in issue.content.web_html
    assert third.state == Issue.State.DRAFT
    assert third.issue_posts.count() == 2
    assert not Delivery.objects.exists()
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_loading_twice_changes_nothing(small_pictures: None) -> None:
    load()
    before = everything()

    assert load().created == {}
    assert everything() == before


@pytest.mark.django_db
def test_loading_again_does_not_change_what_an_editor_wrote(small_pictures: None) -> None:
    load()
    post = Post.objects.get(slug="the-twelfth-hour")
    post.title = "An editor's better title"
    post.published_at = None
    post.save()
    post.tags.clear()
    RelatedPost.objects.filter(post=post).delete()
    Issue.objects.filter(number=3).update(subject="An editor's subject")
    before = everything()

    load()

    assert everything() == before
    assert not Post.objects.get(slug="the-twelfth-hour").tags.exists()


@pytest.mark.django_db
def test_loading_again_brings_back_what_is_missing(small_pictures: None) -> None:
    load()
    Resource.objects.get(slug="after-call-check-in").delete()

    assert load().created == {"resources": 1}


@pytest.mark.django_db
def test_an_editors_topic_of_the_same_name_stays_the_only_one(small_pictures: None) -> None:
    own = Tag.objects.create(name="Training", slug="our-training")

    load()

    assert Tag.objects.get(name="Training") == own


@pytest.mark.django_db
def test_the_command_says_what_it_did(
    small_pictures: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("load_demo")
    assert "13 articles" in capsys.readouterr().out

    call_command("load_demo")
    assert "nothing was changed" in capsys.readouterr().out
