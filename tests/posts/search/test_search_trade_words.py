"""Spellings of 911 systems, names of authors, and invisible characters within words."""

import pytest

from posts.migrations import _search_0011
from posts.models import Author, Post
from posts.search import index_postgresql, index_sqlite
from posts.search.finding import search, suggest
from posts.search.query import parse
from tests.factories import make_author, make_post, make_tag

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

NEXT_GENERATION = ["NG911", "NG9-1-1", "NG-911", "NG 911", "NG-9-1-1", "ng 9-1-1", "NG9‑1‑1"]
ENHANCED = ["E911", "E9-1-1", "E-911", "E 911", "e-9-1-1"]
PLAIN = ["911", "9-1-1", "9–1–1"]
SPELLINGS = [NEXT_GENERATION, ENHANCED]


def titles(text: str) -> list[str]:
    return sorted(hit.post.title for hit in search(text).hits)


@pytest.mark.parametrize("spellings", SPELLINGS, ids=["NG911", "E911"])
def test_every_spelling_of_a_system_finds_every_other(spellings: list[str]) -> None:
    for written in spellings:
        make_post(title=f"On {written}", body=f"<p>The state pays for {written} funding.</p>")
    make_post(title="Other", body="<p>Engine, 9 of 11, e, ng and the 911 center.</p>")
    everything = sorted(f"On {written}" for written in spellings)
    for typed in spellings:
        assert titles(typed) == everything, typed
        assert titles(f"{typed} state") == everything, typed
        assert titles(f'"{typed} funding"') == everything, typed
        assert titles(f'"state pays for {typed}"') == everything, typed
        assert titles(f"engine -{typed.replace(' ', '-')}") == ["Other"], typed


@pytest.mark.parametrize("typed", PLAIN)
def test_911_matches_every_system_but_no_system_matches_another(typed: str) -> None:
    every = [*PLAIN, *NEXT_GENERATION, *ENHANCED]
    for written in every[:10]:
        make_post(title=f"On {written}", body="<p>x</p>")
    make_post(title="Bare", body="<p>We answer E9-1-1 calls.</p>")
    assert len(titles(typed)) == 10
    assert search(typed).total == 11
    assert search("NG911").total == 7
    assert titles("E911") == ["Bare"]
    assert search(f"on -{typed}").total == 0


@pytest.mark.parametrize("spellings", SPELLINGS, ids=["NG911", "E911"])
def test_the_written_spelling_is_marked_for_every_typed_spelling(spellings: list[str]) -> None:
    for written in spellings:
        post = make_post(title="Found", body=f"<p>Who pays for {written} now?</p>")
        for typed in spellings:
            (hit,) = search(f"{typed} pays").hits
            joined = hit.snippet.replace("</mark> <mark>", " ").replace("</mark>-<mark>", "-")
            assert f"<mark>{written}</mark>" in joined, (written, typed)
        post.delete()


@pytest.mark.parametrize("typed", ["NG9", "ng91", "e91"])
def test_an_incomplete_system_name_is_a_prefix(typed: str) -> None:
    make_post(title="NG911 and E911")
    assert titles(typed) == ["NG911 and E911"]
    assert [s.label for s in suggest(typed)] == ["NG911 and E911"]


@pytest.mark.parametrize("typed", NEXT_GENERATION)
def test_a_topic_is_suggested_for_any_spelling(typed: str) -> None:
    make_post(title="x", tags=[make_tag("NG9-1-1")])
    assert [s.label for s in suggest(typed)] == ["NG9-1-1"]


def test_longer_numbers_are_not_911() -> None:
    make_post(title="Found", body="<p>Apollo 19-1-1, 9-1-10, and 91.1 FM; x911.</p>")
    for typed in ("911", "9-1-1", "NG911"):
        assert titles(typed) == []
    assert parse("ng -911").excluded and parse("ng -911").required[0].words == ("ng",)
    assert [term.words for term in parse("fire-911 radio").required] == [
        ("fire", "911"),
        ("radio",),
    ]


