"""Merging topics: articles, addresses and former slugs move to the remaining topic."""

import pytest
from django.test import Client

from posts.merging import merge
from posts.models import Post, Tag
from posts.models.addresses import FormerSlug
from tests.factories import make_editor, make_post, make_tag
from tests.helpers import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def rename(tag: Tag, slug: str) -> None:
    fresh = Tag.objects.get(pk=tag.pk)
    fresh.slug = slug
    fresh.save()


def test_every_article_gets_the_remaining_topic_once() -> None:
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    both, one = make_post(tags=[fire, blaze]), make_post(tags=[blaze])
    assert [tag.name for tag in merge([blaze.pk], fire.pk)] == ["Blaze"]
    assert list(both.tags.all()) == [fire]
    assert list(one.tags.all()) == [fire]
    assert list(Tag.objects.all()) == [fire]


def test_only_articles_of_merged_topics_become_due_for_comparison() -> None:
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    moved, stayed = make_post(tags=[blaze]), make_post(tags=[fire])
    Post.objects.update(likeness_due=False)
    merge([blaze.pk], fire.pk)
    moved.refresh_from_db()
    stayed.refresh_from_db()
    assert (moved.likeness_due, stayed.likeness_due) == (True, False)


def test_every_address_of_a_merged_topic_redirects_to_the_remaining_one(client: Client) -> None:
    fire, blaze = make_tag(slug="fire"), make_tag(slug="burning")
    rename(blaze, "blaze")
    merge([blaze.pk, fire.pk], fire.pk)
    for former in ("burning", "blaze"):
        response = client.get(f"/tags/{former}/?page=2")
        assert (response.status_code, response["Location"]) == (301, "/tags/fire/?page=2")


def test_two_merges_in_a_row_leave_a_single_redirect(client: Client) -> None:
    first, second, third = (make_tag(slug=slug) for slug in ("first", "second", "third"))
    merge([first.pk], second.pk)
    merge([second.pk], third.pk)
    assert client.get("/tags/first/")["Location"] == "/tags/third/"
    assert client.get("/tags/second/")["Location"] == "/tags/third/"


def test_the_remaining_topic_may_own_the_former_slug_of_a_merged_one(client: Client) -> None:
    remaining = make_tag(slug="fire")
    rename(remaining, "fires")
    merged = make_tag(slug="fire")
    merge([merged.pk], remaining.pk)
    assert client.get("/tags/fire/")["Location"] == "/tags/fires/"
    assert FormerSlug.objects.count() == 1


def test_merging_again_changes_nothing() -> None:
    fire, blaze = make_tag(), make_tag()
    merge([blaze.pk], fire.pk)
    assert merge([blaze.pk], fire.pk) == []
    assert merge([fire.pk], fire.pk) == []


def test_merging_into_a_deleted_topic_changes_nothing() -> None:
    blaze, gone = make_tag(), make_tag()
    pk = gone.pk
    gone.delete()
    with pytest.raises(Tag.DoesNotExist):
        merge([blaze.pk], pk)
    assert list(Tag.objects.all()) == [blaze]


def test_a_failed_merge_is_rolled_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fire, blaze = make_tag(), make_tag()
    post = make_post(tags=[blaze])

    def broken(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Tag, "take_over", broken)
    with pytest.raises(RuntimeError):
        merge([blaze.pk], fire.pk)
    assert list(post.tags.all()) == [blaze]


@pytest.mark.django_db(transaction=True)
def test_two_opposite_merges_at_once_leave_one_topic_and_every_article() -> None:
    one, other = make_tag(slug="one"), make_tag(slug="other")
    posts = [make_post(tags=[one]), make_post(tags=[other])]

    def merged(goes: int, stays: int) -> bool:
        try:
            merge([goes], stays)
        except Tag.DoesNotExist:
            return False
        return True

    done = at_once(lambda: merged(one.pk, other.pk), lambda: merged(other.pk, one.pk))
    assert sorted(done) == [False, True]
    left = Tag.objects.get()
    assert [list(post.tags.all()) for post in posts] == [[left], [left]]
    assert FormerSlug.objects.get().tag == left


# In the admin


def act(client: Client, *tags: Tag, **data: object):
    chosen = {"action": "merge_into", "_selected_action": [tag.pk for tag in tags]}
    return client.post("/admin/posts/tag/", {**chosen, **data}, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_the_admin_asks_for_confirmation_before_merging(client: Client) -> None:
    client.force_login(make_editor())
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    page = act(client, blaze).content.decode()
    assert "Choose the topic that stays" in page
    assert f'name="_selected_action" value="{blaze.pk}"' in page
    assert Tag.objects.count() == 2
    response = act(client, blaze, merge="1", into=fire.pk)
    assert "Merged “Blaze” into “Fire”. Its address leads there now." in said(response)
    assert list(Tag.objects.all()) == [fire]


def test_a_double_click_merges_once(client: Client) -> None:
    client.force_login(make_editor())
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    assert "Merged “Blaze” into “Fire”" in said(act(client, fire, blaze, merge="1", into=fire.pk))
    for chosen in ([fire, blaze], [blaze]):
        assert "Merged “" not in said(act(client, *chosen, merge="1", into=fire.pk))
        assert list(Tag.objects.all()) == [fire]
    assert "merged already" in said(act(client, blaze, merge="1", into=fire.pk))


@pytest.mark.parametrize("into", ["", "x", "0", "999999999999999999999", "itself"])
def test_an_invalid_choice_is_an_error_and_merges_nothing(client: Client, into: str) -> None:
    client.force_login(make_editor())
    make_tag()
    blaze = make_tag("Blaze")
    response = act(client, blaze, merge="1", into=blaze.pk if into == "itself" else into)
    assert response.status_code == 200
    assert "Choose" in response.content.decode()
    assert 'class="errorlist"' in response.content.decode()
    assert Tag.objects.count() == 2


def test_merging_needs_the_permission_to_delete_topics(client: Client) -> None:
    client.force_login(make_editor("posts.view_tag", "posts.change_tag"))
    fire, blaze = make_tag(), make_tag()
    act(client, blaze, merge="1", into=fire.pk)
    assert Tag.objects.count() == 2


def test_the_names_of_topics_are_escaped(client: Client) -> None:
    client.force_login(make_editor())
    assert (
        "<script>alert" not in act(client, make_tag("<script>alert(1)</script>")).content.decode()
    )
