"""Related articles: similar by rare topics, then by words. Pages only read what is stored."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from posts import likeness
from posts.models import Likeness, Post
from posts.views import article_queries
from tests.factories import connect, make_post, make_tag

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def shown_related(post: Post) -> list[Post]:
    found = article_queries.published_article(post.slug)
    assert found
    return [Post.objects.get(pk=one.pk) for one in article_queries.connected(found)]


def test_a_rare_topic_weighs_more_than_a_common_one() -> None:
    common, rare = make_tag("Leadership"), make_tag("Hostage calls")
    for _ in range(8):
        make_post(tags=[common])
    other = make_post(tags=[rare])
    post = make_post(tags=[common, rare])
    likeness.compare_due()
    assert shown_related(post)[0] == other


def test_with_equal_topics_similar_words_rank_first() -> None:
    fire = make_tag("Fire")
    make_post(title="Budget season", tags=[fire])
    near = make_post(title="Radio discipline on large fires", tags=[fire])
    make_post(title="Hiring in a small town", tags=[fire])
    post = make_post(title="Large fires and the radio", tags=[fire])
    likeness.compare_due()
    assert shown_related(post)[0] == near


def test_articles_without_topics_are_compared_by_words() -> None:
    near = make_post(title="Sleep after the night shift", summary="Rest.")
    far = make_post(title="Budget hearings", summary="Money.")
    post = make_post(title="The night shift and sleep", summary="Dark.")
    likeness.compare_due()
    assert near in shown_related(post)
    assert far not in shown_related(post)


def test_picked_articles_come_first_and_the_list_is_filled_up_to_three() -> None:
    fire = make_tag("Fire")
    others = [make_post(tags=[fire]) for _ in range(5)]
    picked = make_post()
    post = make_post(tags=[fire])
    connect(post, picked)
    likeness.compare_due()
    found = shown_related(post)
    assert len(found) == 3
    assert found[0] == picked
    assert set(found[1:]) < set(others)


def test_all_picked_articles_are_shown_once_in_their_order() -> None:
    fire = make_tag("Fire")
    others = [make_post(tags=[fire]) for _ in range(4)]
    post = make_post(tags=[fire])
    connect(post, *others)
    likeness.compare_due()
    assert shown_related(post) == others


def test_a_new_article_is_added_to_the_lists_of_similar_articles() -> None:
    fire = make_tag("Fire")
    old = make_post(tags=[fire])
    likeness.compare_due()
    assert shown_related(old) == []
    new = make_post(tags=[fire])
    assert likeness.compare_due() == {old.pk, new.pk}
    assert shown_related(old) == [new]


def test_drafts_withdrawn_and_scheduled_articles_are_never_listed() -> None:
    fire = make_tag("Fire")
    post, other = make_post(tags=[fire]), make_post(tags=[fire])
    make_post(tags=[fire], published_at=None)
    make_post(tags=[fire], published_at=timezone.now() + timedelta(days=1))
    likeness.compare_due()
    assert shown_related(post) == [other]
    Post.objects.filter(pk=other.pk).withdraw()
    assert shown_related(post) == []
    likeness.compare_due()
    assert not Likeness.objects.filter(other=other).exists()


def test_an_article_that_is_no_longer_similar_leaves_the_lists() -> None:
    fire, police = make_tag("Fire"), make_tag("Police")
    one = make_post(title="Hydrants", summary="Water.", tags=[fire])
    other = make_post(title="Traffic stops", summary="Plates.", tags=[fire])
    likeness.compare_due()
    Post.objects.get(pk=other.pk).tags.set([police])
    likeness.compare_due()
    assert shown_related(one) == []


def test_each_list_stores_a_limited_number_of_articles() -> None:
    fire = make_tag("Fire")
    for _ in range(likeness.STORED + 4):
        make_post(tags=[fire])
    likeness.compare_due()
    for post in Post.objects.all():
        assert post.likenesses.count() == likeness.STORED
        assert not post.likenesses.filter(other=post).exists()


def test_comparing_again_stores_the_same_scores() -> None:
    fire = make_tag("Fire")
    posts = [make_post(tags=[fire]) for _ in range(4)]
    likeness.compare_due()
    before = set(Likeness.objects.values_list("post", "other", "score"))
    assert likeness.compare(posts[0].pk) == set()
    assert set(Likeness.objects.values_list("post", "other", "score")) == before


def test_only_a_changed_article_is_due() -> None:
    post = make_post()
    make_post()
    likeness.compare_due()
    assert not Post.objects.filter(likeness_due=True).exists()
    Post.objects.get(pk=post.pk).save()
    assert list(Post.objects.filter(likeness_due=True)) == [post]


def test_an_article_edited_during_the_comparison_is_due_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = make_post(tags=[make_tag()])
    telling_words = likeness.telling_words

    def edited_meanwhile(text: str) -> frozenset[str]:
        Post.objects.filter(pk=post.pk).update(title="Another title")
        return telling_words(text)

    monkeypatch.setattr(likeness, "telling_words", edited_meanwhile)
    likeness.compare(post.pk)
    assert Post.objects.get().likeness_due


def test_comparing_a_deleted_article_is_no_error() -> None:
    assert likeness.compare(404) == set()


def test_reading_a_page_compares_nothing(client: Client) -> None:
    fire = make_tag("Fire")
    for _ in range(5):
        make_post(tags=[fire])
    assert client.get(Post.objects.all()[0].get_absolute_url()).status_code == 200
    assert not Likeness.objects.exists()
    assert Post.objects.filter(likeness_due=True).count() == 5
