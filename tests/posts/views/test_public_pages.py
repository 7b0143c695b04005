"""Rules for every public page."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from alarmroom import theme
from newsletter.models import Content, Issue
from tests.factories import (
    connect,
    make_author,
    make_image,
    make_issue,
    make_post,
    make_resource,
    make_tag,
)

PAGES = [
    "/",
    "/articles/night-shift/",
    "/tags/fire/",
    "/authors/ruth/",
    "/weekly-alarm/",
    "/weekly-alarm/7/",
    "/subscribe/",
]


@pytest.fixture(autouse=True)
def publication(db: None) -> None:
    author = make_author(name="Ruth", slug="ruth", photo=make_image(400, 400))
    fire = make_tag("Fire")
    post = make_post(
        slug="night-shift",
        author=author,
        tags=[fire],
        cover=make_image(),
        cover_alt="A lit window",
    )
    connect(post, make_post(author=author, tags=[fire]))
    make_resource()
    show_as_sent(make_issue(number=7, posts=[post]))


def show_as_sent(issue: Issue) -> None:
    """Give an issue what its web edition shows, as if it had been sent."""
    Content.objects.create(
        issue=issue, mime=b"", sha256="0" * 64, web_html="<p>This week.</p>", text=""
    )
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SENT, sent_at=timezone.now())


@pytest.mark.parametrize("address", PAGES)
def test_a_public_page_sets_no_cookie_and_does_not_vary_by_one(
    client: Client, address: str
) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert not response.cookies
    assert "cookie" not in response.get("Vary", "").lower()


@pytest.mark.parametrize("address", PAGES)
def test_a_public_page_is_the_same_for_an_editor(
    client: Client, admin_client: Client, address: str
) -> None:
    assert admin_client.get(address).content == client.get(address).content


@pytest.mark.parametrize("address", PAGES)
def test_a_public_page_has_no_csrf_token_and_only_the_theme_inline(
    client: Client, address: str
) -> None:
    html = client.get(address).content.decode()
    assert "csrfmiddlewaretoken" not in html
    assert "<style" not in html
    assert " style=" not in html
    # The script of the theme is inline; the policy allows it by its hash.
    assert html.count("<script>") == html.count(f"<script>{theme.SCRIPT}</script>") == 1
    assert " onclick=" not in html


@pytest.mark.parametrize("address", PAGES)
def test_a_public_page_has_one_h1_the_landmarks_and_a_skip_link(
    client: Client, address: str
) -> None:
    html = client.get(address).content.decode()
    assert html.count("<h1") == 1
    assert html.count("<main") == 1
    assert '<header class="masthead' in html
    assert '<footer class="colophon' in html
    assert 'class="skip-link" href="#content"' in html
    assert 'id="content"' in html
    assert html.count("<!doctype html>") == 1


@pytest.mark.parametrize("address", PAGES)
def test_a_public_page_has_canonical_address_and_description(client: Client, address: str) -> None:
    html = client.get(address).content.decode()
    assert f'<link rel="canonical" href="http://localhost:8000{address}">' in html
    description = html.split('<meta name="description" content="')[1].split('"')[0]
    assert description.strip()
    assert 'property="og:title"' in html


@pytest.mark.parametrize("address", PAGES)
def test_a_public_page_offers_the_newsletter(client: Client, address: str) -> None:
    assert (
        '<form class="signup__form" method="post" action="/subscribe/">'
        in client.get(address).content.decode()
    )


@pytest.mark.parametrize("address", PAGES)
def test_every_picture_has_alt_width_and_height(client: Client, address: str) -> None:
    for tag in images(client.get(address).content.decode()):
        assert ' alt="' in tag
        assert ' width="' in tag
        assert ' height="' in tag


def images(html: str) -> Iterator[str]:
    for rest in html.split("<img")[1:]:
        yield rest.split(">")[0]


@pytest.mark.parametrize("address", PAGES[:4])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_article_pages_allow_only_get_and_head(db: None, address: str, method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    assert getattr(client, method)(address).status_code == 405


@pytest.mark.parametrize("address", PAGES[:4])
def test_head_answers_like_get_without_the_body(client: Client, address: str) -> None:
    response = client.head(address)
    assert response.status_code == 200
    assert response.content == b""


@pytest.mark.parametrize(
    "address",
    [
        "/articles/unknown/",
        "/articles/émeute/",
        "/articles/%00/",
        "/articles/\u202e\U0001f525/",
        "/articles/a b/",
        f"/articles/{'x' * 5000}/",
        "/tags/unknown/",
        "/tags/%F0%28%8C%28/",
        "/authors/unknown/",
        "/authors/..%2f..%2fetc/",
        "/preview/x/",
        "/nowhere/",
    ],
)
def test_an_unknown_address_is_a_404_with_links(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert 'href="/"' in response.content.decode()
    assert "noindex" in response.content.decode()
    assert not response.cookies
