"""Addresses beyond ASCII: the domain has an ASCII form, what stands before the @ has none."""

import pytest
from pytest_django import Settings

from newsletter.delivery import starting, worker
from newsletter.mail.addresses import written
from newsletter.models import Delivery, Issue
from tests.factories import make_issue, make_subscriber
from tests.newsletter.server import ScriptedServer


@pytest.mark.parametrize(
    ("address", "ascii_form"),
    [
        ("a@example.org", "a@example.org"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("o'neil+x@straße.example", "o'neil+x@xn--strae-oqa.example"),
        ("", ""),
    ],
)
def test_a_domain_is_written_in_ascii(address: str, ascii_form: str) -> None:
    assert written(address) == ascii_form


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("jörg@example.org", "letters beyond ASCII before the @"),
        ("jörg@bücher.example", "letters beyond ASCII before the @"),
        ("a@b\u200dc.example", "domain that cannot be one"),
        ("a@ü..example", "domain that cannot be one"),
        ("a@" + "ü" * 300, "domain that cannot be one"),
    ],
)
def test_what_has_no_such_form_is_refused_with_the_reason(address: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        written(address)


@pytest.mark.django_db(transaction=True)
def test_such_readers_get_the_issue_or_a_reason(
    server: ScriptedServer, no_tasks: None, settings: Settings
) -> None:
    for address in ("a@example.org", "b@bücher.example", "jörg@example.org"):
        reader = make_subscriber("x@example.org")
        type(reader).objects.filter(pk=reader.pk).update(address=address)
    issue = make_issue()
    starting.start(issue)
    worker.deliver(issue.pk)
    assert sorted(server.recipients) == ["a@example.org", "b@xn--bcher-kva.example"]
    message = next(message for to, message in server.accepted if to.startswith("b@"))
    assert b"\r\nTo: b@xn--bcher-kva.example\r\n" in b"\r\n" + message
    refused = Delivery.objects.get(subscriber__address="jörg@example.org")
    assert (refused.state, refused.tries) == ("failed", 1)
    assert "SMTPUTF8" in refused.reply
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT
