"""Two saves of one object: nothing of either is lost, and the same paragraph is asked."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from alarmroom.desk.models import Revision
from posts.models import Page, Post
from tests.factories import make_author, make_editor, make_image, make_issue, make_post, make_tag
from tests.posts.admin.desk import act, change, form, said

pytestmark = pytest.mark.django_db

BODY = "<p>First.</p>\n<p>Second.</p>\n<p>Third.</p>"


def someone(first: str) -> Client:
    client = Client()
    client.force_login(make_editor(first_name=first, last_name="Marchetti"))
    return client


@pytest.fixture
def dele() -> Client:
    return someone("Dele")


@pytest.fixture
def ruth() -> Client:
    return someone("Ruth")


def hidden(response: HttpResponse) -> list[tuple[str, str]]:
    page = response.content.decode()
    found = re.findall(r'<input type="hidden" name="([^"]*)"[^>]*? value="([^"]*)"', page)
    return [(unescape(name), unescape(value)) for name, value in found]


def opened(client: Client, url: str) -> dict[str, str]:
    """The hidden fields of ours in a form that somebody has just opened."""
    return {name: value for name, value in hidden(client.get(url)) if name.startswith("_")}


def draft(**fields: Any) -> Post:
    return make_post(published_at=None, body=BODY, title="A title", **fields)


def sent(post: Post, **fields: Any) -> dict[str, Any]:
    return form(
        **{
            "title": post.title,
            "slug": post.slug,
            "summary": post.summary,
            "body": post.body,
            "author": post.author_id,
            **fields,
        }
    )


def choose(client: Client, page: HttpResponse, **choices: str) -> HttpResponse:
    """Send the page that asks, with a choice for each question."""
    assert page.status_code == 409
    data: dict[str, Any] = {}
    for name, value in hidden(page):
        data.setdefault(name, []).append(value)
    action = re.search(
        r'<form class="collision" method="post" action="([^"]*)"', page.content.decode()
    )
    assert action
    return client.post(action[1], {**data, **choices})


def test_changes_of_different_parts_are_put_together(dele: Client, ruth: Client) -> None:
    first, second = make_tag("First"), make_tag("Second")
    picked, other = make_post(), make_post()
    post = draft()
    mine, theirs = opened(ruth, change(post)), opened(dele, change(post))
    rows = [{"related": picked.pk, "position": 1}]
    body = BODY.replace("First.", "First, by Dele.")
    answer = dele.post(
        change(post), {**sent(post, body=body, tags=[first.pk]), **theirs, **rows_of(rows)}
    )
    assert answer.status_code == 302
    rows = [{"related": other.pk, "position": 1}]
    body = BODY.replace("Third.", "Third, by Ruth.")
    answer = ruth.post(
        change(post),
        {
            **sent(post, body=body, tags=[second.pk], summary="Ruth’s dek"),
            **mine,
            **rows_of(rows),
        },
    )
    assert answer.status_code == 302
    assert "Dele Marchetti saved meanwhile" in said(answer)
    post.refresh_from_db()
    assert post.body == BODY.replace("First.", "First, by Dele.").replace(
        "Third.", "Third, by Ruth."
    )
    assert post.summary == "Ruth’s dek"
    assert {*post.tags.all()} == {first, second}
    assert {row.related for row in post.related_to.all()} == {picked, other}


def rows_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in form(rows).items() if name.startswith("related_to-")}


def test_the_same_paragraph_is_asked_and_each_answer_is_saved(dele: Client, ruth: Client) -> None:
    for choice, reads in (
        ("mine", "<p>Second, Ruth.</p>"),
        ("theirs", "<p>Second, Dele.</p>"),
        ("both", "<p>Second, Ruth.</p>\n<p>Second, Dele.</p>"),
        ("anew", "<p>Second &lt;b&gt; anew.</p>"),
    ):
        post = draft()
        mine, theirs = opened(ruth, change(post)), opened(dele, change(post))
        body = BODY.replace("Second.", "Second, Dele.")
        dele.post(change(post), {**sent(post, body=body), **theirs})
        body = BODY.replace("Second.", "Second, Ruth.").replace("First.", "First, Ruth.")
        page = ruth.post(
            change(post), {**sent(post, body=body, summary="Dek"), **mine, "_save": ""}
        )
        shown = page.content.decode()
        assert "Dele Marchetti" in shown
        assert "<ins>" in shown
        post.refresh_from_db()
        assert "Ruth" not in post.body, "Nothing is saved before the choice."
        name = re.search(r'name="_choice-([^"]*)"', shown)
        assert name
        answer = choose(
            ruth,
            page,
            **{f"_choice-{name[1]}": choice, f"_own-{name[1]}": "Second <b> anew."},
        )
        assert answer.status_code == 302
        post.refresh_from_db()
        assert post.body == f"<p>First, Ruth.</p>\n{reads}\n<p>Third.</p>"
        assert post.summary == "Dek"
        kinds = [revision.content["fields"]["body"] for revision in Revision.objects.of(post)]
        assert any("Dele" in body for body in kinds), "Dele’s text stays in the history."


def test_a_third_save_while_one_chooses_is_asked_about_anew(dele: Client, ruth: Client) -> None:
    post = draft()
    mine, theirs = opened(ruth, change(post)), opened(dele, change(post))
    dele.post(change(post), {**sent(post, title="Dele’s"), **theirs})
    page = ruth.post(change(post), {**sent(post, title="Ruth’s"), **mine})
    third = someone("Kim")
    seen = opened(third, change(post))
    third.post(change(post), {**sent(post, title="Kim’s"), **seen})
    page = choose(ruth, page, **{"_choice-title": "theirs"})
    assert page.status_code == 409
    assert "Kim" in page.content.decode()
    assert Post.objects.get(pk=post.pk).title == "Kim’s"
    assert choose(ruth, page, **{"_choice-title": "mine"}).status_code == 302
    assert Post.objects.get(pk=post.pk).title == "Ruth’s"


def test_two_tabs_of_one_person_are_asked_likewise(ruth: Client) -> None:
    post = draft()
    first, second = opened(ruth, change(post)), opened(ruth, change(post))
    ruth.post(change(post), {**sent(post, title="In the first tab"), **first})
    page = ruth.post(change(post), {**sent(post, title="In the second tab"), **second})
    assert page.status_code == 409
    assert "You saved in another tab" in page.content.decode()


def test_an_open_form_does_not_take_an_article_off_the_site(dele: Client, ruth: Client) -> None:
    post = draft()
    mine = opened(ruth, change(post))
    act(dele, "publish_now", post)
    ruth.post(change(post), {**sent(post, summary="A new dek"), **mine, "_update": ""})
    post.refresh_from_db()
    assert post.is_published
    assert post.summary == "A new dek"


def test_both_change_the_cover_and_its_words_stay_with_it(dele: Client, ruth: Client) -> None:
    before, dele_s, ruth_s = (make_image() for _ in range(3))
    post = draft(cover=before, cover_alt="Before")
    mine, theirs = opened(ruth, change(post)), opened(dele, change(post))
    covers = {"cover": dele_s.pk, "cover_alt": "Dele’s"}
    dele.post(change(post), {**sent(post, **covers), **theirs})
    covers = {"cover": ruth_s.pk, "cover_alt": "Ruth’s"}
    page = ruth.post(change(post), {**sent(post, **covers), **mine})
    assert choose(ruth, page, **{"_choice-cover": "theirs"}).status_code == 302
    post.refresh_from_db()
    assert (post.cover, post.cover_alt) == (dele_s, "Dele’s")


def test_a_form_with_an_error_keeps_its_base_and_is_merged_later(
    dele: Client, ruth: Client
) -> None:
    post = draft()
    mine, theirs = opened(ruth, change(post)), opened(dele, change(post))
    dele.post(change(post), {**sent(post, summary="Dele’s dek"), **theirs})
    page = ruth.post(change(post), {**sent(post, title="x" * 201), **mine})
    assert page.status_code == 200
    again = {name: value for name, value in hidden(page) if name.startswith("_")}
    assert again["_base"] == mine["_base"]
    answer = ruth.post(change(post), {**sent(post, title="Short"), **again})
    assert answer.status_code == 302
    post.refresh_from_db()
    assert (post.title, post.summary) == ("Short", "Dele’s dek")


def test_articles_of_an_issue_are_put_together(dele: Client, ruth: Client) -> None:
    first, second, third = make_post(), make_post(), make_post()
    issue = make_issue(posts=[first])
    url = f"/admin/newsletter/issue/{issue.pk}/change/"
    row = issue.issue_posts.get()

    def issue_form(*more: Post, blurb: str = "", subject: str = issue.subject) -> dict[str, Any]:
        data: dict[str, Any] = {
            "number": issue.number,
            "subject": subject,
            "preheader": "",
            "intro": "",
            "issue_posts-TOTAL_FORMS": 1 + len(more),
            "issue_posts-INITIAL_FORMS": 1,
            "issue_posts-0-id": row.pk,
            "issue_posts-0-issue": issue.pk,
            "issue_posts-0-post": first.pk,
            "issue_posts-0-position": "1",
            "issue_posts-0-blurb": blurb,
        }
        for number, post in enumerate(more, start=1):
            data[f"issue_posts-{number}-post"] = post.pk
            data[f"issue_posts-{number}-position"] = number + 1
            data[f"issue_posts-{number}-blurb"] = ""
        return data

    mine, theirs = opened(ruth, url), opened(dele, url)
    assert dele.post(url, {**issue_form(second, blurb="Dele’s blurb"), **theirs}).status_code == 302
    assert ruth.post(url, {**issue_form(third, subject="Ruth’s"), **mine}).status_code == 302
    issue.refresh_from_db()
    assert issue.subject == "Ruth’s"
    assert [entry.blurb for entry in issue.issue_posts.filter(post=first)] == ["Dele’s blurb"]
    assert {entry.post for entry in issue.issue_posts.all()} == {first, second, third}


def test_authors_and_pages_are_merged_too(dele: Client, ruth: Client) -> None:
    author = make_author(name="Ruth Halloran", role="Dispatcher")
    page = Page.objects.create(title="About", body=BODY)
    for url, theirs, mine in (
        (
            f"/admin/posts/author/{author.pk}/change/",
            {"name": author.name, "slug": author.slug, "role": "Trainer", "bio": "", "photo": ""},
            {
                "name": author.name,
                "slug": author.slug,
                "role": "Dispatcher",
                "bio": "B",
                "photo": "",
            },
        ),
        (
            f"/admin/posts/page/{page.pk}/change/",
            {"title": "About us", "slug": page.slug, "summary": "", "body": BODY, "position": 0},
            {"title": "About", "slug": page.slug, "summary": "S", "body": BODY, "position": 0},
        ),
    ):
        of_ruth, of_dele = opened(ruth, url), opened(dele, url)
        assert dele.post(url, {**theirs, **of_dele}).status_code == 302
        assert ruth.post(url, {**mine, **of_ruth}).status_code == 302
    author.refresh_from_db()
    assert (author.role, author.bio) == ("Trainer", "B")
    page.refresh_from_db()
    assert (page.title, page.summary, page.show_in_footer) == ("About us", "S", False)


def test_a_base_of_another_object_counts_for_nothing(ruth: Client) -> None:
    post, other = draft(), draft(summary="Another")
    base = opened(ruth, change(other))["_base"]
    answer = ruth.post(change(post), {**sent(post, title="Saved"), "_base": base})
    assert answer.status_code == 302
    assert Post.objects.get(pk=post.pk).title == "Saved"


def test_a_script_of_somebody_else_is_shown_as_text(dele: Client, ruth: Client) -> None:
    script = "<script>alert(1)</script>"
    post = draft()
    mine, theirs = opened(ruth, change(post)), opened(dele, change(post))
    dele.post(change(post), {**sent(post, title=script, body=f"<p>{script}x</p>"), **theirs})
    page = ruth.post(change(post), {**sent(post, title="T", body="<p>Ruth</p>"), **mine})
    assert page.status_code == 409
    assert script not in page.content.decode()
    assert User.objects.exists()
