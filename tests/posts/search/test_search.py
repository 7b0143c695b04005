"""Searching articles, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts.models import Post
from posts.search.finding import (
    popular_topics,
    respelled,
    search,
    suggest,
    suggest_titles,
)
from posts.search.query import fold, parse
from posts.search.sql import HITS_PER_PAGE
from tests.factories import make_post, make_tag
from tests.plans import whole_table_read

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def titles(text: str, **how: object) -> list[str]:
    return [hit.post.title for hit in search(text, **how).hits]  # type: ignore[arg-type]  # as search() takes them


# Matching


@pytest.mark.parametrize("typed", ["dispatch", "dispatcher", "dispatchers", "dispatching"])
def test_a_word_is_found_in_its_other_forms(typed: str) -> None:
    make_post(title="Found", body="<p>Three dispatchers were dispatching.</p>")
    make_post(title="Other")
    assert titles(typed) == ["Found"]


def test_every_word_must_match_in_any_place() -> None:
    make_post(title="Night shifts", body="<p>Sleep well.</p>")
    make_post(title="Night work")
    assert titles("sleep night") == ["Night shifts"]


def test_a_phrase_matches_in_its_order_only() -> None:
    make_post(title="Order", body="<p>Ask for peer support today.</p>")
    make_post(title="Disorder", body="<p>Support comes from a peer.</p>")
    assert titles('"peer support"') == ["Order"]
    assert set(titles("peer support")) == {"Order", "Disorder"}


def test_a_phrase_of_stop_words_matches() -> None:
    make_post(title="Hamlet", body="<p>To be or not to be.</p>")
    make_post(title="Other", body="<p>Be good to them.</p>")
    assert titles('"to be"') == ["Hamlet"]


def test_an_excluded_word_or_phrase_removes_articles() -> None:
    make_post(title="Fire", body="<p>Training for fires.</p>")
    make_post(title="Peers", body="<p>Training in peer support.</p>")
    make_post(title="Rest", body="<p>Training, and support from a peer.</p>")
    assert set(titles("training -fire")) == {"Peers", "Rest"}
    assert set(titles('training -"peer support"')) == {"Fire", "Rest"}


@pytest.mark.parametrize("typed", ["em", "eme", "emerg", "emerge", "emergen", "emergenc"])
def test_the_last_word_matches_as_a_prefix(typed: str) -> None:
    # The stem is "emerg"; a prefix may be longer than the stem.
    make_post(title="Found", body="<p>In an emergency, listen.</p>")
    assert titles(typed) == ["Found"]
    assert titles(f"listen {typed}") == ["Found"]


def test_only_the_last_word_is_a_prefix() -> None:
    make_post(body="<p>In an emergency, listen.</p>")
    assert titles("emer listen") == []


def test_a_whole_word_ranks_above_a_prefix_match() -> None:
    make_post(title="A car", summary="s")
    make_post(title="A career", summary="s")
    assert titles("car")[0] == "A car"


def test_accents_are_ignored() -> None:
    make_post(title="José Peña")
    make_post(title="Café", body="<p>Nai\u0308ve.</p>")
    assert titles("jose pena") == ["José Peña"]
    assert titles("CAFÉ naive") == ["Café"]


@pytest.mark.parametrize("written", ["9-1-1", "911"])
@pytest.mark.parametrize("typed", ["911", "9-1-1", '"9-1-1"'])
def test_both_spellings_of_911_match_each_other(written: str, typed: str) -> None:
    make_post(title="Found", body=f"<p>The {written} system.</p>")
    make_post(title="Other", body="<p>Nine calls, 9 of them at 1.</p>")
    assert titles(typed) == ["Found"]
    assert f"<mark>{written}</mark>" in search(typed).hits[0].snippet


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("police/EMS", "ems"),
        ("call-taking", "taking"),
        ("call-taking", "call-taking"),
        ("don’t", "don't"),
        ("dispatchers", "dispatcher's"),
        ("the dispatcher’s chair", "DISPATCHER’S chairs"),
        ("the dispatcher’s chair", '"dispatcher\'s chair"'),
        ("ruth@example.org", "example"),
        ("https://example.org/radio", "radio"),
        ("night_shift", "night"),
        ("24/7", "24"),
        ("(whisper)", "whisper"),
    ],
)
def test_punctuation_separates_words(written: str, typed: str) -> None:
    make_post(title="Found", body=f"<p>About {written} here.</p>")
    assert titles(typed) == ["Found"]


def test_markup_is_not_indexed() -> None:
    body = (
        "<p>An <strong>ab</strong>ra<em>cadabra</em> word.</p><p>next</p><p>neighbour</p>"
        '<p><a href="https://hidden.example/secret">shown</a> R&amp;D &lt;b&gt; caf&eacute;</p>'
        '<figure><img src="/media/pic.png" alt="x &gt; covert" width="1" height="1"></figure>'
    )
    make_post(title="Found", body=body)
    for markup in (
        "strong",
        "href",
        "hidden",
        "secret",
        "figure",
        "img",
        "png",
        "amp",
        "lt",
        "width",
    ):
        assert titles(f'"{markup}"') == [], markup
    for text in ("abracadabra", "shown", '"next neighbour"', '"R&D"', '"<b>"', "café"):
        assert titles(text) == ["Found"], text


def test_a_topic_finds_its_articles() -> None:
    make_post(title="Found", tags=[make_tag("Wellness"), make_tag("Fire dispatch")])
    make_post(title="Other")
    assert titles("wellness") == ["Found"]
    assert titles("wellness fire") == ["Found"]


# Ranking


def test_title_ranks_above_summary_topic_and_body() -> None:
    text = "<p>We write about silence and about other things, each at its time.</p>"
    make_post(title="Body", summary="Some words", body=text)
    make_post(title="Topic", summary="Some words", tags=[make_tag("Silence")])
    make_post(title="Summary", summary="Some silence")
    make_post(title="Silence", summary="Some words")
    assert titles("silence") == ["Silence", "Summary", "Topic", "Body"]


def test_results_are_ranked_by_frequency_and_then_date() -> None:
    day = timedelta(days=1)
    old = timezone.now() - 9 * day
    make_post(title="Often", summary="s", body="<p>Radio, radio, radio, radio.</p>")
    make_post(title="Older", summary="s", body="<p>Once a radio, a b c.</p>", published_at=old)
    make_post(
        title="Newer", summary="s", body="<p>Once a radio, a b c.</p>", published_at=old + day
    )
    assert titles("radio") == ["Often", "Newer", "Older"]


def test_sorting_by_date_lists_the_newest_first() -> None:
    old = timezone.now() - timedelta(days=9)
    make_post(title="Silence", published_at=old)
    make_post(title="Newer", body="<p>A silence.</p>")
    assert titles("silence") == ["Silence", "Newer"]
    assert titles("silence", sort="date") == ["Newer", "Silence"]


# Unpublished articles


def test_unpublished_articles_are_never_found() -> None:
    tag = make_tag("Hush")
    make_post(title="Hush", body="<p>Hush.</p>", published_at=None, tags=[tag])
    make_post(title="Hush", published_at=timezone.now() + timedelta(minutes=5), tags=[tag])
    withdrawn = make_post(title="Hush", tags=[tag])
    Post.objects.filter(pk=withdrawn.pk).withdraw()
    found = search("hush")
    assert (found.total, found.hits, found.topics, found.years) == (0, [], [], [])
    assert suggest("hus") == []
    assert suggest_titles("hush") == []
    assert popular_topics() == []
    assert respelled(parse("hushh")) == ""


def test_a_scheduled_article_is_found_from_its_publication(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = timezone.now() + timedelta(hours=1)
    make_post(title="Later", published_at=moment)
    assert titles("later") == []
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    assert titles("later") == ["Later"]


def test_no_word_of_a_draft_is_suggested() -> None:
    make_post(title="Draft", body="<p>Acquisition of Motorola.</p>", published_at=None)
    make_post(title="Published", body="<p>Answer the call.</p>")
    assert respelled(parse("acquisitoin")) == ""
    assert respelled(parse("answre")) == "answer"


# Filters and pagination


def test_topic_counts_respect_the_year_and_year_counts_the_topic() -> None:
    fire, quiet = make_tag("Fire"), make_tag("Quiet")
    make_post(tags=[fire], body="<p>Radio.</p>", published_at=datetime(2024, 6, 1, tzinfo=UTC))
    make_post(
        tags=[fire, quiet], body="<p>Radio.</p>", published_at=datetime(2025, 6, 1, tzinfo=UTC)
    )
    make_post(tags=[quiet], body="<p>Radio.</p>", published_at=datetime(2025, 6, 2, tzinfo=UTC))
    make_post(tags=[quiet], body="<p>Else.</p>", published_at=datetime(2025, 6, 2, tzinfo=UTC))

    def counts(**how: object) -> tuple[int, dict[str, int], dict[str, int]]:
        found = search("radio", **how)  # type: ignore[arg-type]  # likewise
        return (
            found.total,
            {topic.value: topic.count for topic in found.topics},
            {year.value: year.count for year in found.years},
        )

    assert counts() == (3, {"fire": 2, "quiet": 2}, {"2025": 2, "2024": 1})
    assert counts(year=2024) == (1, {"fire": 1}, {"2025": 2, "2024": 1})
    assert counts(tag="fire") == (2, {"fire": 2, "quiet": 2}, {"2025": 1, "2024": 1})
    assert counts(tag="fire", year=2025) == (1, {"fire": 1, "quiet": 2}, {"2025": 1, "2024": 1})
    assert counts(tag="unknown") == (0, {"fire": 2, "quiet": 2}, {})
    assert counts(year=1999) == (0, {}, {"2025": 2, "2024": 1})


def test_a_year_ends_at_midnight_of_the_configured_time_zone() -> None:
    # Half past eleven in the evening of December 31 in New York, and half past midnight.
    make_post(title="Old year", published_at=datetime(2025, 1, 1, 4, 30, tzinfo=UTC))
    make_post(title="New year", published_at=datetime(2025, 1, 1, 5, 30, tzinfo=UTC))
    assert titles("year", year=2024) == ["Old year"]
    assert titles("year", year=2025) == ["New year"]
    assert {year.value: year.count for year in search("year").years} == {"2025": 1, "2024": 1}


def test_topics_are_sorted_by_count_and_years_by_date() -> None:
    rare, common = make_tag("A rare one"), make_tag("Common")
    for year, tags in ((2024, [common, rare]), (2026, [common]), (2025, [])):
        make_post(title="Radio", tags=tags, published_at=datetime(year, 2, 1, tzinfo=UTC))
    found = search("radio")
    assert [topic.label for topic in found.topics] == ["Common", "A rare one"]
    assert [year.label for year in found.years] == ["2026", "2025", "2024"]


def test_pages_list_every_article_once_and_are_clamped_to_the_last() -> None:
    for number in range(2 * HITS_PER_PAGE + 3):
        make_post(title=f"Radio {number}")
    pages = [search("radio", page=number) for number in (1, 2, 3)]
    assert [len(page.hits) for page in pages] == [HITS_PER_PAGE, HITS_PER_PAGE, 3]
    assert len({hit.post.pk for page in pages for hit in page.hits}) == 2 * HITS_PER_PAGE + 3
    past = search("radio", page=10**8)
    assert (past.number, past.total) == (3, 2 * HITS_PER_PAGE + 3)
    assert [hit.post for hit in past.hits] == [hit.post for hit in pages[2].hits]
    assert search("radio", page=-1).number == 1
    assert search("radio", tag="none", page=7).number == 1


# Snippets


def test_matches_are_marked_in_title_and_snippet() -> None:
    long = "Nothing to see here. " * 60
    make_post(
        title="Silent nights",
        summary="A summary.",
        body=f"<p>{long}</p><p>Then a long silence <em>fell</em> at night. {long}</p>",
    )
    (hit,) = search("silence night").hits
    assert "<mark>nights</mark>" in hit.title
    assert "long <mark>silence</mark> fell at <mark>night</mark>." in hit.snippet
    assert hit.snippet.endswith("…")
    assert len(hit.snippet) < 400


@pytest.mark.parametrize("word", ["Éclair", "Pärt", "Señora", "Überlingen", "naïve"])
def test_a_word_with_an_accent_is_marked(word: str) -> None:
    make_post(title=f"Of {word}, and others", body=f"<p>Here is “{word}” once more.</p>")
    for typed in (word, fold(word)):
        (hit,) = search(typed).hits
        assert f"<mark>{word}</mark>" in hit.title, typed
        assert f"“<mark>{word}</mark>”" in hit.snippet, typed


def test_blocks_are_separated_in_a_snippet() -> None:
    make_post(body="<h2>On silence</h2>\n<p>One\nsilence.</p><ul><li>Two</li><li>Three</li></ul>")
    (hit,) = search("silence").hits
    assert hit.snippet == "On <mark>silence</mark> · One <mark>silence</mark>. Two · Three"


def test_only_the_phrase_is_marked() -> None:
    make_post(body="<p>A peer is no support. Ask for peer support.</p>", summary="s")
    (hit,) = search('"peer support"').hits
    snippet = hit.snippet.replace("</mark> <mark>", " ")
    assert "Ask for <mark>peer support</mark>." in snippet
    assert "A peer is no support" in snippet


def test_without_a_match_in_the_body_the_summary_is_shown() -> None:
    make_post(title="Silence", summary="All about <it>.", body="<p>Nothing.</p>")
    assert search("silence").hits[0].snippet == "All about &lt;it&gt;."


def test_results_are_escaped_except_for_the_marks() -> None:
    make_post(
        title="<script>alert(1)</script> & radio",
        summary="<img src=x onerror=alert(1)>",
        body="<p>&lt;script&gt;radio &lt;/script&gt; \x02 &amp;amp; <b>radio</b> \x03</p>",
    )
    (hit,) = search("radio").hits
    assert hit.title == "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <mark>radio</mark>"
    assert hit.snippet.replace("<mark>", "").replace("</mark>", "").count("<") == 0
    assert "&lt;script&gt;<mark>radio</mark>" in hit.snippet
    (hit,) = search("onerror").hits
    assert hit.snippet == "&lt;img src=x <mark>onerror</mark>=alert(1)&gt;"


# Any input


NASTY = [
    "'",
    "''; DROP TABLE posts_post; --",
    '" OR 1=1 --',
    '"""""',
    "fire AND",
    "NEAR(fire alarm, 2)",
    "title:fire",
    "{title} : fire",
    "^fire",
    "fire*",
    "*",
    "fire & | ! <-> :*",
    "(fire",
    "fire)))",
    "\\",
    "\\'",
    "$$",
    "%s %% %",
    "{} {0} {fire}",
    "?",
    "\x00fire\x00",
    "fire\x02\x03",
    "🔥 fire 🚒",
    "\u202efire",
    "\ud800",
    "ﬁre ½ ² Ⅷ",
    "火 пожар نار",
    "fire " * 1600,
    "x" * 8000,
    '"' + "fire " * 2000,
    "-" * 500,
    "-a " * 500,
    '-"fire',
    "fire -fire",
    "1e999 0x1F 007 -1 +1 1.5",
    "http://user:pw@[::1]:80/?a=b&c=d#e",
]


