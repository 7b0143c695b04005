"""Five changes, seen on the pages themselves, in the process that changes and in another one.

Which keys each change drops is said in test_freshness.py, and which keys each page names in
test_pages_and_keys.py. What is scheduled is in test_moments.py.
"""

import re

import pytest

from alarmroom.desk import bin
from alarmroom.desk.models import Binned
from newsletter.delivery import starting
from posts import merging, tasks
from posts.models import Page, Post
from tests.alarmroom.kept.paper import Paper, edit
from tests.factories import (
    make_image,
    make_issue,
    make_page,
    make_resource,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_site")]


def test_an_article_that_is_withdrawn_and_brought_back(paper: Paper) -> None:
    posts, paths = Post.objects.filter(pk=paper.middle.pk), paper.paths
    names = ["middle", "front", "fire", "dele", "year", "feed", "its feed"]
    showing = [paths[name] for name in names]
    assert all(paper.gone(posts.withdraw, *showing))
    for site in paper.sites:
        assert site.get(paths["middle"]).status == 410
        # A year without an article is not kept as such.
        assert site.get(paths["year"]).status == 404
        for name in ("front", "feed", "its feed"):
            assert b"Middle" not in site.get(paths[name]).body, name
    assert paper.gone(posts.bring_back, paths["front"], paths["feed"]) == [True, True]
    for site in paper.sites:
        for path in showing:
            page = site.get(path)
            assert page.status == 200 and b"Middle" in page.body, path


def test_what_goes_to_the_bin_and_comes_back(paper: Paper) -> None:
    with paper.commit():
        rules = make_page("House rules", slug="rules")
    paths = [paper.paths[name] for name in ("middle", "front", "fire", "dele", "year", "feed")]
    post = Post.objects.get(pk=paper.middle.pk)
    assert all(paper.gone(lambda: bin.move_to_bin(post, None), *paths))
    assert all(paper.gone(lambda: bin.move_to_bin(rules, None), "/rules/", "/"))
    for site in paper.sites:
        assert site.get(paths[0]).status == site.get("/rules/").status == 404
        for path in ("/", paper.paths["feed"]):
            assert b"Middle" not in site.get(path).body
        assert b"House rules" not in site.get("/").body
    posts = Post.objects.filter(pk=post.pk)

    def back() -> None:
        for entry in Binned.objects.all():
            bin.restore(entry, None)
        posts.bring_back()

    assert all(paper.gone(back, "/", paper.paths["feed"]))
    for site in paper.sites:
        assert b"House rules" in site.get("/rules/").body
        for path in paths:
            page = site.get(path)
            assert page.status == 200 and b"Middle" in page.body, path


def test_two_topics_that_become_one(paper: Paper) -> None:
    night, fire = paper.paths["night"], paper.paths["fire"]
    merge = lambda: merging.merge([paper.night.pk], paper.fire.pk)  # noqa: E731 (said once)
    assert paper.gone(merge, night, fire, "/topics/") == [True, True, True]
    for site in paper.sites:
        assert site.get(night).status == 301
        assert b"Old" in site.get(fire).body
        assert b"Night" not in site.get("/topics/").body


def test_what_a_process_remembers_for_every_page_is_new(paper: Paper) -> None:
    """The footer's menu, the box, and how many articles a topic has."""
    paper.keep("/")
    changes = [
        (lambda: make_page("House rules"), b"House rules"),
        (lambda: make_resource("A checklist"), b"A checklist"),
        (lambda: paper.new.tags.add(paper.night), None),
    ]
    counted = re.compile(rb'href="/tags/night/"[^0-9]*?(\d+)')
    counts = [int(counted.search(paper.sites[1].get("/").body)[1])]  # type: ignore[index]  # it is there
    for change, text in changes:
        with paper.commit():
            change()
        paper.sites[1].look_again()
        pages = [site.get("/").body for site in paper.sites]
        assert pages[0] == pages[1]
        assert text is None or text in pages[0]
        counts.append(int(counted.search(pages[0])[1]))  # type: ignore[index]  # likewise
    assert counts == [1, 1, 1, 2]
    rules = Page.objects.get(title="House rules")
    assert paper.gone(rules.delete, "/") == [True]
    assert b"House rules" not in paper.sites[1].get("/").body


def test_pictures_in_their_copies_and_their_focal_point(paper: Paper) -> None:
    image = make_image()
    with paper.commit():
        edit(paper.middle, cover=image, cover_alt="A console")()
        issue = make_issue(posts=[paper.middle])
        starting.start(issue)
    paths = [issue.get_absolute_url(), "/", paper.paths["dele"]]
    assert paper.gone(lambda: tasks.make_renditions.call(image.pk), *paths) == [True] * 3
    for path in paths:
        assert b"<source" in paper.sites[1].get(path).body, path
    image.refresh_from_db()
    assert paper.gone(edit(image, focal_x=10), "/", paper.paths["dele"]) == [True, True]
    for path in ("/", paper.paths["dele"]):
        assert b"focus-x1" in paper.sites[1].get(path).body, path


def test_the_newest_issue_shows_its_articles_as_they_are_now(paper: Paper) -> None:
    with paper.commit():
        starting.start(make_issue(posts=[paper.middle, paper.old]))
    pages = ("/weekly-alarm/", "/subscribe/")
    assert paper.gone(edit(paper.old, title="Older than ever"), *pages) == [True, True]
    assert paper.gone(edit(paper.new, title="Newer than ever"), *pages) == [False, False]
    posts = Post.objects.filter(pk=paper.middle.pk)
    for change, is_there in ((posts.withdraw, False), (posts.bring_back, True)):
        assert paper.gone(change, *pages) == [True, True]
        for path in pages:
            body = paper.sites[1].get(path).body
            page = body.partition(b"In this issue")[2].partition(b"</ol>")[0]
            assert (b"Middle" in page) == is_there, path
            assert b"Older than ever" in page
    with paper.commit():
        Post.objects.filter(pk__in=[paper.middle.pk, paper.old.pk]).withdraw()
    for path in pages:
        assert not re.search(rb"<ol[^>]*>\s*</ol>", paper.sites[1].get(path).body), path