def test_a_phrase_with_many_spellings_is_bounded() -> None:
    make_post(title="911 NG911 911 e911")
    assert titles('"911 NG911 911 e911"') == ["911 NG911 911 e911"]
    assert len(parse('"' + "ng911 " * 30 + '"').required[0].spellings) <= 16
    search('"' + "ng911 " * 30 + '"')


# Authors


def test_the_name_of_an_author_finds_their_articles() -> None:
    ruth = make_author(name="Ruth Halloran")
    make_post(title="Hers", author=ruth, body="<p>On nights.</p>")
    make_post(title="Draft", author=ruth, published_at=None)
    make_post(title="Other", author=make_author(name="Joe Doe"))
    for typed in ("Ruth Halloran", "halloran", '"ruth halloran"', "halloran nights", "hallor"):
        assert titles(typed) == ["Hers"], typed
    assert titles("says -halloran") == ["Other"]


def test_the_index_follows_changes_of_the_author() -> None:
    ruth, joe = make_author(name="Ruth Halloran"), make_author(name="Joe Doe")
    post = make_post(title="Found", author=ruth, tags=[make_tag("Fire")])
    fresh = Author.objects.get(pk=ruth.pk)
    fresh.name = "Ruth Rosen"
    fresh.save()
    assert (titles("halloran"), titles("rosen fire")) == ([], ["Found"])
    Author.objects.filter(pk=ruth.pk).update(name="Ruth Weiss", bio="x")
    assert (titles("rosen"), titles("weiss")) == ([], ["Found"])
    Post.objects.filter(pk=post.pk).update(author=joe)
    assert (titles("weiss"), titles("doe fire")) == ([], ["Found"])
    post = Post.objects.get(pk=post.pk)
    post.author = ruth
    post.save()
    assert (titles("doe"), titles("weiss")) == ([], ["Found"])


# Invisible characters


@pytest.mark.parametrize(
    "invisible",
    list("\u00ad\u200b\u200c\u200d\u2060\ufeff\u034f\u200e\u200f"),
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_invisible_characters_are_ignored_in_text_and_query(invisible: str) -> None:
    word = f"dis{invisible}patch{invisible}er"
    make_post(
        title=f"A {word}", summary=f"Of {word}s.", body=f"<p>The <em>{word}</em> answers.</p>"
    )
    for typed in ("dispatcher", word, f'"the {word} answers"', f"dis{invisible}pat"):
        (hit,) = search(typed).hits
        assert "<mark>" in hit.snippet and "dispatcher" in hit.snippet, typed
    (hit,) = search("dispatcher").hits
    assert hit.title == "A <mark>dispatcher</mark>"
    assert hit.snippet == "The <mark>dispatcher</mark> answers."
    assert parse(word).text == "dispatcher"
    tag, ruth = make_tag(f"Ra{invisible}dio"), make_author(name=f"Ruth Hal{invisible}loran")
    make_post(title="Named", tags=[tag], author=ruth)
    assert titles("radio halloran") == ["Named"]


def test_a_joiner_between_emoji_stays() -> None:
    woman = "\U0001f469\u200d\U0001f692"
    heart = "\u2764\ufe0f\u200d\U0001f525"
    make_post(title=f"Radio {woman}", summary="s", body=f"<p>Radio {heart} and {woman}!</p>")
    (hit,) = search("radio").hits
    assert hit.title == f"<mark>Radio</mark> {woman}"
    assert f"<mark>Radio</mark> {heart} and {woman}!" in hit.snippet


# The migration


def test_the_newest_migration_makes_the_index_that_the_site_uses() -> None:
    """A changed statement needs a new migration."""
    assert _search_0011.POSTGRESQL_CREATE == index_postgresql.CREATE
    assert _search_0011.POSTGRESQL_REBUILD == index_postgresql.REBUILD
    assert _search_0011.POSTGRESQL_FINISH == index_postgresql.FINISH
    assert _search_0011.POSTGRESQL_DROP == index_postgresql.DROP
    assert _search_0011.SQLITE_CREATE_TABLE == index_sqlite.CREATE_TABLE
    assert _search_0011.SQLITE_DROP == index_sqlite.DROP
