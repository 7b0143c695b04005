"""The feeds of a topic or an author, and issues, are new when what they show is."""

import re

import pytest
from django.core.files.storage import default_storage

from newsletter.delivery import starting
from posts import tasks
from posts.models import Post
from tests.alarmroom.kept.paper import Paper, edit, environ
from tests.factories import make_author, make_image, make_issue, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_site")]


def test_an_article_is_news_in_the_feeds_that_have_it_only(paper: Paper) -> None:
    sites, night = paper.sites, f"{paper.night.get_absolute_url()}atom.xml"
    others = [night, f"{paper.dele.get_absolute_url()}rss.xml"]
    its_own = [
        paper.paths["its feed"],
        f"{paper.ruth.get_absolute_url()}feed.json",
        "/feeds/rss.xml",
    ]
    for path in [*others, *its_own]:
        for site in sites:
            assert site.get(path).status == 200
    for change in (edit(paper.new, body="<p>Other.</p>"), edit(paper.new, title="Other")):
        with paper.commit():
            change()
        sites[1].look_again()
        for site in sites:
            assert [site.application.find(environ(path)) is None for path in others] == [False] * 2
        assert all(sites[0].get(path).from_django for path in its_own)
    # Given to a topic, it is in that one's feed as well.
    with paper.commit():
        paper.new.tags.add(paper.night)
    sites[1].look_again()
    assert b"Other" in sites[1].get(night).body


def test_the_feed_of_a_topic_without_articles_moves_with_it(paper: Paper) -> None:
    empty, nobody = make_tag("Empty"), make_author(name="Nobody")
    feeds = [f"{thing.get_absolute_url()}atom.xml" for thing in (empty, nobody)]
    for site in paper.sites:
        assert [site.get(feed).status for feed in feeds] == [200, 200]
    with paper.commit():
        edit(empty, slug="emptied")()
        edit(nobody, slug="somebody")()
    paper.sites[1].look_again()
    for site in paper.sites:
        assert [site.get(feed).status for feed in feeds] == [301, 301]


def test_the_feed_of_an_author_is_news_when_theirs_changes_only(paper: Paper) -> None:
    photo = make_image()
    with paper.commit():
        edit(paper.dele, photo=photo)()
    again = default_storage.save("images/again.jpg", photo.file)
    feeds = [f"{author.get_absolute_url()}atom.xml" for author in (paper.dele, paper.ruth)]
    for change in (
        edit(paper.middle, body="<p>Other words.</p>"),
        edit(paper.middle, title="Other"),
        edit(paper.dele, name="Dele M."),
        edit(paper.dele, photo=None),
        edit(paper.dele, photo=photo),
        # The file was lost, and the same picture is uploaded again.
        edit(photo, file=again),
        Post.objects.filter(pk=paper.middle.pk).withdraw,
    ):
        assert paper.gone(change, *feeds) == [True, False]
    for change in (edit(paper.dele, bio="More."), edit(photo, focal_x=20), edit(paper.night)):
        assert paper.gone(change, *feeds) == [False, False]


def test_a_topic_or_an_author_that_is_deleted_is_gone_with_its_feed(paper: Paper) -> None:
    nobody, empty = make_author(name="Nobody"), make_tag("Empty")
    for thing in (nobody, empty):
        page = thing.get_absolute_url()
        assert paper.gone(edit(thing, name="Other"), page, f"{page}atom.xml") == [True, True]
    for thing in (nobody, empty, paper.night):
        page = thing.get_absolute_url()
        assert paper.gone(thing.delete, page, f"{page}atom.xml") == [True, True]
        assert paper.sites[0].get(page).status == 404


def test_an_issue_is_new_with_the_copies_of_its_pictures(paper: Paper) -> None:
    image = make_image()
    with paper.commit():
        edit(paper.middle, cover=image, cover_alt="A console")()
        issue = make_issue(posts=[paper.middle])
        starting.start(issue)
    path = issue.get_absolute_url()
    assert paper.gone(edit(paper.middle, title="Other", cover=None), path) == [False]
    assert paper.gone(lambda: tasks.make_renditions.call(image.pk), path) == [True]
    assert b"<source" in paper.sites[1].get(path).body


def test_the_newest_issue_points_to_nothing_that_is_withdrawn(paper: Paper) -> None:
    with paper.commit():
        starting.start(make_issue(posts=[paper.middle, paper.old]))
    posts = Post.objects.filter(pk=paper.middle.pk)
    for change, is_there in ((posts.withdraw, False), (posts.bring_back, True)):
        assert paper.gone(change, "/", "/weekly-alarm/") == [True, True]
        for path, label in (("/", b"In this issue"), ("/weekly-alarm/", b"latest issue")):
            page = paper.sites[1].get(path).body.partition(label)[2].partition(b"</ol>")[0]
            assert (b"Middle" in page) == is_there, path
            assert b"Old" in page
    with paper.commit():
        Post.objects.filter(pk__in=[paper.middle.pk, paper.old.pk]).withdraw()
    for path in ("/", "/weekly-alarm/"):
        assert not re.search(rb"<ol[^>]*>\s*</ol>", paper.sites[1].get(path).body), path
