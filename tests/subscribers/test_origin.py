"""Posts from other sites are refused, without a cookie or a token."""

import pytest
from django.test import Client

from subscribers.models import SignUpRequest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "nonsense"}, False),
        # Sec-Fetch-Site takes precedence over Origin.
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, False),
        # Over plain HTTP, and from old browsers, there is only Origin.
        ({"origin": "http://testserver"}, True),
        ({"origin": "http://TESTSERVER"}, True),
        ({"origin": "http://localhost:8000"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "http://testserver.evil.example"}, False),
        ({"origin": "http://testserver:81"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://[broken"}, False),
    ],
)
def test_only_our_own_pages_may_post(
    client: Client, settings, headers: dict[str, str], taken: bool
) -> None:
    settings.SITE_URL = "http://localhost:8000"
    response = client.post("/subscribe/", {"address": "reader@example.org"}, headers=headers)
    assert response.status_code == (200 if taken else 403)
    assert SignUpRequest.objects.exists() == taken


def test_a_refused_post_is_told_what_to_do(client: Client) -> None:
    response = client.post(
        "/subscribe/",
        {"address": "reader@example.org"},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert b"open the sign-up page here" in response.content
    assert b'href="/subscribe/"' in response.content
    assert b"reader@example.org" not in response.content


def test_reading_is_never_refused(client: Client) -> None:
    headers = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert client.get("/subscribe/", headers=headers).status_code == 200


def test_the_form_needs_no_token_even_where_tokens_are_enforced() -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/subscribe/", {"address": "reader@example.org"})
    assert response.status_code == 200