@pytest.mark.parametrize("typed", NASTY)
def test_no_input_causes_an_error(typed: str) -> None:
    make_post(title="Fire", body="<p>Fire, fire.</p>")
    for sort in ("relevance", "date"):
        search(typed, sort=sort)  # type: ignore[arg-type]  # one of the two
    suggest(typed)
    respelled(parse(typed))
    with connection.cursor() as cursor:
        # PostgreSQL would refuse this query after an error in the transaction.
        cursor.execute("SELECT count(*) FROM posts_post")
        assert cursor.fetchone() == (1,)


def test_a_search_takes_at_most_three_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    tag = make_tag("Fire")
    make_post(body="<p>Radio.</p>", tags=[tag])
    with django_assert_num_queries(3, exact=False):
        search("radio", tag="fire", year=timezone.now().year)
    for _ in range(15):
        make_post(body="<p>Radio.</p>", tags=[tag, make_tag()])
    with django_assert_num_queries(3, exact=False):
        search("radio", page=2)
    with django_assert_num_queries(1):
        search("nothing here")
    with django_assert_num_queries(0):
        search("-radio")
    make_post(title="Radio")
    with django_assert_num_queries(2):
        suggest("radio")
    with django_assert_num_queries(5):
        suggest("raido")


@pytest.mark.usefixtures("new_tables")
def test_counting_topics_does_not_scan_the_whole_link_table() -> None:
    make_post(title="Dispatch", tags=[make_tag("Fire")])
    with CaptureQueriesContext(connection) as seen:
        assert search("dispatch").topics
    assert whole_table_read(seen.captured_queries, "posts_post_tags") == []
