"""What the desk says once a form is saved: one sentence of its own, with a link where it helps."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from alarmroom.desk.saved import SavedAdmin
from alarmroom.desk.site import DeskSite
from posts.models import Author, Page, Tag
from tests.factories import make_author, make_editor, make_page, make_post, make_tag
from tests.posts.admin.desk import ADD, change, form, when

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def said(desk: Client, address: str, sent: dict[str, object]) -> list[str]:
    desk.cookies.pop("messages", None)  # What was said before was read.
    answer = desk.post(address, sent)
    assert answer.status_code == 302, answer.content.decode()
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_every_form_of_the_desk_has_the_words_of_the_house() -> None:
    assert isinstance(admin.site, DeskSite)
    for model_admin in admin.site._registry.values():
        assert isinstance(model_admin, SavedAdmin), model_admin
        assert type(model_admin).message_user is SavedAdmin.message_user, model_admin


@pytest.mark.parametrize("button", ["_save", "_continue", "_update"])
def test_a_published_article_gets_one_message(desk: Client, button: str) -> None:
    post = make_post(title="Night shift")
    sent = form(title="Night shift <b>", slug=post.slug, **when(post.published_at))
    (only,) = said(desk, change(post), {**sent, button: "1"})
    words = "Published, dated" if button == "_update" else "Saved. Readers still see the text of"
    assert words in only
    link = f'<a href="{change(post)}">Night shift &lt;b&gt;</a>: '
    assert only.startswith(link) == (button != "_continue")


@pytest.mark.parametrize("button", ["_save", "_continue", "_publish", "_addanother"])
def test_a_new_article_gets_one_message(desk: Client, button: str) -> None:
    sent = form(slug="new", title="New <i>")
    found = said(desk, ADD, {**sent, button: "1"})
    assert sum("Saved as a draft" in one or "Published, dated" in one for one in found) == 1
    assert not any("success" in one for one in found)


def test_other_forms_name_what_was_saved(desk: Client) -> None:
    tag, author = make_tag(name="Nights & days"), make_author(name="Mara")
    where = reverse("admin:posts_tag_change", args=[tag.pk])
    sent = {"name": tag.name, "slug": tag.slug, "description": ""}
    assert said(desk, where, {**sent, "_save": "1"}) == [
        f'Saved: <a href="{where}">Nights &amp; days</a>.'
    ]
    assert said(desk, where, {**sent, "_continue": "1"}) == ["Saved."]
    sent = {"name": "New", "slug": "new", "description": "", "_save": "1"}
    (only,) = said(desk, reverse("admin:posts_tag_add"), sent)
    new = Tag.objects.get(slug="new")
    assert only == f'Saved: <a href="{reverse("admin:posts_tag_change", args=[new.pk])}">New</a>.'
    where = reverse("admin:posts_author_change", args=[author.pk])
    page = desk.get(where).context["adminform"].form
    sent = {name: page[name].value() or "" for name in page.fields}
    assert said(desk, where, {**sent, "_save": "1"}) == [f'Saved: <a href="{where}">Mara</a>.']
    assert Author.objects.count() == 1


def test_an_account_and_a_changed_list(desk: Client) -> None:
    sent = {"username": "dele", "usable_password": "false", "email": "dele@psap.example"}
    assert said(desk, reverse("admin:auth_user_add"), sent) == ["Saved."]
    person = User.objects.get(username="dele")
    where = reverse("admin:auth_user_delete", args=[person.pk])
    assert said(desk, where, {"post": "yes"}) == ["Deleted: dele."]
    page = make_page(position=1)
    sent = {
        "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-MIN_NUM_FORMS": "0",
        "form-MAX_NUM_FORMS": "1000", "form-0-id": str(page.pk), "form-0-position": "7",
        "_save": "Save",
    }  # fmt: skip
    assert said(desk, reverse("admin:posts_page_changelist"), sent) == ["Saved."]
    assert Page.objects.get(pk=page.pk).position == 7
