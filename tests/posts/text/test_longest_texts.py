"""A text that is too long is refused with its length, and stays in the form."""

from html import unescape

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from newsletter.models import Issue
from posts.models import Author, Page, Post, Tag
from posts.models.fields import LONGEST_DESCRIPTION
from posts.text.editor import LONGEST_BODY, LONGEST_INTRODUCTION, LONGEST_SENT
from tests.posts.admin.desk import ADD, errors, form

pytestmark = pytest.mark.django_db


def too_long_message(length: int, longest: int) -> str:
    return (
        f"This text is {length:,} characters long, and at most {longest:,} can be kept. Shorten "
        "it and save again; until then all of it stays in this form."
    )


def body_of(length: int) -> str:
    return f"<p>{'word ' * ((length - 7) // 5)}".ljust(length - 4, "x") + "</p>"


def test_a_body_of_the_maximum_length_is_saved(desk: Client) -> None:
    assert desk.post(ADD, form(body=body_of(LONGEST_BODY))).status_code == 302
    assert Post.objects.get().body == body_of(LONGEST_BODY)


def test_a_longer_body_is_refused_and_stays_in_the_form(desk: Client) -> None:
    body = body_of(LONGEST_BODY + 1)
    response = desk.post(ADD, form(body=body))
    assert errors(response) == {"body": [too_long_message(LONGEST_BODY + 1, LONGEST_BODY)]}
    assert body in unescape(response.content.decode())
    assert not Post.objects.exists()


def test_the_length_is_checked_before_cleaning(desk: Client) -> None:
    sent = "<p>kept</p>" + "<br class='x'>" * (LONGEST_SENT // 14)
    response = desk.post(ADD, form(body=sent))
    assert errors(response) == {"body": [too_long_message(len(sent), LONGEST_SENT)]}


@pytest.mark.parametrize(
    ("thing", "field", "longest"),
    [
        (Tag(name="Night", slug="night"), "description", LONGEST_DESCRIPTION),
        (Author(name="Ana", slug="ana"), "bio", LONGEST_DESCRIPTION),
        (Page(title="About", slug="about-us", body="x"), "body", LONGEST_BODY),
        (Issue(number=1, subject="One"), "intro", LONGEST_INTRODUCTION),
    ],
    ids=["topic", "author", "page", "issue"],
)
def test_every_long_text_has_a_limit(
    thing: Tag | Author | Page | Issue, field: str, longest: int
) -> None:
    setattr(thing, field, "x" * longest)
    thing.full_clean()
    setattr(thing, field, "x" * (longest + 1))
    with pytest.raises(ValidationError) as caught:
        thing.full_clean()
    assert caught.value.message_dict == {field: [too_long_message(longest + 1, longest)]}


def test_a_description_that_is_too_long_stays_in_the_form(desk: Client) -> None:
    text = "word " * 1_100
    response = desk.post(
        reverse("admin:posts_tag_add"), {"name": "Night", "slug": "night", "description": text}
    )
    assert errors(response)["description"] == [
        too_long_message(len(text.strip()), LONGEST_DESCRIPTION)
    ]
    page = response.content.decode()
    assert text in page
    # With maxlength, a browser would truncate a pasted text without a message.
    assert "maxlength" not in page.split('name="description"')[1].split(">")[0]
