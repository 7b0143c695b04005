"""Each change drops the keys of what it changes, and no other.

Said as the pages that name one of the keys: test_pages_and_keys.py shows that they do, and
test_changes_end_to_end.py asks for pages before and after a change.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.delivery import starting
from newsletter.models import Issue
from posts import correcting, freshness, merging
from posts.models import Author, Page, Post, RelatedPost, Tag
from posts.models.image import Image
from subscribers.models import Resource
from tests.alarmroom.kept.paper import FEEDS, LISTS, SITEMAPS, Paper, edit, point
from tests.factories import (
    connect,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_tag,
    with_copies,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_site")]


def test_a_text_that_is_edited_is_new_in_its_article_and_in_the_feed(paper: Paper) -> None:
    touched = paper.touched(edit(paper.new, body="<p>Better words.</p>"))
    assert touched == {"new", "feeds", *FEEDS, *SITEMAPS}


def test_a_correction_is_new_in_its_article_and_in_the_feeds(paper: Paper) -> None:
    def add() -> None:
        correcting.correct(paper.new, "It was four.", key="k", by=None)

    assert paper.touched(add) == {"new", "feeds", *FEEDS, *SITEMAPS}
    told = paper.new.corrections.get()
    touched = paper.touched(lambda: correcting.take_back(told, by=None))
    assert touched == {"new", "feeds", *FEEDS, *SITEMAPS}


def test_a_new_title_is_new_wherever_it_is_shown(paper: Paper) -> None:
    touched = paper.touched(edit(paper.new, title="Newer"))
    assert touched >= {"new", "middle", "front", "fire", "ruth", "feed", "archive", "topics"}
    assert not touched & {"old", "night", "dele", "about", "issues", "subscribe"}


def test_what_only_its_card_shows_is_new_where_its_card_stands(paper: Paper) -> None:
    touched = paper.touched(edit(paper.middle, summary="In other words."))
    assert touched >= {"middle", "front", "fire", "dele"}
    assert not touched & {"new", "old"}, "these only link to the middle one"


def test_another_first_topic_is_new_wherever_its_card_or_its_text_stands(paper: Paper) -> None:
    tag = make_tag("Zones")
    paper.middle.tags.add(tag)
    touched = paper.touched(edit(paper.middle, first_topic=tag))
    assert touched >= {"middle", "front", "fire", "dele", "archive", "feed"}
    assert not touched & {"new", "old"}, "these only link to the middle one"
    touched = paper.touched(
        lambda: Post.objects.filter(pk=paper.middle.pk).update(first_topic=None)
    )
    assert touched >= {"middle", "front", "fire", "dele"}


def test_an_article_that_is_published_is_listed_at_once(paper: Paper) -> None:
    paper.draft.tags.add(paper.night)
    touched = paper.touched(edit(paper.draft, published_at=timezone.now()))
    assert touched >= {"front", "archive", "feed", "night", "ruth", "topics", "new"}
    assert not touched & {"old", "middle", "fire", "dele", "about", "issues", "subscribe"}


def test_an_article_published_from_the_list_of_the_desk_is_listed_at_once(paper: Paper) -> None:
    drafts = Post.objects.filter(pk=paper.draft.pk)
    assert paper.touched(drafts.publish) >= LISTS


def test_an_article_taken_back_is_gone_at_once(paper: Paper) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    touched = paper.touched(posts.back_to_draft)
    assert touched >= LISTS | {"its feed", "middle", "fire", "dele", "old", "new", "topics"}


@pytest.mark.parametrize("how", ["the object", "the desk, in bulk"])
def test_an_article_that_is_deleted_is_gone_at_once(paper: Paper, how: str) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    touched = paper.touched(paper.middle.delete if how == "the object" else posts.delete)
    assert touched >= LISTS | {"its feed", "middle", "fire", "dele", "old", "new"}


def test_a_draft_that_is_edited_touches_nothing(paper: Paper) -> None:
    assert paper.touched(edit(paper.draft, title="Still a draft")) == set()


@pytest.mark.parametrize("how", ["picked", "alike"])
def test_an_older_article_is_connected_to_what_is_published_now(paper: Paper, how: str) -> None:
    point(paper.old, paper.draft, how)
    change = Post.objects.filter(pk=paper.draft.pk).publish
    assert "old" in paper.touched(change)


def test_a_topic_that_is_renamed_is_new_wherever_it_stands(paper: Paper) -> None:
    touched = paper.touched(edit(paper.night, name="Night shift"))
    assert touched >= {"night", "old", "topics", "front", "ruth", "feed"}
    assert not touched & {"new", "fire", "dele", "about", "issues", "subscribe"}


def test_a_topic_at_another_address(paper: Paper) -> None:
    touched = paper.touched(edit(paper.night, slug="nights"))
    # A card names its topic, and links to the article alone.
    assert touched == {"night", "old", "topics", "front", "feeds", *SITEMAPS}


def test_what_a_topic_is_about(paper: Paper) -> None:
    touched = paper.touched(edit(paper.fire, description="Smoke and flames."))
    # The front page shows the description of one topic ("Start here").
    assert touched == {"fire", "topics", "its feed", "front"}


def test_what_is_saved_as_it_was_touches_nothing(paper: Paper) -> None:
    image = make_image()
    for thing in (paper.night, paper.dele, image):
        assert paper.touched(edit(thing)) == set()
    assert paper.touched(edit(image, title="For finding it again")) == set()


def test_a_topic_that_is_given_to_an_article(paper: Paper) -> None:
    touched = paper.touched(lambda: paper.new.tags.add(paper.night))
    assert touched >= {"new", "night", "fire", "front", "topics", "ruth"}
    assert not touched & {"old", "dele", "about", "issues", "subscribe"}


def test_a_topic_that_is_deleted(paper: Paper) -> None:
    touched = paper.touched(paper.night.delete)
    assert touched >= {"night", "old", "topics", "front"}
    assert not touched & {"new", "fire", "dele", "about"}


def test_an_author_with_another_name(paper: Paper) -> None:
    touched = paper.touched(edit(paper.dele, name="Dele M."))
    assert touched >= {"dele", "middle", "front", "fire", "feed", "feeds"}
    assert not touched & {"new", "old", "night", "topics", "about", "issues", "subscribe"}


def test_an_author_at_another_address(paper: Paper) -> None:
    touched = paper.touched(edit(paper.dele, slug="dele-m"))
    # A card names its author, and links to the article alone.
    assert touched == {"dele", "middle", "feeds", *FEEDS, *SITEMAPS}


def test_the_photo_that_is_taken_from_an_author(paper: Paper) -> None:
    with paper.commit():
        edit(paper.dele, photo=make_image())()
    touched = paper.touched(edit(paper.dele, photo=None))
    assert touched == {"dele", "middle", "feeds", *FEEDS, *SITEMAPS}


def test_a_pick_of_related_articles(paper: Paper) -> None:
    assert paper.touched(lambda: connect(paper.old, paper.new)) == {"old"}
    assert paper.touched(RelatedPost.objects.get().delete) == {"old"}


def test_a_page_of_its_own_and_the_footer(paper: Paper) -> None:
    touched = paper.touched(edit(paper.about, title="About us"))
    assert touched == set(paper.paths) - FEEDS, "the footer names it everywhere"


def test_the_text_of_a_page_of_its_own_is_its_own(paper: Paper) -> None:
    touched = paper.touched(edit(paper.about, body="<p>New.</p>", summary="New."))
    assert touched == {"about", *SITEMAPS}


def test_an_article_published_before_its_time_is_counted(paper: Paper) -> None:
    rare = make_tag("Rare")
    scheduled = make_post(tags=[rare], published_at=timezone.now() + timedelta(days=1))
    posts = Post.objects.filter(pk=scheduled.pk)
    assert paper.touched(posts.publish) >= {"topics", "front"}
    later = edit(scheduled, published_at=timezone.now() + timedelta(days=3))
    assert "topics" in paper.touched(later)


def test_a_page_that_is_made_or_deleted_changes_the_footer(paper: Paper) -> None:
    assert paper.touched(lambda: make_page("House rules")) == set(paper.paths) - FEEDS
    rules = Page.objects.get(title="House rules")
    assert paper.touched(rules.delete) == set(paper.paths) - FEEDS


def test_a_focal_point_is_new_wherever_the_picture_stands(paper: Paper) -> None:
    image = make_image()
    with paper.commit():
        edit(paper.middle, cover=image, cover_alt="A console")()
    touched = paper.touched(edit(image, focal_x=10))
    # The archive shows its title only, which is a part of its card.
    assert touched == {"middle", "front", "fire", "dele", "year", "month", "archive"}


def test_the_photo_the_role_and_the_bio_of_an_author(paper: Paper) -> None:
    for fields in ({"bio": "Twelve years at the console."}, {"role": "Trainer"}):
        assert paper.touched(edit(paper.dele, **fields)) == {"dele", "middle"}
    photo = make_image()
    touched = paper.touched(edit(paper.dele, photo=photo))
    assert touched == {"dele", "middle", "feeds", *FEEDS, *SITEMAPS}
    # The copies of it, or another focal point, are in no feed.
    assert paper.touched(edit(photo, focal_y=90)) == {"dele", "middle"}
    assert paper.touched(lambda: freshness.image_changed(photo.pk, "renditions")) == {
        "dele",
        "middle",
    }


def test_the_copies_of_a_cover_are_new_in_the_feeds_as_well(paper: Paper) -> None:
    image = make_image()
    with paper.commit():
        edit(paper.middle, cover=image, cover_alt="A console")()
    touched = paper.touched(lambda: freshness.image_changed(image.pk, "renditions"))
    assert touched >= {"middle", "front", "fire", "dele", *FEEDS}
    assert not touched & {"night", "topics", "about", "issues", "subscribe"}


def test_another_title_of_a_picture_touches_no_page_even_from_an_old_instance(paper: Paper) -> None:
    image = make_image()
    with paper.commit():
        edit(paper.middle, cover=image, cover_alt="A console")()
        old = Image.objects.get(pk=image.pk)
        with_copies(image)
    old.title = "Another title"
    assert paper.touched(lambda: old.save(update_fields=["title"])) == set()


def test_two_topics_that_become_one(paper: Paper) -> None:
    touched = paper.touched(lambda: merging.merge([paper.night.pk], paper.fire.pk))
    assert touched >= {"night", "fire", "old", "topics", "front", "ruth", "feeds", *FEEDS}
    assert not touched & {"about", "issues", "subscribe"}


def test_an_article_that_is_withdrawn_and_brought_back(paper: Paper) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    shown = LISTS | {
        "its feed",
        "middle",
        "fire",
        "dele",
        "old",
        "new",
        "topics",
        "year",
        "month",
        "feeds",
    }
    assert paper.touched(posts.withdraw) >= shown
    assert paper.touched(posts.bring_back) >= shown


def test_an_article_under_another_date(paper: Paper) -> None:
    touched = paper.touched(
        edit(paper.middle, published_at=paper.old.published_at - timedelta(days=400))
    )
    assert touched >= LISTS | {"its feed", "middle", "old", "new", "fire", "dele", "year", "month"}
    # The pages of its new year, if they were kept, and of those it stood between.
    assert paper.touched(edit(paper.middle, title="Elsewhere")) >= {"year", "month"}


def test_an_article_at_another_address(paper: Paper) -> None:
    touched = paper.touched(edit(paper.middle, slug="elsewhere"))
    assert touched >= LISTS - {"archive"} | {
        "its feed",
        "middle",
        "old",
        "new",
        "fire",
        "dele",
        "year",
    }


def test_a_free_resource_stands_in_every_box(paper: Paper) -> None:
    pages = set(paper.paths) - {*FEEDS, *SITEMAPS}
    assert paper.touched(make_resource) == pages
    resource = Resource.objects.get()
    assert paper.touched(edit(resource, title="Another name")) == pages
    assert paper.touched(resource.delete) == pages


def test_an_issue_that_is_sent_is_in_the_archive_and_on_the_front_page(paper: Paper) -> None:
    issue = make_issue(posts=[paper.new])
    assert paper.touched(lambda: starting.start(issue)) == {
        *("issues", "front", "sitemap"),
        # It says how many there are, and shows the newest.
        "subscribe",
    }
    issue = Issue.objects.get()
    assert paper.touched(lambda: starting.cancel(issue)) == {
        *("issues", "front", "sitemap", "subscribe"),
    }


def test_bulk_ways_touch_everything(paper: Paper) -> None:
    post = Post(title="Bulk", slug="bulk", summary="s", body="<p>b</p>", author=paper.ruth)
    assert paper.touched(lambda: Post.objects.bulk_create([post])) == set(paper.paths)


def test_update_is_seen(paper: Paper) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    assert paper.touched(lambda: posts.update(title="Updated")) >= LISTS | {
        "its feed",
        "middle",
        "fire",
    }


def test_what_no_reader_sees_touches_nothing(paper: Paper) -> None:
    posts = Post.objects.filter(pk=paper.middle.pk)
    assert paper.touched(lambda: posts.update(likeness_due=True)) == set()
    assert paper.touched(lambda: Author.objects.create(name="New here")) == set()
    assert paper.touched(lambda: Tag.objects.create(name="Unused")) == set()
