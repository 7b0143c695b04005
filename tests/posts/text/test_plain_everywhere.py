"""Words stay separated wherever plain text is made from HTML."""

import json

import pytest
from django.db import connection
from django.test import Client

from newsletter.mail.text import one_line
from posts.models import reading_minutes
from tests.factories import make_post

LINE_ENDS = ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"]


def test_words_of_adjacent_blocks_are_counted_separately() -> None:
    assert reading_minutes("<p>one two</p><p>three</p>" * 300) == 4
    assert reading_minutes("<ul>" + "<li>one</li>" * 900 + "</ul>") == 4
    assert reading_minutes("one<br>" * 900) == 4
    assert reading_minutes("<table><tr>" + "<td>1</td>" * 900 + "</tr></table>") == 4
    assert reading_minutes("<p>o<em>n</em>e</p>" * 230) == 1


@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_an_unusual_line_separator_is_a_space_in_a_subject(line_end: str) -> None:
    assert one_line(f"Call{line_end}Taking") == "Call Taking"


@pytest.mark.django_db
@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_an_unusual_line_separator_is_a_space_in_a_feed(line_end: str, client: Client) -> None:
    post = make_post()
    # Such rows exist from before these characters were removed on save.
    text = f"Call{line_end}Taking"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE posts_post SET title = %s, summary = %s, body = %s WHERE id = %s",
            [text, text, f"<p>{text}</p>", post.pk],
        )
    [item] = json.loads(client.get("/feeds/feed.json").content)["items"]
    assert (item["title"], item["summary"]) == ("Call Taking", "Call Taking")
    assert item["content_html"] == "<p>Call Taking</p>"
