"""Which way the messages of an issue go: over our own SMTP, or through another mailer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from anymail.backends.base import AnymailBaseBackend
from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend
from django.db import DatabaseError, transaction

from newsletter.delivery.answers import Outcome, ServerRefuses
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.transports.calling import CallLine
from newsletter.delivery.transports.composing import Composer
from newsletter.delivery.transports.connecting import backend
from newsletter.delivery.transports.mailers import Mailer, MailService, NotTaken, PlainMailer, Taken
from newsletter.models import ServiceMessage

logger = logging.getLogger(__name__)


def is_smtp(alias: str = "bulk") -> bool:
    """Return whether a mailer is Django's SMTP backend: then our own engine speaks for it.

    Of one that cannot be used too: the engine says so when it connects.
    """
    try:
        return isinstance(backend(alias), EmailBackend)
    except ServerRefuses:
        return True


def opener(alias: str, composer: Composer) -> Callable[[], Mailer]:
    """Return what makes a mailer for one thread. That raises ServerRefuses if it cannot be used."""

    def open_mailer() -> Mailer:
        made = backend(alias)
        if isinstance(made, AnymailBaseBackend):
            return MailService(made, composer)
        return PlainMailer(made, composer)

    return open_mailer


def line(mime: bytes, issue_number: int, *, alias: str = "bulk") -> CallLine | None:
    """Return the line of an issue over a mailer that is not SMTP; None if it is."""
    if is_smtp(alias):
        return None
    composer = Composer(mime, issue_number)
    open_mailer = opener(alias, composer)
    sample = open_mailer()
    merges = isinstance(sample, MailService) and bool(sample.placeholder())
    # A backend of Django's kind may not bear two messages at once.
    at_once = settings.DELIVERY_CONNECTIONS if isinstance(sample, MailService) else 1
    return CallLine(
        open_mailer,
        composer.unfit,
        keep_ids,
        at_once=at_once,
        size=settings.DELIVERY_RECIPIENTS_PER_CALL if merges else 1,
        low=settings.DELIVERY_BATCH_SIZE // 2,
        patience=settings.DELIVERY_LEASE_SECONDS / 2,
    )


def keep_ids(service: str, taken: list[Taken]) -> None:
    """Keep the ids that a service has given, before the outcomes are written.

    Without them the outcome counts all the same.
    """
    rows = [
        ServiceMessage(
            delivery_id=each.row.pk, service=service, remote_id=each.remote_id, status=each.status
        )
        for each in taken
        if each.remote_id
    ]
    if not rows:
        return
    try:
        with transaction.atomic():
            ServiceMessage.objects.bulk_create(
                rows,
                update_conflicts=True,
                update_fields=["service", "remote_id", "status"],
                unique_fields=["delivery"],
            )
    except DatabaseError:
        logger.exception("The ids that %s gave could not be kept", service)


def send_one(mime: bytes, row: LeasedRow, issue_number: int, *, alias: str = "bulk") -> Outcome:
    """Send one message now, in a single call. Raises ServerAway or ServerRefuses."""
    mailer = opener(alias, Composer(mime, issue_number))()
    try:
        [taken] = mailer.send([row])
    except NotTaken as error:
        raise error.trouble or ServerRefuses(error.said) from error
    finally:
        mailer.close()
    return taken.outcome
