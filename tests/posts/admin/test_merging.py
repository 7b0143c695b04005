"""Several topics become one, and nothing that pointed to them is lost."""

import pytest
from django.test import Client

from posts.merging import merge
from posts.models import Post, Tag
from posts.models.addresses import FormerSlug
from tests.factories import make_editor, make_post, make_tag
from tests.helpers import at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def test_the_articles_get_the_topic_that_stays_each_once() -> None:
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    both, one = make_post(tags=[fire, blaze]), make_post(tags=[blaze])
    assert [tag.name for tag in merge([blaze.pk], fire.pk)] == ["Blaze"]
    assert list(both.tags.all()) == [fire]
    assert list(one.tags.all()) == [fire]
    assert list(Tag.objects.all()) == [fire]


def test_the_articles_that_moved_are_compared_again_and_no_others() -> None:
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    moved, stayed = make_post(tags=[blaze]), make_post(tags=[fire])
    Post.objects.update(likeness_due=False)
    merge([blaze.pk], fire.pk)
    moved.refresh_from_db()
    stayed.refresh_from_db()
    assert (moved.likeness_due, stayed.likeness_due) == (True, False)


def test_every_address_of_theirs_leads_to_the_one_that_stays(client: Client) -> None:
    fire, blaze = make_tag(slug="fire"), make_tag(slug="burning")
    blaze.slug = "blaze"
    blaze.save()
    merge([blaze.pk, fire.pk], fire.pk)
    for former in ("burning", "blaze"):
        response = client.get(f"/tags/{former}/?page=2")
        assert (response.status_code, response["Location"]) == (301, "/tags/fire/?page=2")


def test_merged_twice_in_a_row_there_is_still_one_redirect(client: Client) -> None:
    first, second, third = (make_tag(slug=slug) for slug in ("first", "second", "third"))
    merge([first.pk], second.pk)
    merge([second.pk], third.pk)
    assert client.get("/tags/first/")["Location"] == "/tags/third/"
    assert client.get("/tags/second/")["Location"] == "/tags/third/"


def test_the_one_that_stays_may_have_had_the_address_of_one_that_goes(client: Client) -> None:
    stays = make_tag(slug="fire")
    stays.slug = "fires"
    stays.save()
    goes = make_tag(slug="fire")
    merge([goes.pk], stays.pk)
    assert client.get("/tags/fire/")["Location"] == "/tags/fires/"
    assert FormerSlug.objects.count() == 1


def test_a_second_merge_finds_nothing_left_to_do() -> None:
    fire, blaze = make_tag(), make_tag()
    merge([blaze.pk], fire.pk)
    assert merge([blaze.pk], fire.pk) == []
    assert merge([fire.pk], fire.pk) == []


def test_nothing_happens_when_the_one_to_stay_is_gone() -> None:
    blaze, gone = make_tag(), make_tag()
    pk = gone.pk
    gone.delete()
    with pytest.raises(Tag.DoesNotExist):
        merge([blaze.pk], pk)
    assert list(Tag.objects.all()) == [blaze]


def test_a_failure_in_the_middle_leaves_everything_as_it_was(
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
def test_two_editors_who_merge_crosswise_at_once_leave_one_topic_and_every_article() -> None:
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


# At the desk


def act(client: Client, *tags: Tag, **data: object):
    chosen = {"action": "merge_into", "_selected_action": [tag.pk for tag in tags]}
    return client.post("/admin/posts/tag/", {**chosen, **data}, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_the_desk_asks_before_it_merges(client: Client) -> None:
    client.force_login(make_editor())
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    page = act(client, blaze).content.decode()
    assert "Choose the topic that stays" in page
    assert f'name="_selected_action" value="{blaze.pk}"' in page
    assert Tag.objects.count() == 2
    response = act(client, blaze, merge="1", into=fire.pk)
    assert "Merged “Blaze” into “Fire”. Its address leads there now." in said(response)
    assert list(Tag.objects.all()) == [fire]


def test_a_double_click_merges_once_and_says_so(client: Client) -> None:
    client.force_login(make_editor())
    fire, blaze = make_tag("Fire"), make_tag("Blaze")
    act(client, fire, blaze, merge="1", into=fire.pk)
    assert "merged already" in said(act(client, fire, blaze, merge="1", into=fire.pk)) or (
        list(Tag.objects.all()) == [fire]
    )
    assert "merged already" in said(act(client, blaze, merge="1", into=fire.pk))


@pytest.mark.parametrize("into", ["", "x", "0", "999999999999999999999", "itself"])
def test_a_bad_choice_is_said_and_merges_nothing(client: Client, into: str) -> None:
    client.force_login(make_editor())
    make_tag()
    blaze = make_tag("Blaze")
    response = act(client, blaze, merge="1", into=blaze.pk if into == "itself" else into)
    assert response.status_code == 200
    assert "Choose" in response.content.decode()
    assert 'class="errorlist"' in response.content.decode()
    assert Tag.objects.count() == 2


def test_whoever_may_not_delete_topics_does_not_merge_them(client: Client) -> None:
    client.force_login(make_editor("posts.view_tag", "posts.change_tag"))
    fire, blaze = make_tag(), make_tag()
    act(client, blaze, merge="1", into=fire.pk)
    assert Tag.objects.count() == 2


def test_the_names_of_topics_are_escaped(client: Client) -> None:
    client.force_login(make_editor())
    assert (
        "<script>alert" not in act(client, make_tag("<script>alert(1)</script>")).content.decode()
    )
