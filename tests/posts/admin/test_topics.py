"""Topics on the desk: how many articles each has, which have none, and what a deletion does."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from posts.models import Post, Tag
from tests.factories import make_editor, make_post, make_tag

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]
URL = "/admin/posts/tag/"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def rows(client: Client, query: str = "") -> dict[str, tuple[int, int, str]]:
    changelist = client.get(f"{URL}{query}").context["cl"]
    desk = changelist.model_admin
    return {
        tag.name: (desk.published(tag), desk.drafts(tag), desk.unused(tag))
        for tag in changelist.result_list
    }


def test_the_list_counts_published_articles_and_others_and_names_what_is_unused(
    desk: Client,
) -> None:
    fire, staffing, _ = make_tag("Fire"), make_tag("Staffing"), make_tag("Weather")
    for _number in range(2):
        make_post(tags=[fire, staffing])
    make_post(tags=[fire], published_at=None)
    make_post(tags=[fire], published_at=timezone.now() + timedelta(days=1))
    found = rows(desk)
    assert found == {
        "Fire": (2, 2, "In use"),
        "Staffing": (2, 0, "In use"),
        "Weather": (0, 0, "Unused"),
    }
    assert rows(desk, "?use=unused") == {"Weather": (0, 0, "Unused")}
    assert rows(desk, "?use=used") == {"Fire": (2, 2, "In use"), "Staffing": (2, 0, "In use")}
    counts = {tab.name: tab.count for tab in desk.get(URL).context["cl"].tabs}
    assert counts == {"All": 3, "In use": 2, "Unused": 1}


@pytest.mark.parametrize("how", ["one", "many"])
def test_a_deletion_says_what_it_does_and_keeps_the_articles(desk: Client, how: str) -> None:
    fire = make_tag("Fire", slug="fire")
    make_post(tags=[fire])
    make_post(tags=[fire], published_at=None)
    url, data = f"{URL}{fire.pk}/delete/", {"post": "yes"}
    page = desk.get(url).content.decode()
    if how == "many":
        url, chosen = URL, {"action": "delete_selected", "_selected_action": str(fire.pk)}
        page = desk.post(url, chosen).content.decode()
        data |= chosen
    assert "2 articles lose it, 1 of them published." in page
    assert "/tags/fire/" in page
    assert "Merge into…" in page
    assert Tag.objects.exists()
    assert desk.post(url, data).status_code == 302
    assert not Tag.objects.exists()
    assert Post.objects.count() == 2


def test_who_may_not_delete_a_topic_sees_no_such_page(client: Client) -> None:
    client.force_login(make_editor("posts.view_tag", "posts.change_tag"))
    fire = make_tag("Fire")
    assert client.get(f"{URL}{fire.pk}/delete/").status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": str(fire.pk), "post": "yes"}
    client.post(URL, chosen)
    assert Tag.objects.exists()
