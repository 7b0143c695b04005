"""An account with view permissions cannot learn a secret from the admin."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk.guard import GuardedAdmin, GuardedChecks, secret_fields
from alarmroom.publication.models import Publication
from newsletter.models import Delivery, Issue
from subscribers.models import ConsentEvent, Notice, Subscriber
from tests.factories import make_issue, make_subscriber

pytestmark = pytest.mark.django_db

REGISTERED = admin.site._registry
# Of the settings there is one row, and their list is only a way to its form.
LISTS = [model for model in REGISTERED if model is not Publication]
LOOKUPS = ("", "__exact", "__startswith", "__regex", "__gte", "__in", "__isnull")


def paths_to_secrets(
    model: type[models.Model], before: str = "", hops: int = 2
) -> Iterator[tuple[str, type[models.Model], str]]:
    """Yield each lookup path to a secret field, its model, and the name of the field."""
    for name in secret_fields(model):
        yield before + name, model, name
    if not hops:
        return
    for field in model._meta.get_fields(include_hidden=True):
        if field.related_model and not field.name.endswith("+"):
            yield from paths_to_secrets(field.related_model, f"{before}{field.name}__", hops - 1)


PATHS = [
    (model._meta.label, path, owner, field)
    for model in REGISTERED
    for path, owner, field in paths_to_secrets(model)
]


@pytest.fixture
def reader() -> Subscriber:
    reader = make_subscriber("reader@example.org", key="a" * 24, confirm_key="b" * 24)
    issue = make_issue()
    Delivery.objects.create(
        issue=issue, subscriber=reader, due_at=timezone.now(), changed_at=timezone.now()
    )
    Notice.objects.create(subscriber=reader, kind="welcome", state="sent")
    ConsentEvent.objects.create(subscriber=reader, address=reader.address, kind="confirmed")
    return reader


@pytest.fixture
def viewer(client: Client) -> User:
    """An account with all view permissions and no others."""
    user = User.objects.create_user("viewer", password="a very long one", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return user


def changelist(label: str) -> str:
    return reverse(f"admin:{label.lower().replace('.', '_')}_changelist")


def test_the_lookup_paths_cover_related_models() -> None:
    found = {(label, path) for label, path, _, _ in PATHS}
    assert {
        ("subscribers.Subscriber", "confirm_key"),
        ("newsletter.Delivery", "subscriber__key"),
        ("newsletter.Issue", "deliveries__subscriber__confirm_key"),
        ("auth.User", "password"),
        ("posts.Image", "uploaded_by__password"),
    } <= found


def test_every_key_and_password_field_is_declared_secret() -> None:
    """A new field with such a name must be declared secret or be renamed."""
    for model in REGISTERED:
        for field in model._meta.concrete_fields:
            if "key" in field.name.split("_") or field.name in ("password", "secret", "token"):
                assert field.name in secret_fields(model), f"{model._meta.label}.{field.name}"


@pytest.mark.parametrize("label", sorted({label for label, *_ in PATHS}))
def test_filtering_by_a_secret_is_refused(
    client: Client, viewer: User, reader: Subscriber, label: str
) -> None:
    for path, owner, field in [row[1:] for row in PATHS if row[0] == label]:
        secret = str(owner._default_manager.values_list(field, flat=True).first())
        for lookup in LOOKUPS:
            right = secret[:3] if lookup in ("__startswith", "__regex") else secret
            value = "1" if lookup == "__isnull" else right
            response = client.get(changelist(label), {path + lookup: value})
            assert response.status_code == 400, f"{label} {path}{lookup}={value}"
        # Refused by its name alone: a wrong value gets the same answer.
        assert client.get(changelist(label), {path: "no such value"}).status_code == 400


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_filtering_by_undeclared_fields_is_refused(
    client: Client, viewer: User, reader: Subscriber, model: type[models.Model]
) -> None:
    address = changelist(model._meta.label)
    allowed = REGISTERED[model].allowed_lookups(client.get(address).wsgi_request)
    for field in model._meta.get_fields():
        if not any(lookup.split("__")[0] == field.name for lookup in allowed):
            for lookup in ("", "__isnull", "__startswith", "__pk__gte"):
                asked = client.get(address, {field.name + lookup: "1"})
                assert asked.status_code == 400, field.name + lookup


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.label)
def test_each_filter_of_a_list_works(
    client: Client, viewer: User, reader: Subscriber, model: type[models.Model]
) -> None:
    page = client.get(changelist(model._meta.label))
    for spec in page.context["cl"].filter_specs:
        for choice in spec.choices(page.context["cl"]):
            answer = client.get(changelist(model._meta.label) + choice["query_string"])
            assert answer.status_code == 200, choice["query_string"]


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_no_admin_option_uses_a_secret_field(model: type[models.Model]) -> None:
    model_admin = REGISTERED[model]
    assert isinstance(model_admin, GuardedAdmin)
    assert [found for found in model_admin.check() if found.id == "alarmroom.E004"] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("list_display", ["address", "key"]),
        ("list_filter", ["confirm_key"]),
        ("list_filter", [("key", admin.AllValuesFieldListFilter)]),
        ("search_fields", ["=confirm_key"]),
        ("search_fields", ["deliveries__subscriber__key__startswith"]),
        ("ordering", ["-key"]),
        ("readonly_fields", ["confirm_key"]),
        ("fields", ["address", ("state", "key")]),
    ],
)
def test_an_admin_option_with_a_secret_field_is_a_check_error(option: str, value: list) -> None:
    made = type("Made", (GuardedAdmin,), {option: value})(Subscriber, admin.site)
    assert "alarmroom.E004" in {found.id for found in GuardedChecks().check(made)}


def test_odd_sort_orders_are_ignored(client: Client, viewer: User, reader: Subscriber) -> None:
    for order in ("key", "confirm_key", "-key", "99", "-99", "9" * 30, "1.key", "%00"):
        assert client.get(changelist("subscribers.Subscriber"), {"o": order}).status_code == 200


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_no_page_shows_a_secret(
    client: Client, viewer: User, reader: Subscriber, model: type[models.Model]
) -> None:
    # Django shows the start of a password hash to accounts that may change users.
    secrets = [reader.key, reader.confirm_key, viewer.password.split("$")[-1][:6]]
    addresses = [changelist(model._meta.label)]
    for thing in model._default_manager.all()[:3]:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        addresses += [reverse(f"{name}_{page}", args=[thing.pk]) for page in ("change", "history")]
    for address in addresses:
        html = client.get(address).content.decode()
        assert not any(secret in html for secret in secrets), address


def test_a_popup_refuses_a_secret_as_to_field(client: Client, reader: Subscriber) -> None:
    client.force_login(User.objects.create_superuser("root"))
    for field in ("key", "confirm_key"):
        for address in (
            changelist("subscribers.Subscriber"),
            reverse("admin:subscribers_subscriber_change", args=[reader.pk]),
            reverse("admin:subscribers_subscriber_delete", args=[reader.pk]),
        ):
            asked = client.get(address, {"_to_field": field, "_popup": "1"})
            assert asked.status_code == 400
    form = {"post": "yes", "_popup": "1", "_to_field": "confirm_key"}
    address = reverse("admin:subscribers_subscriber_delete", args=[reader.pk])
    assert client.post(address, form).status_code == 400
    assert Subscriber.objects.filter(pk=reader.pk).exists()


def test_an_autocomplete_answer_has_no_secret(
    client: Client, viewer: User, reader: Subscriber
) -> None:
    for model in ("delivery", "issue", "issuepost"):
        for field in ("subscriber", "post", "deliveries"):
            query = {"app_label": "newsletter", "model_name": model, "field_name": field}
            answer = client.get(reverse("admin:autocomplete"), {**query, "term": "a"})
            assert answer.status_code in (200, 403, 404)
            assert reader.key not in answer.content.decode()
            assert reader.confirm_key not in answer.content.decode()


def test_the_admin_log_has_no_secret(client: Client, reader: Subscriber) -> None:
    client.force_login(User.objects.create_superuser("root"))
    client.post(reverse("admin:subscribers_subscriber_delete", args=[reader.pk]), {"post": "yes"})
    entry = LogEntry.objects.get()
    said = f"{entry.object_repr} {entry.change_message} {entry.get_change_message()}"
    assert reader.key not in said and reader.confirm_key not in said


def test_the_pages_of_an_issue_show_no_unsubscribe_key(
    client: Client, viewer: User, reader: Subscriber
) -> None:
    issue = Issue.objects.get()
    for page in ("preview", "preview_html", "progress"):
        html = client.get(reverse(f"admin:newsletter_issue_{page}", args=[issue.pk]))
        assert reader.key not in html.content.decode()
