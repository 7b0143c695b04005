"""The preview of an article as a search result, as a social card, and in a tab of its own."""

import base64
import io
import re

import pytest
from django.test import Client
from PIL import Image as Pillow

from posts.checks.listing import LONGEST_TITLE, cut
from tests.factories import make_editor, make_image, make_issue, make_post
from tests.posts.admin.desk import form

pytestmark = pytest.mark.django_db
LONG = "What a dispatcher hears first when nobody speaks, and what to do in the first minute"


@pytest.mark.parametrize("kind", ["search", "card", "issue"])
def test_it_shows_what_is_typed_of_a_stored_article_and_of_a_new_one(
    desk: Client, kind: str
) -> None:
    post = make_post(title="Saved", published_at=None)
    for path in (f"/preview/{post.pk}/{kind}/", f"/preview/new/{kind}/"):
        response = desk.post(path, form(title="Typed <b>", summary="A dek"))
        page = response.content.decode()
        assert response.status_code == 200
        assert "Typed &lt;b&gt;" in page and "A dek" in page
        assert response["Cache-Control"] == "no-store, private"
        assert "sandbox allow-same-origin" in response["Content-Security-Policy"]
        assert "allow-scripts" not in response["Content-Security-Policy"]
        assert re.fullmatch(r"\d\d:\d\d", response["X-Desk-Clock"])
    assert "Saved" in desk.get(f"/preview/{post.pk}/{kind}/").content.decode()


@pytest.mark.parametrize("kind", ["search/", "card/", "issue/", "tab/"])
def test_it_asks_for_the_same_permissions_as_the_article(client: Client, kind: str) -> None:
    post = make_post(published_at=None)
    for path in (f"/preview/{post.pk}/{kind}", f"/preview/new/{kind}"):
        assert client.get(path).status_code == 404
    client.force_login(make_editor("posts.view_post"))
    assert client.get(f"/preview/{post.pk}/{kind}").status_code == 200
    assert client.post(f"/preview/{post.pk}/{kind}", form()).status_code in (404, 405)
    assert client.get(f"/preview/new/{kind}").status_code == 404


def test_a_search_result_is_cut_where_the_checks_say_it_is(desk: Client) -> None:
    post = make_post()
    page = desk.post(f"/preview/{post.pk}/search/", form(title=LONG)).content.decode()
    shown = page.split('as-result__title">')[1].split("<")[0]
    assert shown == "What a dispatcher hears first when nobody speaks, and what …"
    assert f"{len(LONG) - LONGEST_TITLE} characters longer" in page
    assert f"articles › {form()['slug']}" in page


def test_a_word_longer_than_a_line_is_cut_and_a_short_text_is_not() -> None:
    assert cut("a" * 80, 60) == "a" * 60 + " …"
    assert cut("  two   words ", 60) == "two words"


def test_the_card_has_the_picture_that_readers_would_share(desk: Client) -> None:
    post, cover = make_post(), make_image(1200, 630)
    page = desk.post(f"/preview/{post.pk}/card/", form(cover=cover.pk)).content.decode()
    data = page.split("data:image/jpeg;base64,")[1].split('"')[0]
    with Pillow.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.size == (1200, 630)


def test_the_item_has_the_blurb_of_the_next_issue_for_who_may_see_issues(client: Client) -> None:
    post = make_post(title="In it")
    issue = make_issue(posts=[make_post(), post], number=41, subject="A secret subject")
    issue.issue_posts.filter(post=post).update(blurb="Words of the issue.")
    client.force_login(make_editor("posts.view_post", username="one"))
    page = client.get(f"/preview/{post.pk}/issue/").content.decode()
    assert "Words of the issue." not in page and post.summary in page
    client.force_login(make_editor("posts.view_post", "newsletter.view_issue", username="two"))
    page = client.get(f"/preview/{post.pk}/issue/").content.decode()
    assert "Words of the issue." in page and "No. 41" in page
    assert "A secret subject" not in page


def test_an_item_that_cannot_be_rendered_says_why(desk: Client) -> None:
    cover = make_image(1200, 630)
    cover.file.storage.delete(cover.file.name)
    post = make_post(cover=cover, cover_alt="A console")
    page = desk.get(f"/preview/{post.pk}/issue/").content.decode()
    assert "missing from the storage" in page


def test_the_tab_runs_our_scripts_only_and_can_show_a_mail(desk: Client) -> None:
    response = desk.get(f"/preview/{make_post().pk}/tab/")
    policy = response["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    script = next(part for part in policy.split(";") if part.strip().startswith("script-src "))
    assert "unsafe" not in script and "script-src-attr" not in policy
    assert "style-src-elem 'self' 'unsafe-inline'" in policy
    page = response.content.decode()
    assert 'sandbox="allow-same-origin allow-modals allow-popups"' in page
    for name in ("Article", "Next issue", "Search result", "Social card"):
        assert name in page
