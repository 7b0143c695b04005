"""Addresses that people and feed readers try lead to what they mean."""

import pytest
from django.test import Client

from tests.factories import make_page, make_post


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tried", "meant"),
    [
        ("/feed/", "/feeds/rss.xml"),
        ("/rss/", "/feeds/rss.xml"),
        ("/rss.xml", "/feeds/rss.xml"),
        ("/feed.xml", "/feeds/rss.xml"),
        ("/atom.xml", "/feeds/atom.xml"),
        ("/feed.json", "/feeds/feed.json"),
        ("/articles/", "/"),
        ("/tags/", "/topics/"),
    ],
)
def test_a_tried_address_leads_on_for_good(client: Client, tried: str, meant: str) -> None:
    make_post()
    response = client.get(tried)
    assert (response.status_code, response["Location"]) == (301, meant)
    # A browser would keep it for ever otherwise, and an editor may want the address one day.
    assert response["Cache-Control"] == "no-cache"
    assert not response.cookies
    assert client.get(meant).status_code == 200
    assert client.head(tried).status_code == 301
    assert client.post(tried).status_code == 405


@pytest.mark.django_db
def test_a_page_gets_no_address_that_leads_elsewhere() -> None:
    assert make_page("Feed").slug != "feed"
