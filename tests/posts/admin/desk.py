"""The form of an article in the admin as a browser sends it, and the messages of the admin."""

from html import unescape
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from posts.models import Author, Post
from tests.factories import make_author

ADD = "/admin/posts/post/add/"
LIST = "/admin/posts/post/"


def change(post: Post) -> str:
    return f"/admin/posts/post/{post.pk}/change/"


def form(related: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    """The data of the form, of an article with all required fields."""
    rows = related or []
    sent: dict[str, Any] = {
        "title": "Night shift",
        "slug": "night-shift",
        "summary": "What the night is like.",
        "body": "<p>Answer the call.</p>",
        "cover": "",
        "cover_alt": "",
        "cover_caption": "",
        "cover_credit": "",
        "published_at_0": "",
        "published_at_1": "",
        "related_to-TOTAL_FORMS": len(rows),
        "related_to-INITIAL_FORMS": sum("id" in row for row in rows),
        "related_to-MIN_NUM_FORMS": 0,
        "related_to-MAX_NUM_FORMS": 1000,
        **fields,
    }
    for number, row in enumerate(rows):
        for name, value in {"position": 0, "post": "", **row}.items():
            sent[f"related_to-{number}-{name}"] = value
    if "author" not in sent:
        sent["author"] = (Author.objects.first() or make_author()).pk
    return sent


def when(moment: Any) -> dict[str, str]:
    local = timezone.localtime(moment)
    return {"published_at_0": f"{local:%Y-%m-%d}", "published_at_1": f"{local:%H:%M:%S}"}


def act(desk: Client, action: str, *posts: Post) -> HttpResponse:
    """Choose articles and an action, and press the button of the page that says what it will do."""
    return confirm(desk, LIST, {"action": action, "_selected_action": [post.pk for post in posts]})


def confirm(desk: Client, url: str, sent: dict[str, Any]) -> HttpResponse:
    asked = desk.post(url, sent)
    shown = (getattr(asked, "context", None) or {}).get("shown")
    if not shown:
        return asked
    listed = [str(one.thing.pk) for one in asked.context["plan"].listed if one.asks]
    more = {"_shown": shown, "_asked": listed, "_include": listed}
    return desk.post(url, {**sent, **more})


def said(response: HttpResponse) -> str:
    """The text of all messages after an action."""
    return unescape(" ".join(str(message) for message in get_messages(response.wsgi_request)))


def errors(response: HttpResponse) -> dict[str, list[str]]:
    assert response.status_code == 200, "The form was accepted."
    found: dict[str, list[str]] = dict(response.context["adminform"].form.errors)
    return found


def row_errors(response: HttpResponse) -> list[dict[str, list[str]]]:
    assert response.status_code == 200, "The form was accepted."
    found: list[dict[str, list[str]]] = response.context["inline_admin_formsets"][0].formset.errors
    return found
