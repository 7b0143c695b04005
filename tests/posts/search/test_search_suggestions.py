"""Suggestions while a reader types, and corrections where nothing is found."""

import pytest

from posts.search.finding import (
    popular_topics,
    respelled,
    suggest,
)
from posts.search.query import parse
from tests.factories import make_author, make_post, make_tag

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def test_suggestions_are_topics_authors_and_titles_with_the_prefix() -> None:
    make_post(title="Silence on the line", slug="silence", tags=[make_tag("Siren sounds")])
    make_post(title="Other", body="<p>Silence.</p>")
    assert [(s.kind, s.label, s.url) for s in suggest("sil")] == [
        ("article", "Silence on the line", "/articles/silence/")
    ]
    assert next((s.kind, s.label, s.url) for s in suggest("si")) == (
        "topic",
        "Siren sounds",
        "/tags/siren-sounds/",
    )
    assert [s.label for s in suggest("sound")] == ["Siren sounds"]
    make_post(title="By her", author=make_author(name="Ruth Halloran"))
    make_post(title="Not yet", author=make_author(name="Ruth Draft"), published_at=None)
    assert [(s.kind, s.label, s.url) for s in suggest("hallo")] == [
        ("author", "Ruth Halloran", "/authors/ruth-halloran/")
    ]
    assert [s.label for s in suggest("ruth")] == ["Ruth Halloran"]
    assert [s.label for s in suggest("line silen")] == ["Silence on the line"]
    assert suggest("s") == []
    assert suggest("%") == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dispacher", "dispatcher"),
        ("dipsatcher", "dispatcher"),
        ("emergancy", "emergency"),
        ('"emergancy dispacher" fire', '"emergency dispatcher" fire'),
        ("Recieve", "receive"),
        ("emergancy -fier", "emergency -fier"),
        ("fier call", "fire call"),
        ("fyre call", "fire call"),
        ("emregancy", "emergency"),
        ("idspatcher", "dispatcher"),
        ("xyzxyz", ""),
        # These share only a prefix with "die" and "car".
        ('"disp"', ""),
        ("café", ""),
        ("emergency", ""),
    ],
)
def test_a_correction_is_a_similar_word_of_the_index(typed: str, meant: str) -> None:
    make_post(body="<p>The emergency dispatcher will receive a fire call.</p>")
    make_post(body="<p>An emergency dispatcher: fire. Die or drive a car.</p>")
    assert respelled(parse(typed)) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "fatuige",
        "Fatuige at",
        "fatuig",
        "fatgiue",
        "dispacth fatig",
        "haloran",
        "halloarn",
        "welness",
    ],
)
def test_suggestions_correct_a_misspelling(typed: str) -> None:
    ruth = make_author(name="Ruth Halloran")
    make_post(title="Fatigue at dispatch", tags=[make_tag("Wellness")], author=ruth)
    make_post(title="Other", body="<p>Nothing.</p>", author=make_author(name="Joe"))
    [found] = suggest(typed)
    assert found.label in ("Fatigue at dispatch", "Ruth Halloran", "Wellness")


@pytest.mark.parametrize("typed", ["fatx", "xyzxyz", '"fatuige" -x', "fatuige"])
def test_suggestions_do_not_correct_to_unrelated_words(typed: str) -> None:
    make_post(title="Father at dispatch")
    assert suggest(typed) == []
    assert respelled(parse(typed)) == ""


def test_no_draft_is_suggested_for_a_misspelling() -> None:
    make_post(title="Acquisition", published_at=None)
    assert suggest("acquisitoin") == suggest("acquistio") == []


def test_popular_topics_are_sorted_by_published_articles() -> None:
    fire, quiet = make_tag("Fire"), make_tag("Quiet")
    make_tag("Unused")
    make_post(tags=[fire])
    make_post(tags=[fire, quiet])
    make_post(tags=[quiet], published_at=None)
    assert [(topic.label, topic.count) for topic in popular_topics()] == [("Fire", 2), ("Quiet", 1)]
