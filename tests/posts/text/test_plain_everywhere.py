"""Wherever text is made of HTML, or put in a line, words that stood apart stand apart."""

import json

import pytest
from django.db import connection
from django.test import Client

from newsletter.mail.text import one_line, to_mail_html, to_text
from posts.models import reading_minutes
from tests.factories import make_post

BASE = "https://alarm.example/"
LINE_ENDS = ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"]


def test_words_are_counted_where_no_line_breaks_part_them() -> None:
    assert reading_minutes("<p>one two</p><p>three</p>" * 300) == 4
    assert reading_minutes("<ul>" + "<li>one</li>" * 900 + "</ul>") == 4
    assert reading_minutes("one<br>" * 900) == 4
    assert reading_minutes("<table><tr>" + "<td>1</td>" * 900 + "</tr></table>") == 4
    assert reading_minutes("<p>o<em>n</em>e</p>" * 230) == 1


@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_an_unusual_line_end_is_a_space_in_a_mail(line_end: str) -> None:
    html = f"<p>Call{line_end}Taking</p>"
    assert to_text(html, base=BASE) == "Call Taking"
    assert to_mail_html(html, base=BASE) == "<p>Call Taking</p>"
    assert one_line(f"Call{line_end}Taking") == "Call Taking"


@pytest.mark.django_db
@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_an_unusual_line_end_is_a_space_in_a_feed(line_end: str, client: Client) -> None:
    post = make_post()
    # As a row that was written before such characters left a text.
    text = f"Call{line_end}Taking"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE posts_post SET title = %s, summary = %s, body = %s WHERE id = %s",
            [text, text, f"<p>{text}</p>", post.pk],
        )
    [item] = json.loads(client.get("/feeds/feed.json").content)["items"]
    assert (item["title"], item["summary"]) == ("Call Taking", "Call Taking")
    assert item["content_html"] == "<p>Call Taking</p>"
