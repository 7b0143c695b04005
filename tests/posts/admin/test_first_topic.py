"""The first topic of an article is its editor's choice, on the desk and wherever readers see it."""

import re
from typing import Any

import pytest
from django.test import Client

from alarmroom.desk.models import Revision
from newsletter.mail.articles import articles
from posts.merging import merge
from posts.models import Post, Tag
from posts.models.topic import START_HERE
from tests.alarmroom.desk.test_two_people import choose, opened, someone
from tests.factories import connect, make_issue, make_post, make_tag
from tests.posts.admin.desk import ADD, change, form, said, when

pytestmark = pytest.mark.django_db


@pytest.fixture
def tags() -> list[Tag]:
    """By name: Calls, Night, Wellness."""
    return [make_tag(name) for name in ("Calls", "Night", "Wellness")]


def cards(path: str) -> list[str]:
    page = Client().get(path).content.decode().partition("</h1>")[2]
    return re.findall(r'<p class="eyebrow">([^<]*)<', page)


def kicker(post: Post) -> list[str]:
    page = Client().get(post.get_absolute_url()).content.decode()
    found = re.search(r'<ul class="eyebrow tags".*?</ul>', page, re.S)
    return re.findall(r">([^<\s][^<]*)</a>", found[0]) if found else []


def first_of(post: Post) -> str:
    return Post.objects.with_topic().get(pk=post.pk).topic


def sent(post: Post, **fields: Any) -> dict[str, Any]:
    return {**form(title=post.title, slug=post.slug, **fields), **when(post.published_at)}


@pytest.mark.postgresql
def test_readers_see_the_topic_that_was_put_first(tags: list[Tag]) -> None:
    _calls, _night, wellness = tags
    post = make_post(title="A", tags=tags, first_topic=wellness)
    by_name = make_post(title="B", tags=tags)
    connect(by_name, post)
    assert kicker(post) == ["Wellness", "Calls", "Night"]
    assert kicker(by_name) == ["Calls", "Night", "Wellness"]
    front = Client().get("/").content.decode()
    assert front.count(">Wellness<") > front.count(">Night<")
    assert cards(by_name.get_absolute_url()) == ["Wellness"]
    # In the list of a topic, a card names another one.
    assert cards("/tags/wellness/") == ["Calls", "Calls"]
    assert sorted(cards("/tags/calls/")) == ["Night", "Wellness"]
    assert "Wellness" in Client().get("/search/?q=A").content.decode()
    categories = re.findall(
        '<category term="([^"]*)"', Client().get("/feeds/atom.xml").content.decode()
    )
    assert sorted(categories[:3]) == ["Calls", "Night", "Wellness"]
    issue = make_issue(posts=[post, by_name])
    assert [article.topic for article in articles(issue, [])] == ["Wellness", "Calls"]
    # With its topics at hand, or without them.
    stored = Post.objects.get(pk=post.pk)
    assert stored.topic == "Wellness"
    # The picture beside a shared link has the address that the page names.
    page = Client().get(post.get_absolute_url()).content.decode()
    picture = re.search('property="og:image" content="https?://[^/]*([^"]*)"', page)
    assert picture
    assert "immutable" in Client().get(picture[1])["Cache-Control"]


@pytest.mark.postgresql
def test_without_one_of_its_own_it_is_the_first_by_name(tags: list[Tag]) -> None:
    calls, night, wellness = tags
    start = make_tag("A first look", slug=START_HERE)
    post = make_post(tags=[night, wellness, start], first_topic=calls)
    assert (first_of(post), Post.objects.get(pk=post.pk).topic) == ("Night", "Night")
    # Nothing shows the topic of what stands on the front page.
    Post.objects.update(first_topic=start)
    assert (first_of(post), Post.objects.get(pk=post.pk).topic) == ("Night", "Night")
    assert kicker(post) == ["Night", "Wellness"]
    # A topic that is deleted.
    Post.objects.update(first_topic=wellness)
    assert first_of(post) == "Wellness"
    wellness.delete()
    assert first_of(post) == "Night"
    assert Post.objects.get(pk=post.pk).first_topic is None


@pytest.mark.postgresql
def test_merged_into_another_the_other_is_first(tags: list[Tag]) -> None:
    _calls, night, wellness = tags
    post = make_post(tags=tags, first_topic=wellness)
    merge([wellness.pk], night.pk)
    assert (first_of(post), kicker(post)) == ("Night", ["Night", "Calls"])


def test_it_is_chosen_in_the_form_without_a_script(desk: Client, tags: list[Tag]) -> None:
    calls, night, _wellness = tags
    start = make_tag("Start here", slug=START_HERE)
    post = make_post(title="Night shift", tags=[calls, night, start])
    page = desk.get(change(post)).content.decode()
    field = re.search(r'<select name="first_topic".*?</select>', page, re.S)
    assert field
    options = re.findall(r'value="(\d*)"( selected)?>([^<]*)<', field[0])
    # Only topics that it has, and that readers see.
    chosen = [("", " selected", "The first by name"), (str(calls.pk), "", "Calls")]
    assert options == [*chosen, (str(night.pk), "", "Night")]
    with_first = sent(post, tags=[calls.pk, night.pk], first_topic=night.pk)
    desk.post(change(post), {**with_first, "_update": "1"})
    assert (first_of(post), kicker(post)) == ("Night", ["Night", "Calls"])
    assert f'value="{night.pk}" selected>Night' in desk.get(change(post)).content.decode()
    # One that it does not have, that is not there, or that is no topic at all.
    without = sent(post, tags=[calls.pk], first_topic=night.pk)
    desk.post(change(post), {**without, "_update": "1"})
    assert Post.objects.get(pk=post.pk).first_topic is None
    gone = sent(post, tags=[calls.pk], first_topic=night.pk + 999)
    assert desk.post(change(post), {**gone, "_update": "1"}).status_code == 302
    odd = sent(post, tags=[calls.pk], first_topic="x")
    assert desk.post(change(post), {**odd, "_update": "1"}).status_code == 200


