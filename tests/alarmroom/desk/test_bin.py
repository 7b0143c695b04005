"""Moving to the bin and back: what is kept, what comes back, what is different then.

The pages of the bin are tested in test_bin_pages.py.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import connection, models
from django.utils import timezone

from alarmroom.desk import bin
from alarmroom.desk.binnable import CannotReturn
from alarmroom.desk.models import Binned, Revision, WorkingCopy
from newsletter.delivery import starting
from newsletter.models import Issue, IssuePost
from posts import likeness
from posts.models import Author, FormerSlug, Image, Likeness, Page, Post, RelatedPost, Tag
from tests.factories import (
    connect,
    make_author,
    make_editor,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_tag,
    with_copies,
)
from tests.helpers import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

NOT_COMPARED = {
    # A restored article is compared anew, and its public date waits (see below).
    "post": {"published_at", "was_published_at", "likeness_due"},
}


def fields_of(thing: models.Model) -> dict[str, Any]:
    """Every column of an object, fresh from the database, and its topics."""
    row = type(thing)._base_manager.get(pk=thing.pk)
    kept = NOT_COMPARED.get(str(thing._meta.model_name), set())
    found = {
        field.attname: str(field.value_from_object(row))
        for field in row._meta.concrete_fields
        if field.name not in kept
    }
    for many in row._meta.local_many_to_many:
        found[many.name] = str(sorted(getattr(row, many.name).values_list("pk", flat=True)))
    return found


def rows_of(model: type[models.Model]) -> list[tuple[Any, ...]]:
    return sorted(model._base_manager.values_list())


def move(thing: models.Model) -> Binned:
    return bin.move_to_bin(thing, None)


def back(thing: models.Model) -> bin.Restored:
    """Restore the object that had this primary key."""
    return bin.restore(Binned.objects.of(type(thing), thing.pk).get(), None)


def notes_of(restored: bin.Restored) -> str:
    return " ".join(note.named for note in restored.notes)


# Whole cycles: everything that was there is there again


def test_an_article_comes_back_with_all_that_referred_to_it() -> None:
    cover, author = make_image(), make_author(name="Ruth")
    post = make_post(
        title="Night shift",
        author=author,
        cover=cover,
        cover_alt="The floor",
        body='<p>Answer.[^a]</p><p>[^a]: "Quoted" &amp; noted.</p>',
        tags=[make_tag("Fire"), make_tag("Radio")],
    )
    post.slug = "the-night"
    post.save()
    connect(post, make_post(), make_post())
    connect(make_post(), post)
    issue = make_issue(posts=[make_post(), post, make_post()])
    IssuePost.objects.filter(post=post).update(blurb="Read this first.")
    before = fields_of(post), rows_of(RelatedPost), rows_of(FormerSlug), rows_of(IssuePost)

    move(post)
    assert not Post.objects.filter(pk=post.pk).exists()
    assert not FormerSlug.objects.exists() and not RelatedPost.objects.exists()
    assert [row.post_id for row in issue.issue_posts.all()].count(post.pk) == 0

    restored = back(post)
    after = fields_of(post), rows_of(RelatedPost), rows_of(FormerSlug), rows_of(IssuePost)
    assert after == before
    assert restored.thing.pk == post.pk
    assert not Binned.objects.exists()


@pytest.mark.parametrize("kind", ["page", "issue", "image", "resource"])
def test_every_other_kind_comes_back_as_it_was(kind: str) -> None:
    thing: Any
    match kind:
        case "page":
            thing = make_page("House rules", slug="rules")
            thing.slug = "house"
            thing.save()
        case "issue":
            thing = make_issue(posts=[make_post(), make_post()], intro="<p>Good <em>week</em>.</p>")
        case "image":
            thing = with_copies(make_image(400, 300))
        case "resource":
            thing = make_resource(cover=make_image().file.name)
    watched = (FormerSlug, IssuePost)
    before = fields_of(thing), [rows_of(model) for model in watched]
    move(thing)
    assert not type(thing)._base_manager.filter(pk=thing.pk).exists()
    back(thing)
    assert (fields_of(thing), [rows_of(model) for model in watched]) == before


def test_a_moment_keeps_its_microseconds() -> None:
    post = make_post(published_at=None)
    moment = timezone.now().replace(microsecond=123457)
    Post.objects.filter(pk=post.pk).update(revised_at=moment, created_at=moment, updated_at=moment)
    move(post)
    back(post)
    kept = Post.objects.get(pk=post.pk)
    assert (kept.revised_at, kept.created_at, kept.updated_at) == (moment, moment, moment)


def test_a_cover_and_a_photo_are_put_in_their_places_again() -> None:
    image = make_image()
    post = make_post(cover=image, cover_alt="The floor")
    author = make_author(photo=image)
    changed_since = make_post(cover=image, cover_alt="The floor")
    move(image)
    assert Post.objects.get(pk=post.pk).cover_id is None
    assert Author.objects.get(pk=author.pk).photo_id is None
    other = make_image()
    Post.objects.filter(pk=changed_since.pk).update(cover=other)
    restored = back(image)
    assert Post.objects.get(pk=post.pk).cover_id == image.pk
    assert Author.objects.get(pk=author.pk).photo_id == image.pk
    assert Post.objects.get(pk=changed_since.pk).cover_id == other.pk
    assert f"not the cover of “{changed_since}” again" in notes_of(restored)


@pytest.mark.parametrize("first", ["post", "image"])
def test_an_article_and_its_cover_come_back_in_any_order(first: str) -> None:
    image = make_image()
    post = make_post(cover=image, cover_alt="The floor")
    things: list[models.Model] = [post, image]
    for thing in things:
        move(thing)
    for thing in things if first == "post" else reversed(things):
        back(thing)
    assert Post.objects.get(pk=post.pk).cover_id == image.pk


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("moved_first", [0, 1])
def test_two_that_are_connected_come_back_in_any_order(first: int, moved_first: int) -> None:
    one, other = make_post(), make_post()
    connect(one, other)
    issue = make_issue(posts=[one])
    before = rows_of(RelatedPost), rows_of(IssuePost)
    things: list[models.Model] = [one, other, issue]
    if moved_first:
        things.reverse()
    for thing in things:
        move(thing)
    for thing in things if first else reversed(things):
        back(thing)
    assert (rows_of(RelatedPost), rows_of(IssuePost)) == before


def test_a_picture_leaves_an_article_that_is_in_the_bin_and_is_its_cover_again() -> None:
    image = make_image()
    post = make_post(cover=image, cover_alt="The floor")
    move(image)
    move(post)
    back(image)
    assert not Binned.objects.of(Image, image.pk).exists()
    back(post)
    assert Post.objects.get(pk=post.pk).cover_id == image.pk


# What is different afterwards


def test_nothing_is_published_by_restoring() -> None:
    now = timezone.now()
    published = make_post(published_at=now - timedelta(days=3))
    soon = make_post(published_at=now + timedelta(days=3))
    passed = make_post(published_at=now + timedelta(hours=1))
    withdrawn = make_post(published_at=now - timedelta(days=9))
    Post.objects.filter(pk=withdrawn.pk).withdraw()
    draft = make_post(published_at=None)
    everything = [published, soon, passed, withdrawn, draft]
    for post in everything:
        move(post)
    entry = Binned.objects.of(Post, passed.pk).get()
    # Its moment has passed while it was in the bin.
    entry.rows[0]["fields"]["published_at"] = (now - timedelta(hours=1)).isoformat()
    Binned.objects.filter(pk=entry.pk).update(rows=entry.rows, at=now - timedelta(hours=2))
    notes = [notes_of(back(post)) for post in everything]
    assert not Post.objects.filter(published_at__isnull=False).exists()
    assert "draft now: readers do not see it" in notes[0]
    assert "It was scheduled for" in notes[1] and "It was scheduled for" in notes[2]
    assert notes[3] == notes[4] == ""
    assert Post.objects.withdrawn().get() == withdrawn
    # Only what readers had seen can be put back under its old date.
    Post.objects.all().bring_back()
    found = set(Post.objects.published())
    assert found == {published, withdrawn}
    assert Post.objects.get(pk=published.pk).published_at == published.published_at


def test_a_scheduled_issue_comes_back_as_a_draft() -> None:
    issue = make_issue()
    starting.schedule(issue, timezone.now() + timedelta(days=1), by=None)
    move(issue)
    assert "not sent by itself" in notes_of(back(issue))
    kept = Issue.objects.get(pk=issue.pk)
    assert (kept.state, kept.scheduled_for) == (Issue.State.DRAFT, None)


@pytest.mark.parametrize("make", [make_post, make_page, make_resource])
def test_a_taken_address_is_replaced_by_a_free_one(make: Any) -> None:
    thing = make(title="Rules", slug="rules")
    move(thing)
    other = make(title="Rules", slug="rules")
    assert "It has “rules-2”" in notes_of(back(thing))
    model = type(thing)
    assert model.objects.get(pk=thing.pk).slug == "rules-2"
    assert model.objects.get(pk=other.pk).slug == "rules"


def test_a_taken_number_is_replaced_by_the_next_one() -> None:
    issue = make_issue(number=7)
    move(issue)
    make_issue(number=7)
    assert "has the number 7 by now" in notes_of(back(issue))
    assert Issue.objects.get(pk=issue.pk).number == 8


def test_an_old_address_that_leads_elsewhere_by_now_is_left_out() -> None:
    post = make_post(slug="first")
    post.slug = "second"
    post.save()
    move(post)
    other = make_post(slug="first")
    other.slug = "third"
    other.save()
    assert "old address “first” was left out" in notes_of(back(post))
    assert FormerSlug.objects.get(slug="first").post == other


def test_the_author_who_was_deleted_is_made_again_by_name() -> None:
    author = make_author(name="Ruth Okafor")
    post = make_post(author=author)
    move(post)
    author.delete()
    assert "Its author was deleted. It has “Ruth Okafor” now" in notes_of(back(post))
    assert Post.objects.get(pk=post.pk).author.name == "Ruth Okafor"


def test_topics_and_articles_that_were_deleted_are_named() -> None:
    fire, radio = make_tag("Fire"), make_tag("Radio")
    post, other = make_post(tags=[fire, radio]), make_post(title="The other one")
    connect(post, other)
    move(post)
    fire.delete()
    other.delete()
    notes = notes_of(back(post))
    assert "“Fire” was deleted" in notes and "“The other one” was deleted" in notes
    assert list(Post.objects.get(pk=post.pk).tags.all()) == [radio]


def test_an_article_does_not_get_into_an_issue_that_was_sent_meanwhile() -> None:
    stays, leaves = make_post(), make_post()
    issue = make_issue(posts=[stays, leaves])
    move(leaves)
    starting.start(Issue.objects.get(pk=issue.pk))
    assert "is not in the issue" in notes_of(back(leaves))
    assert [row.post_id for row in issue.issue_posts.all()] == [stays.pk]


def test_a_text_is_cleaned_by_the_allowlist_of_the_day_it_comes_back() -> None:
    post, page = make_post(published_at=None), make_page()
    for thing in (post, page):
        move(thing)
        entry = Binned.objects.of(type(thing), thing.pk).get()
        entry.rows[0]["fields"]["body"] = "<p>Kept.</p><script>alert(1)</script>"
        entry.save()
        back(thing)
    for kept in (Post.objects.get(pk=post.pk), Page.objects.get(pk=page.pk)):
        assert kept.body == "<p>Kept.</p>"
        assert "script" not in kept.body_served and "Kept" in kept.body_served


def test_a_picture_that_was_uploaded_again_stays_in_the_bin() -> None:
    image = make_image()
    move(image)
    copy = Image.objects.create(
        file="images/again.jpg", width=1, height=1, sha256=image.sha256, title="Again"
    )
    with pytest.raises(CannotReturn, match="as “Again”"):
        back(image)
    assert Binned.objects.of(Image, image.pk).exists()
    copy.delete()
    back(image)
    assert Image.objects.get().pk == image.pk


def test_a_field_that_the_model_has_no_more_is_left_out() -> None:
    page = make_page()
    move(page)
    entry = Binned.objects.get()
    entry.rows[0]["fields"] |= {"mood": "good"}
    del entry.rows[0]["fields"]["position"]
    entry.save()
    back(page)
    assert Page.objects.get(pk=page.pk).position == 0


# What may not go


def test_an_article_in_an_issue_that_is_out_stays() -> None:
    post = make_post()
    issue = make_issue(posts=[post])
    starting.start(issue)
    with pytest.raises(bin.Refused, match="Withdraw the article instead"):
        move(post)
    assert Post.objects.filter(pk=post.pk).exists() and not Binned.objects.exists()


def test_an_issue_that_is_out_stays() -> None:
    issue = make_issue()
    starting.start(issue)
    with pytest.raises(bin.Refused, match="What was mailed is kept"):
        move(issue)


def test_a_picture_in_a_text_stays() -> None:
    image = make_image()
    make_post(title="Night shift", body=f'<p><img src="{image.file.url}" alt="A console"></p>')
    with pytest.raises(bin.Refused, match="“Night shift” shows it"):
        move(image)


# Deleting for ever


def test_nothing_of_it_is_left_when_it_is_deleted_for_ever() -> None:
    image = with_copies(make_image(400, 300))
    resource = make_resource()
    post = make_post()
    kinds = {"content_type": bin.ContentType.objects.get_for_model(Post), "object_id": post.pk}
    Revision.objects.create(**kinds, content={})
    now = timezone.now()
    WorkingCopy.objects.create(**kinds, tab="x", made_at=now, changed_at=now)
    name, private = str(image.file.name), resource.file
    copy = f"renditions/{image.renditions['recipe']}/{image.sha256[:24]}-160.webp"
    assert default_storage.exists(copy)
    for thing in (image, resource, post):
        move(thing)
    assert default_storage.exists(name) and private.storage.exists(private.name)
    assert Revision.objects.exists()
    gone = bin.empty(Binned.objects.all())
    assert len(gone) == 3 and not Binned.objects.exists()
    assert not Revision.objects.exists() and not WorkingCopy.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_files_are_deleted_for_ever_with_their_picture_and_resource() -> None:
    image, shown = with_copies(make_image(400, 300)), make_image()
    resource = make_resource()
    private = resource.file
    for thing in (image, shown, resource):
        move(thing)
    files = [str(image.file.name), f"renditions/2/{image.sha256[:24]}-160.jpg"]
    assert all(default_storage.exists(name) for name in files)
    # A text that was written meanwhile shows the address of the second one.
    make_post(body=f'<p><img src="{shown.file.url}" alt="A console"></p>')
    bin.empty(Binned.objects.all())
    assert not any(default_storage.exists(name) for name in files)
    assert not private.storage.exists(private.name)
    assert default_storage.exists(str(shown.file.name))


@pytest.mark.django_db(transaction=True)
def test_a_file_stays_while_a_text_in_the_bin_shows_it() -> None:
    image = make_image()
    post = make_post(body=f'<p><img src="{image.file.url}" alt="A console"></p>')
    move(post)
    move(image)
    bin.empty(Binned.objects.of(Image, image.pk))
    assert default_storage.exists(str(image.file.name))
    back(post)
    assert image.file.url in Post.objects.get(pk=post.pk).body


def test_after_thirty_days_it_is_deleted_by_the_tick() -> None:
    old, new = make_page(), make_page()
    for page in (old, new):
        move(page)
    now = timezone.now()
    Binned.objects.of(Page, old.pk).update(at=now - timedelta(days=30))
    Binned.objects.of(Page, new.pk).update(at=now - timedelta(days=29, hours=23))
    assert bin.delete_outdated() == 1
    assert Binned.objects.get().object_id == new.pk


def test_what_is_restored_while_it_is_deleted_is_restored() -> None:
    page = make_page()
    entry = move(page)
    back(page)
    assert bin.empty([entry]) == []
    assert Page.objects.filter(pk=page.pk).exists()


# Two at once


@pytest.mark.django_db(transaction=True)
def test_two_who_move_the_same_article_move_it_once() -> None:
    post = make_post()

    def act() -> str:
        try:
            move(Post.objects.get(pk=post.pk))
        except (bin.Gone, Post.DoesNotExist):
            return "gone"
        return "moved"

    assert sorted(at_once(act, act)) == ["gone", "moved"]
    assert Binned.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_double_click_restores_once() -> None:
    post = make_post()
    entry = move(post)

    def act() -> str:
        try:
            bin.restore(entry, None)
        except bin.Gone:
            return "gone"
        return "back"

    assert sorted(at_once(act, act)) == ["back", "gone"]
    assert Post.objects.filter(pk=post.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_connected_articles_are_moved_and_restored_at_once() -> None:
    one, other = make_post(), make_post()
    connect(one, other)
    connect(other, one)
    before = rows_of(RelatedPost)
    at_once(lambda: move(one), lambda: move(other))
    assert not RelatedPost.objects.exists()
    at_once(lambda: back(one), lambda: back(other))
    assert rows_of(RelatedPost) == before


@pytest.mark.django_db(transaction=True)
def test_an_issue_that_starts_at_the_same_time_has_its_article_or_not() -> None:
    post = make_post()
    issue = make_issue(posts=[make_post(), post])

    def move_it() -> str:
        try:
            move(Post.objects.get(pk=post.pk))
        except bin.Refused:
            return "stays"
        return "moved"

    said, _ = at_once(move_it, lambda: starting.start(Issue.objects.get(pk=issue.pk)))
    text = Issue.objects.get(pk=issue.pk).content.text
    assert (post.title in text) == (said == "stays")
    assert Post.objects.filter(pk=post.pk).exists() == (said == "stays")


# The rest of the site


def test_new_rows_do_not_collide_with_restored_ones() -> None:
    post = make_post(tags=[make_tag()])
    connect(post, make_post())
    make_issue(posts=[post])
    move(post)
    made = [make_post(tags=[Tag.objects.get()]) for _ in range(3)]
    back(post)
    made += [make_post(tags=[Tag.objects.get()]) for _ in range(3)]
    connect(post, made[0])
    make_issue(posts=made)
    assert post.pk not in {one.pk for one in made}


def test_a_restored_article_is_compared_again() -> None:
    fire = make_tag("Fire")
    post, other = make_post(tags=[fire]), make_post(tags=[fire])
    likeness.compare_due()
    assert Likeness.objects.filter(post=other).exists()
    move(post)
    assert not Likeness.objects.exists()
    back(post)
    Post.objects.all().bring_back()
    likeness.compare_due()
    assert Likeness.objects.filter(post=other, other=post).exists()


def test_the_longest_text_comes_back() -> None:
    words = "<p>" + "Dispatch “now” & then. " * 40_000 + "</p>"
    post = make_post(body=words, published_at=None)
    stored = Post.objects.get(pk=post.pk).body
    move(post)
    back(post)
    assert Post.objects.get(pk=post.pk).body == stored


def test_an_account_that_is_deleted_takes_nothing_out_of_the_bin() -> None:
    editor = make_editor()
    image = make_image()
    Image.objects.filter(pk=image.pk).update(uploaded_by=editor)
    bin.move_to_bin(image, editor)
    User.objects.filter(pk=editor.pk).delete()
    assert Binned.objects.get().by is None
    back(image)
    assert Image.objects.get(pk=image.pk).uploaded_by is None


def test_nobody_reads_the_long_rows_for_a_list() -> None:
    move(make_post())
    with connection.execute_wrapper(refuse_rows):
        assert [str(entry) for entry in Binned.objects.all().for_listing()]


def refuse_rows(execute: Any, sql: str, *args: Any) -> Any:
    assert '"rows"' not in sql
    return execute(sql, *args)
