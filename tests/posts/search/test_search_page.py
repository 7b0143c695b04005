"""The search page, and suggestions while a reader types."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts import copying
from posts.merging import merge
from posts.models import Tag
from posts.search.sql import HITS_PER_PAGE
from tests.factories import make_author, make_image, make_post, make_resource, make_tag
from tests.posts.search.test_search import NASTY

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def page(client: Client, **asked: str) -> str:
    response = client.get("/search/", asked)
    assert response.status_code == 200
    return response.content.decode()


def test_results_are_marked_and_link_to_their_articles(client: Client) -> None:
    make_post(title="Silence", slug="silence", body="<p>A long silence.</p>")
    html = page(client, q="silence")
    assert '<a class="cover-link" href="/articles/silence/"><mark>Silence</mark></a>' in html
    assert "A long <mark>silence</mark>." in html
    assert "1 article for “silence”" in html


def test_the_form_keeps_the_query(client: Client) -> None:
    fire = make_tag("Fire")
    post = make_post(title="Silence", tags=[fire])
    year = str(timezone.localtime(post.published_at).year)
    html = page(client, q='"silence" <b>', tag="fire", year=year, sort="date")
    assert 'value="&quot;silence&quot; &lt;b&gt;"' in html
    html = page(client, q="silence", tag="fire", year=year, sort="date")
    assert f"1 article for “silence” in Fire, {year}" in html
    assert f">Filter: Fire, {year}</summary>" in html
    current = re.findall(r'href="([^"]*)" aria-current="true"><span>([^<]*)', html)
    same = f"?q=silence&amp;tag=fire&amp;year={year}&amp;sort=date"
    assert current == [(same, "Fire"), (same, year), (same, "Newest first")]


def test_each_filter_keeps_what_the_others_say(client: Client) -> None:
    tags = [make_tag(f"Topic {letter}") for letter in "abcdefghijk"]
    make_post(title="Silence", tags=tags)
    html = page(client, q="silence")
    assert ">Filter: all topics, all years</summary>" in html
    assert "1 article for “silence”\n" in html
    assert html.count('href="?q=silence&amp;tag=topic-') == len(tags)
    assert "<summary>3 more</summary>" in html
    html = page(client, q="silence", tag="topic-k", sort="date", page="2")
    assert 'href="?q=silence&amp;tag=topic-a&amp;sort=date"' in html
    assert 'href="?q=silence&amp;sort=date"><span>All topics</span></a>' in html
    assert 'href="?q=silence&amp;tag=topic-k"><span>Best first</span></a>' in html
    # The topic that is chosen is among those that are not folded.
    assert "<span>Topic k</span>" in html.split('<details class="filters__more">')[0]


def test_results_have_small_pictures(client: Client) -> None:
    cover = make_image(1600, 900)
    copying.make(cover.pk)
    make_post(title="Silence", cover=cover, cover_alt="A console")
    html = page(client, q="silence").split('<div class="hit__cover">')[1].split("</div>")[0]
    assert 'alt=""' in html, "the title beside it is the link"
    assert "-320.avif" in html and "-750." not in html and 'loading="lazy"' in html


def test_the_page_is_a_plain_form_with_noindex(client: Client) -> None:
    html = page(client)
    assert '<form class="finder__form" method="get" action="/search/" role="search">' in html
    assert '<meta name="robots" content="noindex">' in html
    assert '<link rel="canonical" href="http://localhost:8000/search/">' in html


def test_the_page_is_publicly_cacheable(client: Client) -> None:
    for address in ("/search/", "/search/?q=fire", "/search/suggest/?q=fire"):
        response = client.get(address)
        assert "public" in response["Cache-Control"]
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")


@pytest.mark.parametrize("address", ["/search/", "/search/suggest/"])
def test_only_get_and_head_are_allowed(client: Client, address: str) -> None:
    assert client.head(address, {"q": "fire"}).status_code == 200
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(address).status_code == 405


def test_pagination_links_keep_the_query(client: Client) -> None:
    fire = make_tag("Fire")
    for _ in range(2 * HITS_PER_PAGE + 1):
        make_post(body="<p>Radio &amp; siren.</p>", tags=[fire])
    html = page(client, q='"radio & siren"', tag="fire", sort="date", page="2", evil="<x>")
    address = "?q=%22radio+%26+siren%22&amp;tag=fire&amp;sort=date"
    assert f'rel="prev" href="{address}"' in html
    assert f'rel="next" href="{address}&amp;page=3"' in html
    assert "Page 2 of 3" in html
    assert "evil" not in html


@pytest.mark.parametrize(
    "number", ["0", "-1", "abc", "1000000000", "9" * 500, "٣", "1.5", "", " 2"]
)
def test_any_page_number_gives_a_page(client: Client, number: str) -> None:
    for _ in range(HITS_PER_PAGE + 1):
        make_post(body="<p>Radio.</p>")
    assert "for “radio”" in page(client, q="radio", page=number)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("year", "abc"),
        ("year", "0"),
        ("year", "99999"),
        ("year", "1900"),
        ("tag", "unknown"),
        ("tag", "' OR 1=1 --"),
        ("tag", "x" * 5000),
        ("tag", "\x00"),
        ("sort", "'; --"),
        ("nonsense", "1"),
    ],
)
def test_invalid_filters_are_ignored(client: Client, name: str, value: str) -> None:
    make_post(body="<p>Radio.</p>")
    assert "Radio" in page(client, q="Radio", **{name: value})


@pytest.mark.parametrize("typed", NASTY)
def test_no_input_breaks_the_page(client: Client, typed: str) -> None:
    make_post(title="Fire", body="<p>Fire, fire.</p>")
    html = page(client, q=typed.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    assert html.count("<h1") == 1
    assert client.get("/search/suggest/", {"q": typed.replace("\ud800", "")}).status_code == 200


@pytest.mark.parametrize(
    "raw", ["q=%ff%fe", "q=%00", "q=%ed%a0%80", "q", "q=a&q=b", "=&&;", "q[]=x"]
)
def test_no_query_string_breaks_the_page(client: Client, raw: str) -> None:
    assert client.get(f"/search/?{raw}").status_code == 200
    assert client.get(f"/search/suggest/?{raw}").status_code == 200


def test_the_query_is_escaped(client: Client) -> None:
    attack = '"><script>alert(1)</script>\' onfocus=alert(1) x="'
    html = page(client, q=attack, tag=attack, year=attack, sort=attack, page=attack)
    assert "<script>alert" not in html
    assert "onfocus=alert(1) x=&quot;" in html


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dispacth", "dispatch"),
        ("fatuige", "fatigue"),
        ("fatuige dispacth", "fatigue dispatch"),
        ("idspatch", "dispatch"),
        ("dispacth -radio", "dispatch -radio"),
    ],
)
def test_a_misspelt_query_shows_the_corrected_results(
    client: Client, typed: str, meant: str
) -> None:
    make_post(title="Fatigue", slug="fatigue", body="<p>At dispatch.</p>")
    html = page(client, q=typed)
    assert "1 article for" in html
    assert 'href="/articles/fatigue/"' in html
    assert f"Showing results for <strong>{meant}</strong> instead of “{typed}”." in html
    assert f'value="{meant}"' in html
    exactly = urlencode({"q": typed, "exact": "1"}).replace("&", "&amp;")
    assert f'<a href="?{exactly}">Search for exactly “{typed}”</a>' in html


def test_an_exact_query_is_not_corrected(client: Client) -> None:
    make_post(body="<p>A dispatcher.</p>", tags=[make_tag("Wellness")])
    html = page(client, q="dispacher", exact="1")
    assert "Nothing found for “dispacher”" in html
    assert "instead of" not in html
    assert 'Did you mean <a href="?q=dispatcher">dispatcher</a>?' in html
    assert 'href="/tags/wellness/">Wellness' in html


def test_a_query_with_results_is_not_corrected(client: Client) -> None:
    make_post(title="Dispatch", tags=[make_tag("Fire")])
    make_post(title="Dispacth")
    for asked in ({}, {"year": "1999"}, {"tag": "fire"}):
        assert "instead of" not in page(client, q="dispacth", **asked)


def test_pagination_and_filters_use_the_corrected_query(client: Client) -> None:
    fire = make_tag("Fire")
    for _ in range(HITS_PER_PAGE + 1):
        make_post(title="Fatigue", tags=[fire])
    html = page(client, q="fatuige")
    assert 'rel="next" href="?q=fatigue&amp;page=2"' in html
    html = page(client, q="fatuige", tag="fire", sort="date", page="2")
    assert 'rel="prev" href="?q=fatigue&amp;tag=fire&amp;sort=date"' in html
    html = page(client, q="fatuige", year="1999")
    assert "Nothing found for “fatigue”" in html
    assert '<a href="?q=fatigue">Look in all topics and years</a>' in html


def test_a_query_is_not_corrected_to_a_word_of_a_draft(client: Client) -> None:
    make_post(title="Acquisition", published_at=None)
    html = page(client, q="acquisitoin")
    assert "Nothing found for “acquisitoin”" in html
    assert "acquisition" not in html.lower()


def test_a_corrected_query_is_escaped(client: Client) -> None:
    make_post(title="Fatigue <b>")
    html = page(client, q='fatuige <b onclick="x">')
    assert "<b onclick" not in html
    html = page(client, q="fatuige </b> &")
    assert "instead of “fatuige &lt;/b&gt; &amp;”" in html


def test_nothing_found_offers_popular_topics(client: Client) -> None:
    make_post(body="<p>A dispatcher.</p>", tags=[make_tag("Wellness")])
    html = page(client, q="dispacher & co")
    assert "Nothing found for “dispacher &amp; co”" in html
    assert 'href="/tags/wellness/">Wellness' in html


def test_filters_without_results_link_to_the_unfiltered_search(client: Client) -> None:
    make_post(title="Radio", tags=[make_tag("Fire")])
    html = page(client, q="radio", year="1999", tag="fire")
    assert '<a href="?q=radio">Look in all topics and years</a>' in html
    assert "Nothing found for “radio” in fire, 1999" in html
    assert 'aria-current="true"><span>1999</span>' in html


def test_a_query_of_exclusions_only_asks_for_a_word(client: Client) -> None:
    make_post()
    assert "Type a word to look for besides what to leave out." in page(client, q="-fire")


def test_suggestions_are_json(client: Client) -> None:
    make_post(title="Silence & <b>", slug="silence")
    response = client.get("/search/suggest/", {"q": "sil"})
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == {
        "suggestions": [{"kind": "article", "label": "Silence & <b>", "url": "/articles/silence/"}]
    }


def test_the_page_takes_at_most_five_queries_or_seven_after_a_slip(
    client: Client, settings: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # With kept pages, the footer and the resources are cached.
    settings.KEPT_PAGES_SECONDS = 300
    make_resource()
    fire = make_tag("Fire")
    make_post(body="<p>Radio.</p>", author=make_author(name="Ruth Halloran"))
    page(client)
    for _ in range(2):
        for asked in (
            {},
            {"q": "radio"},
            {"q": "radio", "tag": "fire", "sort": "date", "page": "2"},
            {"q": "rxxdxo"},
            {"q": "ruth"},
            {"q": "-radio"},
            {"q": "radio", "year": "1999"},
            {"q": "radio", "tag": "nothing-known"},
        ):
            with django_assert_num_queries(5, exact=False):
                page(client, **asked)
        # After a slip, names are asked for again, and authors for their pictures.
        for asked in ({"q": "raido"}, {"q": "hallorann"}):
            with django_assert_num_queries(7, exact=False):
                page(client, **asked)
        for _ in range(2 * HITS_PER_PAGE):
            make_post(body="<p>Radio.</p>", tags=[fire, make_tag()])


def test_authors_and_topics_with_the_name_are_shown_above_the_articles(client: Client) -> None:
    photo = make_image(400, 400)
    ruth = make_author(name="Ruth Halloran <b>", role="Trainer", photo=photo)
    make_post(title="Other", author=ruth, tags=[make_tag("Fire & smoke")])
    for asked in ("ruth", "hallorann"):
        html = page(client, q=asked)
        assert '<section class="person" aria-label="Author: Ruth Halloran &lt;b&gt;">' in html
        person = html.split('<section class="person"')[1].split("</section>")[0]
        assert 'href="/authors/ruth-halloran-b/">Ruth Halloran &lt;b&gt;</a>' in person
        assert "<span>Trainer</span> <span>1 article</span>" in person
        assert photo.file.url in person
        assert "1 article for" in html
        assert ("instead of" in html) == (asked == "hallorann")
        assert html.index("person__name") < html.index('class="hits"')
    html = page(client, q="smo")
    assert (
        '<a class="topic" href="/tags/fire-smoke/"><span class="finder__count">Topic:</span> Fire'
        in html
    )
    assert "1 article for" in html
    for asked in ({"tag": "fire-smoke"}, {"year": "2020"}):
        assert "Topics with this name" not in page(client, q="smoke", **asked)
    assert "Topics with this name" not in page(client, q="nobody")


def test_a_filter_by_a_former_topic_slug_redirects(client: Client) -> None:
    fire, smoke = make_tag("Fire"), make_tag("Smoke")
    make_post(title="Silence", tags=[fire, smoke])
    fresh = Tag.objects.get(pk=fire.pk)
    fresh.slug = "flames"
    fresh.save()
    address = "/search/?q=silence&tag=fire&sort=date&x=%22%3E"
    response = client.get(address)
    assert response.status_code == 301
    assert response["Location"] == "/search/?q=silence&tag=flames&sort=date"
    # Two cached redirects could form a loop after the slug is changed back.
    assert response["Cache-Control"] == "no-cache"
    assert "1 article for" in client.get(response["Location"]).content.decode()
    deeper = client.get(f"{address}&page=2")["Location"]
    assert deeper == "/search/?q=silence&tag=flames&sort=date&page=2"
    merge([smoke.pk], fire.pk)
    assert client.get("/search/?q=%00&tag=smoke")["Location"] == "/search/?tag=flames"
    # A former slug that another topic uses now belongs to that topic.
    make_tag("New", slug="fire")
    assert client.get("/search/?q=silence&tag=fire").status_code == 200
