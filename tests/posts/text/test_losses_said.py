"""The admin reports what clean() removed from a submitted text."""

from html import unescape

import pytest
from django.test import Client

from posts.models import Page, Post
from tests.factories import make_issue, make_post
from tests.posts.admin.desk import ADD, change, errors, form, said

pytestmark = pytest.mark.django_db

FILM = '<p>Look</p><iframe src="https://www.youtube.com/embed/abc" title="A drill"></iframe>'
LINK = '<p>Look</p><p><a href="https://www.youtube.com/watch?v=abc">A drill</a></p>'


def test_saving_an_article_reports_what_was_removed(desk: Client) -> None:
    response = desk.post(ADD, form(body=FILM + '<p>a<img src="cid:1" alt="A &lt;b&gt;"></p>'))
    assert response.status_code == 302
    assert Post.objects.get().body == LINK + "<p>a</p>"
    assert "1 film is now a link: “A drill”." in said(response)
    assert "1 picture could not be taken over: “A <b>”." in said(response)
    page = desk.get(response.headers["Location"]).content.decode()
    assert "“A &lt;b&gt;”" in page


def test_a_change_without_losses_reports_nothing(desk: Client) -> None:
    post = make_post(body=LINK)
    response = desk.post(change(post), form(body=LINK, slug=post.slug, author=post.author_id))
    assert response.status_code == 302
    assert "link" not in said(response)


def test_a_form_with_errors_reports_what_was_removed(desk: Client) -> None:
    response = desk.post(ADD, form(body=FILM, summary="", _publish=""))
    assert list(errors(response)) == ["summary"]
    assert "1 film is now a link: “A drill”." in unescape(response.content.decode())


def test_saving_a_page_reports_what_was_removed(desk: Client) -> None:
    sent = {"title": "About", "slug": "about-us", "summary": "x", "body": FILM, "position": 1}
    response = desk.post("/admin/posts/page/add/", sent)
    assert response.status_code == 302
    assert Page.objects.get(slug="about-us").body == LINK
    assert "1 film is now a link: “A drill”." in said(response)


def test_saving_an_introduction_reports_what_was_removed(desk: Client) -> None:
    issue = make_issue()
    address = f"/admin/newsletter/issue/{issue.pk}/change/"
    fields = desk.get(address).context["adminform"].form.initial
    sent = {name: fields.get(name) or "" for name in ("number", "subject", "preheader")}
    rows = {"TOTAL": 0, "INITIAL": 0, "MIN_NUM": 0, "MAX_NUM": 1000}
    formset = desk.get(address).context["inline_admin_formsets"][0].formset
    sent |= {f"{formset.prefix}-{name}_FORMS": count for name, count in rows.items()}
    response = desk.post(address, {**sent, "intro": '<p>Hi<img src="/a.png" alt="Desk"></p>'})
    assert response.status_code == 302
    assert "1 picture could not be taken over: “Desk”." in said(response)
