"""Odd input to the admin never causes a server error."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.http import QueryDict
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from alarmroom.input import CleanInputMiddleware, without_nul
from newsletter.models import Delivery, Issue
from posts.models import Post, RelatedPost, Tag
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.factories import (
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_subscriber,
    make_suppression,
    make_tag,
)

pytestmark = pytest.mark.postgresql

REGISTERED = admin.site._registry
# Percent-encoded values.
ODD = {
    "null": "%00",
    "null in a number": "1%00",
    "thirty digits": "9" * 30,
    "thirty digits below nothing": "-" + "9" * 30,
    "five thousand digits": "9" * 5000,
    "just too large for a column": str(2**63),
    "a list": "1,9999999999999999999999999999,%00",
    "surrogate": "%ED%A0%80",
    "superscript": "%C2%B2",
    "nothing": "",
    "letters": "abc",
}
# Forms are slow, so they get fewer values.
IN_FORMS = [ODD[name] for name in ("null", "a list", "thirty digits", "surrogate")]


@pytest.fixture
def desk(db: None, client: Client) -> Client:
    """A client signed in as superuser, and a row of every model."""
    client.raise_request_exception = False
    client.force_login(User.objects.create_superuser("root"))
    tag, post, other = make_tag(), make_post(), make_post(published_at=None)
    post.tags.add(tag)
    RelatedPost.objects.create(post=post, related=other, position=1)
    make_image(60, 40)
    make_page()
    make_resource()
    make_suppression("no@example.org")
    reader = make_subscriber()
    ConsentEvent.objects.create(address=reader.address, kind="confirmed")
    issue = make_issue(posts=[post])
    Delivery.objects.create(
        issue=issue, subscriber=reader, due_at=timezone.now(), changed_at=timezone.now()
    )
    return client


def url(model: type[models.Model], page: str, *args: object) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(name, args=args)


def queries(model: type[models.Model], client: Client) -> Iterator[str]:
    model_admin = REGISTERED[model]
    request = client.get(url(model, "changelist")).wsgi_request
    for name in sorted({*model_admin.allowed_lookups(request), "q", "p", "o"}):
        for odd in ODD.values():
            yield f"{name}={odd}"
    for name in ("all", "e", "_popup", "_facets", "_to_field", "_changelist_filters", "unknown"):
        yield f"{name}=%00"
    yield from ("%00=1", "q%00=1", "%ED%A0%80=1", "a" + "%00" * 3000 + "=1", "=&&=%00")


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_odd_query_strings_of_a_list_cause_no_error(
    desk: Client, model: type[models.Model]
) -> None:
    for query in queries(model, desk):
        response = desk.get(url(model, "changelist"), QUERY_STRING=query)
        assert response.status_code < 500, query[:200]


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_odd_keys_in_addresses_cause_no_error(desk: Client, model: type[models.Model]) -> None:
    for odd in ODD.values():
        for page in ("change", "delete", "history"):
            # The admin quotes a NUL as _00.
            path = url(model, page, 1).replace("/1/", f"/{odd.replace('%', '_') or '_'}/")
            assert desk.get(path).status_code < 500, path[:200]
        assert desk.post(path.replace("history", "change"), {}).status_code < 500, path[:200]


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_odd_action_forms_cause_no_error(desk: Client, model: type[models.Model]) -> None:
    request = desk.get(url(model, "changelist")).wsgi_request
    for action in [*REGISTERED[model].get_actions(request), "no%00such"]:
        for odd in ODD.values():
            body = f"action={action}&_selected_action={odd}&_selected_action=1&index={odd}"
            response = desk.post(
                url(model, "changelist"),
                body + f"&select_across={odd}&into={odd}&merge=1",
                content_type="application/x-www-form-urlencoded",
            )
            assert response.status_code < 500, body[:200]


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_odd_values_in_every_form_field_cause_no_error(
    desk: Client, model: type[models.Model]
) -> None:
    """Every field of a form has the same odd value; formsets and list forms are included."""
    names = [field.name for field in model._meta.get_fields()]
    for before in ("form", "related_posts", "related", "issue_posts"):
        names += [f"{before}-{name}_FORMS" for name in ("TOTAL", "INITIAL")]
        names += [f"{before}-0-{name}" for name in ("id", "position", "post", "related", "blurb")]
    names += ["published_at_0", "published_at_1", "_popup", "_to_field", "usable_password"]
    first = model._default_manager.first()
    addresses = [url(model, "add"), url(model, "changelist")]
    addresses += [url(model, "change", first.pk)] if first else []
    for odd in IN_FORMS:
        body = "&".join(f"{name}={odd}" for name in [*names, "_save"])
        for counts in ("", "1"):
            data = body if not counts else body.replace(f"_FORMS={odd}", f"_FORMS={counts}")
            for address in addresses:
                response = desk.post(
                    address, data, content_type="application/x-www-form-urlencoded"
                )
                assert response.status_code < 500, (address, odd[:50])


@pytest.mark.parametrize("name", ["app_label", "model_name", "field_name", "term", "page"])
def test_odd_autocomplete_queries_cause_no_error(desk: Client, name: str) -> None:
    given = {"app_label": "posts", "model_name": "post", "field_name": "tags", "term": "a"}
    for odd in [*ODD.values(), "related_posts", "body", "id", "newsletter", "deliveries"]:
        query = "&".join(f"{key}={value}" for key, value in {**given, name: odd}.items())
        response = desk.get(reverse("admin:autocomplete"), QUERY_STRING=query)
        assert response.status_code < 500, query[:200]


def test_odd_deliveries_are_not_settled(desk: Client) -> None:
    issue = Issue.objects.get()
    address = reverse("admin:newsletter_issue_settle", args=[issue.pk])
    for odd in ODD.values():
        for button in ("_again", "_sent"):
            response = desk.post(
                address,
                f"delivery={odd}&delivery=1&{button}=",
                content_type="application/x-www-form-urlencoded",
            )
            assert response.status_code < 500, odd[:100]


def test_odd_values_in_other_addresses_cause_no_error(desk: Client) -> None:
    for odd in ODD.values():
        for path in (
            f"/admin/r/{odd}/1/",
            f"/admin/r/1/{odd}/",
            f"/admin/{odd}/",
            f"/preview/{odd}/",
        ):
            assert desk.get(path).status_code < 500, path[:200]
        for path in ("/admin/", "/admin/login/", "/admin/password_change/", "/admin/jsi18n/"):
            for query in (f"next={odd}", f"{odd}=1"):
                assert desk.get(path, QUERY_STRING=query).status_code < 500, query[:200]
        # The public search parses its own parameters.
        assert desk.get("/search/", QUERY_STRING=f"q={odd}&year={odd}&page={odd}").status_code < 500


def test_nul_is_removed_from_a_form(desk: Client) -> None:
    body = "name=Night%00+shift&slug=night-shift"
    response = desk.post(url(Tag, "add"), body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 302
    assert Tag.objects.filter(name="Night shift").exists()


def test_nul_is_removed_from_a_multipart_form(desk: Client) -> None:
    desk.post(url(Tag, "add"), {"name": "Fire\0 lines", "slug": "fire"})  # multipart
    assert Tag.objects.filter(name="Fire lines").exists()


def test_nul_is_removed_from_a_search(desk: Client) -> None:
    make_post(title="Night shift")
    page = desk.get(url(Post, "changelist"), QUERY_STRING="q=Night%00+shift")
    assert [post.title for post in page.context["cl"].result_list] == ["Night shift"]
    assert page.context["cl"].query == "Night shift"


def test_nul_is_removed_from_a_public_form(client: Client, db: None) -> None:
    response = client.post(
        "/subscribe/", "address=x%00x", content_type="application/x-www-form-urlencoded"
    )
    assert response.context["form"].data["address"] == "xx"


def test_a_number_beyond_the_column_matches_nothing(db: None) -> None:
    post, huge = make_post(), 10**30
    assert list(Post.objects.filter(pk__in=[huge, post.pk, -huge])) == [post]
    assert list(Post.objects.filter(author__in=[huge, post.author_id])) == [post]
    assert not Post.objects.filter(author=huge).exists()
    assert not Post.objects.filter(tags__in=[huge]).exists()
    assert not Post.objects.filter(tags=huge).exists()
    assert Post.objects.exclude(pk__in=[huge]).count() == 1
    assert Post.objects.exclude(author=huge).count() == 1
    assert not Delivery.objects.filter(code__in=[huge]).exists()
    assert not Suppression.objects.filter(pk__in=[huge]).exists()
    assert list(Subscriber.objects.filter(notices__in=[-huge])) == []


def test_only_data_with_nul_is_copied() -> None:
    data = QueryDict("a=1&a=2&b=x")
    assert without_nul(data) is data
    clean = without_nul(QueryDict("a=1%00&a=%00&b%00=%00x%00y&c=3"))
    assert dict(clean.lists()) == {"a": ["1", ""], "b": ["xy"], "c": ["3"]}
    with pytest.raises(AttributeError):
        clean["a"] = "4"


def test_the_middleware_does_not_read_the_request_body() -> None:
    """An upload can be refused by its Content-Length without being read."""

    class Unread:
        def read(self, *size: int) -> bytes:
            raise AssertionError("read")

    request = RequestFactory().post("/desk/upload/?a=%00", "x=1", content_type="text/plain")
    request._stream = request.environ["wsgi.input"] = Unread()
    CleanInputMiddleware(lambda request: request.GET)(request)  # type: ignore[arg-type,return-value]
    assert request.GET.get("a") == ""
