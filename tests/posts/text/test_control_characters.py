"""Titles, names and summaries are stored without control characters, however they are saved."""

from typing import Any

import pytest
from django.test import Client

from newsletter.models import Issue
from posts.models import Author, Page, Post, Tag
from tests.factories import make_author, make_post
from tests.posts.admin.desk import ADD, form

pytestmark = pytest.mark.django_db

WITH_CONTROLS = "Ni\x00ght\x1b shi\x7fft\u2028and\x0bday\x9f"
WITHOUT_CONTROLS = "Night shift and day"
# These characters join letters or set the direction of a line.
WITH_JOINERS = "نمی\u200cدانم \u200fא\u2069 \U0001f469\u200d\U0001f692"


def every_text() -> list[tuple[Any, dict[str, str]]]:
    def texts(*names: str) -> dict[str, str]:
        return dict.fromkeys(names, WITH_CONTROLS)

    author = make_author()
    covered = texts("title", "summary", "cover_alt", "cover_caption", "cover_credit")
    return [
        (Post(author=author, slug="a", body="<p>x</p>"), covered),
        (Tag(slug="a"), texts("name", "description")),
        (Author(slug="a"), texts("name", "role", "bio")),
        (Page(slug="a", body="<p>x</p>"), texts("title", "summary")),
        (Issue(), texts("subject", "preheader")),
    ]


def test_save_removes_control_characters_from_every_text() -> None:
    for thing, texts in every_text():
        for name, text in texts.items():
            setattr(thing, name, text)
        thing.save()
        stored = type(thing).objects.get(pk=thing.pk)
        for name in texts:
            assert getattr(stored, name) == getattr(thing, name) == WITHOUT_CONTROLS, (thing, name)


def test_bulk_create_and_update_remove_control_characters() -> None:
    Tag.objects.bulk_create([Tag(name=WITH_CONTROLS, slug="a")])
    assert Tag.objects.get(slug="a").name == WITHOUT_CONTROLS
    Tag.objects.update(name="Else")
    Tag.objects.update(name=WITH_CONTROLS)
    assert Tag.objects.get(slug="a").name == WITHOUT_CONTROLS


def test_the_admin_form_removes_control_characters(desk: Client) -> None:
    typed = {"title": "Night\x1b shift\x85", "summary": "One.\r\nTwo\x01."}
    assert desk.post(ADD, form(**typed)).status_code == 302
    post = Post.objects.get()
    assert (post.title, post.summary) == ("Night shift", "One.\nTwo.")


def test_two_topics_cannot_differ_by_control_characters_alone(desk: Client) -> None:
    Tag.objects.create(name="Night", slug="night")
    response = desk.post(
        "/admin/posts/tag/add/", {"name": "Night\x1b", "slug": "b", "description": ""}
    )
    assert "already exists" in response.content.decode()


def test_joiners_and_direction_marks_are_stored() -> None:
    post = make_post(title=WITH_JOINERS, summary=WITH_JOINERS)
    stored = Post.objects.get(pk=post.pk)
    assert (stored.title, stored.summary) == (WITH_JOINERS, WITH_JOINERS)
