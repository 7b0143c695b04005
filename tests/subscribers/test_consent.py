"""The consent record is append-only, in the code and in the database."""

import pytest
from django.db import DatabaseError, connection, transaction

from subscribers import signup
from subscribers.models import ConsentEvent
from tests.factories import make_subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def event() -> ConsentEvent:
    return ConsentEvent.objects.create(
        subscriber=make_subscriber(), address="reader@example.org", kind="requested"
    )


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


def test_the_record_outlives_the_subscriber(event: ConsentEvent) -> None:
    event.subscriber.delete()
    assert ConsentEvent.objects.get().address == "reader@example.org"


def test_a_life_with_us_reads_as_a_story() -> None:
    reader = make_subscriber("reader@example.org", state="pending")
    signup.confirm(reader)
    signup.unsubscribe(reader, "the unsubscribe page")
    signup.sign_up(reader.address, "/subscribe/")
    reader.refresh_from_db()
    signup.confirm(reader)
    signup.suppress(reader.address, "complaint", "reported by the provider")
    kinds = ConsentEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["confirmed", "unsubscribed", "requested", "confirmed", "suppressed"]