def test_a_new_article_is_saved_and_previewed_with_it(desk: Client, tags: list[Tag]) -> None:
    calls, _night, wellness = tags
    data = form(tags=[calls.pk, wellness.pk], first_topic=wellness.pk)
    seen = desk.post("/preview/new/", data).content.decode()
    assert re.findall(r'href="/tags/(\w+)/"', seen)[:2] == ["wellness", "calls"]
    desk.post(ADD, {**data, "_save": "1"})
    assert first_of(Post.objects.get()) == "Wellness"


def test_it_asks_nothing_more_of_the_database(
    desk: Client, tags: list[Tag], django_assert_max_num_queries: Any
) -> None:
    post = make_post(tags=tags, first_topic=tags[2])
    desk.get(change(post))
    with django_assert_max_num_queries(15):
        desk.get(change(post))


def test_changes_that_wait_keep_it_from_readers_and_a_revision_brings_it_back(
    desk: Client, tags: list[Tag]
) -> None:
    _calls, night, wellness = tags
    keys = [tag.pk for tag in tags]
    post = make_post(title="Night shift", tags=tags, first_topic=night)
    data = sent(post, tags=keys, first_topic=wellness.pk)
    desk.post(change(post), {**data, "_continue": "1"})
    assert first_of(post) == "Night"
    desk.post(change(post), {**data, "_update": "1"})
    assert first_of(post) == "Wellness"
    first = Revision.objects.of(post).newest_first().last()
    assert first
    assert first.content["fields"]["first_topic"] == night.pk
    compare = change(post).replace("/change/", f"/compare/?from={first.pk}&to=now")
    seen = desk.get(compare).content.decode()
    assert "First topic" in seen and "Wellness" in seen and "Night" in seen
    restore = change(post).replace("/change/", "/restore/")
    assert desk.post(restore, {"revision": first.pk}).status_code == 302
    head = Revision.objects.of(post).newest_first()[0]
    assert head.content["fields"]["first_topic"] == night.pk
    # A revision of earlier days has none, and one may name a topic that is gone.
    for key in (None, night.pk + 999):
        first.content["fields"]["first_topic"] = key
        if key is None:
            del first.content["fields"]["first_topic"]
        first.save()
        assert desk.post(restore, {"revision": first.pk}).status_code == 302
        head = Revision.objects.of(post).newest_first()[0]
        assert head.content["fields"]["first_topic"] is None
        assert desk.get(compare).status_code == 200


def test_a_working_copy_holds_it(desk: Client, tags: list[Tag]) -> None:
    post = make_post(tags=tags)
    keys = [tag.pk for tag in tags]
    data = {**form(tags=keys, first_topic=tags[2].pk), "_tab": "a-tab-of-mine", "_number": "1"}
    desk.post(change(post).replace("/change/", "/working-copy/"), data)
    newer = desk.get(change(post).replace("/change/", "/newer/")).content.decode()
    assert "First topic" in newer


def test_two_who_choose_differently_are_asked_and_who_removes_it_is_not(tags: list[Tag]) -> None:
    calls, night, wellness = tags
    keys = [tag.pk for tag in tags]
    post = make_post(title="Night shift", tags=tags, published_at=None)
    dele, ruth = someone("Dele"), someone("Ruth")
    whole = form(title=post.title, slug=post.slug, summary=post.summary, author=post.author_id)
    one, two = opened(dele, change(post)), opened(ruth, change(post))
    dele.post(change(post), {**whole, **one, "tags": keys, "first_topic": night.pk})
    asked = ruth.post(change(post), {**whole, **two, "tags": keys, "first_topic": wellness.pk})
    assert asked.status_code == 409
    page = asked.content.decode()
    assert "First topic" in page and "Night" in page and "Wellness" in page
    answers = dict.fromkeys(re.findall(r'name="(_choice-[^"]*)"', page), "mine")
    assert choose(ruth, asked, **answers).status_code == 302
    assert first_of(post) == "Wellness"
    # One takes the topic away, the other puts it first: what is left has a first one by name.
    one, two = opened(dele, change(post)), opened(ruth, change(post))
    dele.post(
        change(post), {**whole, **one, "tags": [calls.pk, wellness.pk], "first_topic": wellness.pk}
    )
    answer = ruth.post(change(post), {**whole, **two, "tags": keys, "first_topic": night.pk})
    assert answer.status_code == 302, said(answer)
    assert {*Post.objects.get(pk=post.pk).tags.all()} == {calls, wellness}
    assert first_of(post) == "Calls"
