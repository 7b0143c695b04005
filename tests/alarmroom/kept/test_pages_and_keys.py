"""Each page names the keys of what it shows; test_freshness.py says which keys a change drops."""

import pytest

from newsletter.delivery import starting
from tests.alarmroom.kept.paper import EVERY_PAGE, Paper, edit, point
from tests.factories import make_image, make_issue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_site")]


def test_each_page_names_what_it_shows(paper: Paper) -> None:
    """The table in paper.py is true, on which the tests of changes build."""
    assert {name: paper.named(path) for name, path in paper.paths.items()} == paper.keys


def test_the_feeds_of_a_topic_or_an_author_name_their_own_key_only(paper: Paper) -> None:
    for thing, key in ((paper.night, "feed-tag"), (paper.ruth, "feed-author")):
        for name in ("atom.xml", "rss.xml", "feed.json"):
            path = f"{thing.get_absolute_url()}{name}"
            assert paper.named(path) == {f"{key}-{thing.pk}"}, path


@pytest.mark.parametrize("how", ["picked", "alike"])
def test_an_article_names_the_cards_of_those_it_is_connected_to(paper: Paper, how: str) -> None:
    point(paper.old, paper.new, how)
    named = paper.named(paper.paths["old"])
    assert named == paper.keys["old"] | {f"post-{paper.new.pk}"}


def test_the_archive_of_issues_names_the_articles_of_its_sample(paper: Paper) -> None:
    image = make_image()
    edit(paper.middle, cover=image, cover_alt="A console")()
    issue = make_issue(posts=[paper.old, paper.middle])
    starting.start(issue)
    cards = {f"post-{post.pk}" for post in (paper.old, paper.middle)}
    for name in ("issues", "subscribe"):
        assert paper.named(paper.paths[name]) == paper.keys[name] | cards
    # "issues", because it leads to those before and after it.
    own = {f"issue-{issue.pk}", f"image-{image.pk}", "issues"}
    assert paper.named(issue.get_absolute_url()) == own | EVERY_PAGE


def test_a_list_with_a_draft_or_a_scheduled_article_names_what_it_shows_only(paper: Paper) -> None:
    paper.draft.tags.add(paper.fire)
    assert f"post-{paper.draft.pk}" not in paper.named(paper.paths["fire"])


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "feed.json"])
def test_a_feed_is_kept_for_readers_who_ask_with_an_old_version(paper: Paper, name: str) -> None:
    site, path = paper.sites[0], f"/feeds/{name}"
    for _ in range(2):
        answer = site.get(path, HTTP_IF_NONE_MATCH='W/"old"', HTTP_ACCEPT_ENCODING="gzip")
        assert answer.status == 200
    assert not answer.from_django
    assert "gzip" in answer.headers["Content-Encoding"]
    again = site.get(path, HTTP_IF_NONE_MATCH=answer.headers["ETag"])
    assert again.status == 304 and not again.from_django
