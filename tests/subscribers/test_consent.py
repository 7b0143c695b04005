"""The consent record is append-only, in the code and in the database."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands import flush
from django.core.management.sql import sql_flush
from django.db import DatabaseError, IntegrityError, connection, transaction

from subscribers import signup
from subscribers.models import ConsentEvent
from tests.factories import make_subscriber

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def make_event() -> ConsentEvent:
    return ConsentEvent.objects.create(
        subscriber=make_subscriber(), address="reader@example.org", kind="requested"
    )


@pytest.fixture
def event() -> ConsentEvent:
    return make_event()


def test_the_code_refuses_to_change_or_delete_an_event(event: ConsentEvent) -> None:
    for attempt in (
        event.save,
        event.delete,
        lambda: ConsentEvent.objects.update(kind="confirmed"),
        lambda: ConsentEvent.objects.all().delete(),
        lambda: ConsentEvent.objects.bulk_update([event], ["kind"]),
    ):
        with pytest.raises(TypeError, match="never"):
            attempt()


def test_the_database_refuses_to_change_an_event(event: ConsentEvent) -> None:
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE subscribers_consentevent SET kind = 'confirmed'")
    event.refresh_from_db()
    assert event.kind == "requested"


def test_the_database_refuses_to_delete_an_event(event: ConsentEvent) -> None:
    statements = [
        "DELETE FROM subscribers_consentevent",
        "DELETE FROM subscribers_consentevent WHERE address = 'reader@example.org'",
    ]
    if connection.vendor == "postgresql":  # SQLite has no TRUNCATE.
        statements.append("TRUNCATE subscribers_consentevent")
    for statement in statements:
        with (
            pytest.raises(IntegrityError, match="never deleted"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert ConsentEvent.objects.get() == event


def test_the_database_refuses_a_delete_that_bypasses_the_code(event: ConsentEvent) -> None:
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        ConsentEvent.objects.all()._raw_delete(connection.alias)
    assert ConsentEvent.objects.get() == event


def test_the_database_refuses_a_flush(event: ConsentEvent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flush, "sql_flush", sql_flush)  # Undo the patch of tests/conftest.py.
    with pytest.raises(CommandError) as refused, transaction.atomic():
        call_command("flush", interactive=False, verbosity=0)
    # One statement names all tables; the log of the desk may be the first that refuses.
    assert re.search("never (changed or )?deleted", str(refused.value.__cause__))
    assert ConsentEvent.objects.get() == event


@pytest.mark.django_db(transaction=True)
def test_the_triggers_can_be_dropped_and_created_again(event: ConsentEvent) -> None:
    """A flush at the end of a test drops the triggers and creates them again."""
    call_command("flush", interactive=False, verbosity=0)
    assert not ConsentEvent.objects.exists()
    call_command("migrate", "subscribers", "0002", verbosity=0)
    try:
        make_event()
        ConsentEvent.objects.all()._raw_delete(connection.alias)
        assert not ConsentEvent.objects.exists()
    finally:
        # Migrations of other apps depend on those that were undone.
        call_command("migrate", verbosity=0)
    make_event()
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        ConsentEvent.objects.all()._raw_delete(connection.alias)


def test_the_record_outlives_the_subscriber(event: ConsentEvent) -> None:
    event.subscriber.delete()
    assert ConsentEvent.objects.get().address == "reader@example.org"


def test_the_record_lists_the_events_in_order() -> None:
    reader = make_subscriber("reader@example.org", state="pending")
    signup.confirm(reader)
    signup.unsubscribe(reader, "the unsubscribe page")
    signup.sign_up(reader.address, "/subscribe/")
    reader.refresh_from_db()
    signup.confirm(reader)
    signup.suppress(reader.address, "complaint", "reported by the provider")
    kinds = ConsentEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["confirmed", "unsubscribed", "requested", "confirmed", "suppressed"]
