"""A change drops the feeds of its topics and authors, and the issues that show it, and no other."""

import pytest
from django.core.files.storage import default_storage

from newsletter.delivery import starting
from posts import freshness
from posts.models import Post
from tests.alarmroom.kept.paper import Paper, edit
from tests.factories import make_author, make_image, make_issue, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_site")]


def test_an_article_is_news_in_the_feeds_that_have_it_only(paper: Paper) -> None:
    its_own = {"feeds", f"feed-tag-{paper.fire.pk}", f"feed-author-{paper.ruth.pk}"}
    night = f"feed-tag-{paper.night.pk}"
    keys = {*its_own, night, f"feed-author-{paper.dele.pk}"}
    for change in (edit(paper.new, body="<p>Other.</p>"), edit(paper.new, title="Other")):
        assert paper.dropped(change, *keys) == its_own
    # Given to a topic, it is in that one's feed as well.
    assert paper.dropped(lambda: paper.new.tags.add(paper.night), *keys) == {*its_own, night}


def test_the_feed_of_a_topic_or_an_author_without_articles_moves_with_it(paper: Paper) -> None:
    empty, nobody = make_tag("Empty"), make_author(name="Nobody")
    for thing, kind in ((empty, "tag"), (nobody, "author")):
        keys = {f"{kind}-{thing.pk}", f"feed-{kind}-{thing.pk}"}
        for change in (edit(thing, slug="moved"), edit(thing, name="Other")):
            assert paper.dropped(change, *keys) == keys


def test_the_feed_of_an_author_is_news_when_theirs_changes_only(paper: Paper) -> None:
    photo = make_image()
    with paper.commit():
        edit(paper.dele, photo=photo)()
    again = default_storage.save("images/again.jpg", photo.file)
    dele, ruth = (f"feed-author-{author.pk}" for author in (paper.dele, paper.ruth))
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
        assert paper.dropped(change, dele, ruth) == {dele}
    for change in (edit(paper.dele, bio="More."), edit(photo, focal_x=20), edit(paper.night)):
        assert paper.dropped(change, dele, ruth) == set()


def test_a_topic_or_an_author_that_is_deleted_is_gone_with_its_feed(paper: Paper) -> None:
    nobody, empty = make_author(name="Nobody"), make_tag("Empty")
    for thing, kind in ((nobody, "author"), (empty, "tag"), (paper.night, "tag")):
        keys = {f"{kind}-{thing.pk}", f"feed-{kind}-{thing.pk}"}
        assert paper.dropped(thing.delete, *keys) == keys


def test_an_issue_is_new_with_the_copies_of_its_pictures_only(paper: Paper) -> None:
    image = make_image()
    with paper.commit():
        edit(paper.middle, cover=image, cover_alt="A console")()
        issue = make_issue(posts=[paper.middle])
        starting.start(issue)
    keys = {f"issue-{issue.pk}", f"image-{image.pk}"}
    assert paper.dropped(edit(paper.middle, title="Other", cover=None), *keys) == set()
    change = lambda: freshness.image_changed(image.pk, "renditions")  # noqa: E731 (said once)
    assert paper.dropped(change, *keys) == {f"image-{image.pk}"}
