"""The free resources can only be downloaded through signed links that expire."""

import logging
import time
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from django.core.files.storage import storages
from django.core.signing import TimestampSigner
from django.test import Client

from subscribers import tokens
from subscribers.models import Resource
from tests.factories import make_resource

pytestmark = pytest.mark.django_db


def path(resource: Resource) -> str:
    return tokens.resource_link(resource).removeprefix("http://localhost:8000")


@pytest.fixture(autouse=True)
def site_url(settings) -> None:
    settings.SITE_URL = "http://localhost:8000"


def signed_days_ago(days: int, seconds: int = 0):
    """A context in which links are signed with a time that many days ago."""
    then = time.time() - timedelta(days=days, seconds=seconds).total_seconds()
    return mock.patch("django.core.signing.time.time", return_value=then)


def test_a_fresh_link_brings_the_file_under_a_decent_name(client: Client) -> None:
    resource = make_resource("The first ninety days", b"%PDF-1.4 the plan")
    response = client.get(path(resource))
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == b"%PDF-1.4 the plan"
    assert response["Content-Disposition"] == 'attachment; filename="the-first-ninety-days.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert not response.cookies


def test_a_link_works_for_its_days_and_then_says_how_to_get_another(client: Client) -> None:
    resource = make_resource()
    with signed_days_ago(days=13, seconds=86_000):
        fresh = path(resource)
    with signed_days_ago(days=14, seconds=10):
        stale = path(resource)
    assert client.get(fresh).status_code == 200
    response = client.get(stale)
    assert response.status_code == 410
    assert b"Enter the address you subscribed with" in response.content
    assert b'href="/subscribe/"' in response.content


def test_forged_links_bring_nothing(client: Client) -> None:
    resource = make_resource()
    good = path(resource)
    forged = [
        good[:-3] + "x/" if good[-3] != "x" else good[:-3] + "y/",
        good.replace(f"/{resource.pk}:", f"/{resource.pk + 1}:"),
        f"/resources/{resource.pk}/",
        f"/resources/{resource.slug}/",
        f"/resources/{TimestampSigner(salt='other').sign(str(resource.pk))}/",
        f"/resources/{TimestampSigner(salt='subscribers.resource').sign('../settings')}/",
        "/resources/%00/",
        "/resources/" + "9" * 5_000 + "/",
    ]
    for link in forged:
        response = client.get(link)
        assert response.status_code == 404, link
    assert b"There is nothing behind this link" in client.get(forged[1]).content


def test_a_link_to_a_deleted_resource_is_explained(client: Client) -> None:
    resource = make_resource()
    link = path(resource)
    resource.delete()
    assert client.get(link).status_code == 404


def test_a_missing_file_is_explained_and_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    resource = make_resource()
    resource.file.storage.delete(resource.file.name)
    with caplog.at_level(logging.ERROR, logger="subscribers.views"):
        response = client.get(path(resource))
    assert response.status_code == 503
    assert b"That is our mistake" in response.content
    assert "checklist" in caplog.text


def test_the_files_do_not_lie_among_those_that_have_addresses(client: Client, settings) -> None:
    private = Path(storages["private"].location)
    assert private == settings.PRIVATE_ROOT
    for root in (settings.MEDIA_ROOT, settings.STATIC_ROOT, *settings.STATICFILES_DIRS):
        assert not private.is_relative_to(root)
    resource = make_resource()
    assert client.get(f"/media/{resource.file.name}").status_code == 404
    assert client.get(f"/{resource.file.name}", follow=True).status_code == 404


def test_only_get_and_head(client: Client) -> None:
    link = path(make_resource())
    assert client.head(link).status_code == 200
    assert client.post(link).status_code == 405
