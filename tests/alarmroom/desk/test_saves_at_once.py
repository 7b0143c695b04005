"""Several saves of one object, and several requests of one tab, at the same moment."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from alarmroom.desk import copies
from alarmroom.desk.models import Revision, WorkingCopy
from posts.models import Post
from tests.alarmroom.desk.test_two_people import opened, sent, someone
from tests.factories import make_editor, make_post
from tests.helpers import at_once
from tests.posts.admin.desk import change

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

PEOPLE = ("Dele", "Ruth", "Kim", "Ana")


def test_everybody_s_paragraph_is_in_the_text(settings: Any) -> None:
    paragraphs = [f"<p>Paragraph of {name}.</p>" for name in PEOPLE]
    post = make_post(published_at=None, body="\n".join(paragraphs))
    clients = [someone(name) for name in PEOPLE]
    held = [opened(client, change(post)) for client in clients]

    def save(number: int) -> Callable[[], int]:
        body = "\n".join(
            paragraph.replace("Paragraph", "Changed") if at == number else paragraph
            for at, paragraph in enumerate(paragraphs)
        )
        data = {**sent(post, body=body), **held[number]}
        return lambda: clients[number].post(change(post), data).status_code

    assert at_once(*(save(number) for number in range(len(PEOPLE)))) == [302] * len(PEOPLE)
    post.refresh_from_db()
    assert post.body == "\n".join(f"<p>Changed of {name}.</p>" for name in PEOPLE)
    assert Revision.objects.of(post).filter(kind="saved").count() == len(PEOPLE)


def test_of_two_who_change_the_title_one_is_asked() -> None:
    post = make_post(published_at=None)
    clients = [someone(name) for name in PEOPLE[:2]]
    held = [opened(client, change(post)) for client in clients]

    def save(number: int) -> Callable[[], int]:
        data = {**sent(post, title=f"By {PEOPLE[number]}"), **held[number]}
        return lambda: clients[number].post(change(post), data).status_code

    assert sorted(at_once(save(0), save(1))) == [302, 409]
    assert Post.objects.get().title in ("By Dele", "By Ruth")


def test_an_add_form_that_is_sent_twice_at_once_makes_one_article() -> None:
    client = someone("Ruth")
    add = "/admin/posts/post/add/"
    held = opened(client, add)
    data = {**sent(make_post(), title="Twice", slug=""), **held}

    def save() -> int:
        own = Client()
        own.cookies = client.cookies
        return own.post(add, data).status_code

    assert at_once(*[save] * 4) == [302] * 4
    assert Post.objects.filter(title="Twice").count() == 1


def test_the_latest_change_of_a_tab_is_what_is_stored() -> None:
    post, editor = make_post(), make_editor()

    def keep(number: int) -> Callable[[], None]:
        def act() -> None:
            data = [["title", f"Change {number}"]]
            copies.keep(Post, post.pk, editor, "tab-012345", number=number, data=data, base="")

        return act

    at_once(*(keep(number) for number in (5, 1, 8, 3)))
    copy = WorkingCopy.objects.get()
    assert (copy.number, copy.data) == (8, [["title", "Change 8"]])
