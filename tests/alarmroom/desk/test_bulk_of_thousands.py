"""An action on thousands of rows. On SQLite only: what is rolled back leaves PostgreSQL's tables
long, and the tests that read its plans see them as they are.
"""

import pytest
from django.test import Client
from django.utils import timezone

from posts.models import Post
from tests.factories import make_editor, make_post
from tests.posts.admin.desk import LIST, said


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


@pytest.mark.django_db
def test_all_that_match_are_chosen_at_five_thousand(desk: Client) -> None:
    author = make_post(title="Another", published_at=None).author
    now = timezone.now()
    Post.objects.bulk_create(
        Post(title=f"No. {n}", slug=f"n-{n}", author=author, published_at=now, body="<p>A</p>")
        for n in range(5000)
    )
    first = Post.objects.published()[0]
    address = f"{LIST}?state=published"
    sent = {"action": "withdraw", "select_across": "1", "_selected_action": first.pk}
    asked = desk.post(address, sent)
    assert asked.context["plan"].summary == "5000 will be withdrawn."
    assert "And 4900 more" in asked.content.decode()
    # The form has few fields, however many are chosen.
    assert asked.content.decode().count("<input") < 20
    too_many = desk.post(f"{LIST}?state=published", {**sent, "action": "publish_now"})
    assert "At most 100 can be chosen for this at once; 5000 were." in said(too_many)
