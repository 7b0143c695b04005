"""The content policies of the admin's pages: no inline code, except on pages with the editor.

The addresses are taken from the URL configuration, so a new page is tested automatically.
The public pages are tested under production settings, in tests/alarmroom/test_observatory.py.
"""

import re
from collections.abc import Iterable, Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from alarmroom import theme
from newsletter.delivery import starting
from newsletter.feedback.keeping import keep
from newsletter.models import Issue, ReceivedMail, SendingLimit, WarmUp
from posts import tasks
from posts.models import Spelling
from posts.models.addresses import FormerSlug
from subscribers.models import ConsentEvent, Notice
from tests.factories import (
    make_editor,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_subscriber,
    make_suppression,
    make_tag,
)

Policy = dict[str, list[str]]
PARAMETER = re.compile(r"<(?:\w+:)?\w+>")
# Pages with CKEditor (docs/decisions/ckeditor-4-kept-and-hardened.md).
WITH_THE_EDITOR = {
    f"admin/{model}/{page}/"
    for model in ("posts/post", "posts/page", "newsletter/issue")
    for page in ("add", "<path:object_id>/change")
}
# The only other exception: an issue as a mail, in its own frame.
FRAME = "admin/newsletter/issue/<int:pk>/preview/html/"


def admin_routes(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from admin_routes(pattern.url_patterns, route)
        elif route.startswith("admin/") and "(?P" not in route:
            yield route


ROUTES = sorted(set(admin_routes(get_resolver().url_patterns)))


@pytest.fixture
def draft(db: None, client: Client) -> Issue:
    """A draft issue, and a row of every other model in the admin; the client is an editor."""
    client.force_login(make_editor())
    post = make_post(tags=[make_tag()])
    FormerSlug.objects.create(slug="before", post=post)
    make_page()
    tasks.make_renditions.enqueue(make_image().pk)
    make_resource()
    make_suppression("never@example.org")
    Spelling.objects.create(wrong="Halorran", right="Halloran")
    Group.objects.create(name="Editors")
    keep(b"Subject: Hello\r\n\r\nDear editors", ReceivedMail.Why.PERSON, source="mailbox")
    SendingLimit.objects.create(name="example.org", messages=100)
    WarmUp.objects.create()
    reader = make_subscriber()
    Notice.objects.create(subscriber=reader, kind=Notice.Kind.WELCOME)
    ConsentEvent.objects.create(subscriber=reader, address=reader.address, kind="confirmed")
    starting.start(make_issue(posts=[post]))
    return make_issue(posts=[post])


def address(route: str, draft: Issue) -> str:
    """Return the address of a route, for the draft or for the first row of another model."""
    model = re.match(r"admin/(\w+)/(\w+)/", route)
    if not (model and PARAMETER.search(route) and model[1] in apps.app_configs):
        # Such as admin/r/<content type>/<row>/, which redirects to a row's public page.
        return "/" + PARAMETER.sub("1", route)
    shown = apps.get_model(*model.groups())
    row = draft if shown is Issue else shown._default_manager.first()
    assert row is not None, f"make a {shown.__name__} above"
    return "/" + PARAMETER.sub(str(row.pk), route)


def policy(client: Client, path: str) -> Policy:
    header = client.get(path).headers["Content-Security-Policy"]
    directives = (part.split() for part in header.split(";"))
    return {name: sources for name, *sources in filter(None, directives)}


def unsafe(found: Policy) -> set[str]:
    return {name for name, sources in found.items() if "unsafe" in " ".join(sources)}


def test_the_routes_cover_every_registered_model() -> None:
    for model in admin.site._registry:
        assert f"admin/{model._meta.app_label}/{model._meta.model_name}/" in ROUTES
    assert {FRAME, "admin/newsletter/issue/<int:pk>/progress/"} | WITH_THE_EDITOR <= set(ROUTES)


def test_a_page_without_the_editor_allows_no_inline_code(client: Client, draft: Issue) -> None:
    strict = set(ROUTES) - WITH_THE_EDITOR - {FRAME}
    rooms = [reverse("admin:app_list", args=[room]) for room in ("newsletter", "posts", "auth")]
    for path in [*(address(route, draft) for route in sorted(strict)), *rooms]:
        found = policy(client, path)
        assert found["default-src"] == ["'none'"], path
        assert found["frame-ancestors"] == ["'none'"], path
        assert unsafe(found) == set(), path


def test_an_anonymous_visitor_gets_the_strict_policy(client: Client, draft: Issue) -> None:
    client.logout()
    for route in ROUTES:
        assert unsafe(policy(client, address(route, draft))) == set(), route


@pytest.mark.parametrize("route", sorted(WITH_THE_EDITOR))
def test_a_page_with_the_editor_allows_only_its_attributes_and_styles(
    route: str, client: Client, draft: Issue
) -> None:
    found = policy(client, address(route, draft))
    assert unsafe(found) == {"script-src-attr", "style-src-attr", "style-src-elem"}
    assert found["default-src"] == ["'none'"]
    own, nonce, few_lines = found["script-src"]
    assert (own, few_lines) == ("'self'", theme.CSP_SOURCE)
    assert nonce.startswith("'nonce-")
    assert found["connect-src"] == ["'self'"]


def test_a_started_issue_has_no_editor_and_the_strict_policy(client: Client, draft: Issue) -> None:
    started = Issue.objects.exclude(pk=draft.pk).get()
    path = reverse("admin:newsletter_issue_change", args=[started.pk])
    assert client.get(path).status_code == 200
    assert unsafe(policy(client, path)) == set()


def test_only_the_preview_frame_allows_inline_styles(client: Client, draft: Issue) -> None:
    found = policy(client, address(FRAME, draft))
    assert unsafe(found) == {"style-src"}
    assert found["style-src"] == ["'unsafe-inline'"]
    assert found["default-src"] == ["'none'"]
    assert not [name for name in found if name.startswith("script-src")]
    # Without allow-scripts and allow-same-origin, no script runs in the frame.
    assert found["sandbox"] == ["allow-popups"]
    assert found["frame-ancestors"] == ["'self'"]
