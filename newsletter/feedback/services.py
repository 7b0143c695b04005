"""What mail services report by webhooks: django-anymail reads their forms, this says what follows.

An event counts only with our mark in its metadata, or with something else of the mail that proves
which delivery it is about (newsletter/mail/traces.py). One that has none is kept for a look: the
account of the service may have other senders.
"""

from __future__ import annotations

import json
from datetime import datetime
from importlib import import_module
from typing import Any

from anymail.signals import EventType, RejectReason
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailBasicAuthMixin
from django.conf import settings
from django.http import HttpRequest

from newsletter.delivery.hearing import Heard
from newsletter.feedback import following
from newsletter.feedback.keeping import keep
from newsletter.feedback.reports import Said, reply_in
from newsletter.mail import traces
from newsletter.models import DeliveryEvent, ReceivedMail

Kind, Why = DeliveryEvent.Kind, ReceivedMail.Why

# By the name in the address of the webhook, and in FEEDBACK_WEBHOOKS.
VIEWS = {
    "brevo": "brevo.BrevoTrackingWebhookView",
    "mailersend": "mailersend.MailerSendTrackingWebhookView",
    "mailgun": "mailgun.MailgunTrackingWebhookView",
    "mailjet": "mailjet.MailjetTrackingWebhookView",
    "mailtrap": "mailtrap.MailtrapTrackingWebhookView",
    "mandrill": "mandrill.MandrillCombinedWebhookView",
    "postal": "postal.PostalTrackingWebhookView",
    "postmark": "postmark.PostmarkTrackingWebhookView",
    "resend": "resend.ResendTrackingWebhookView",
    "sendgrid": "sendgrid.SendGridTrackingWebhookView",
    "sparkpost": "sparkpost.SparkPostTrackingWebhookView",
    "unisender_go": "unisender_go.UnisenderGoTrackingWebhookView",
}
NOT_SENT = (EventType.BOUNCED, EventType.REJECTED, EventType.FAILED)
# What a service says in its own word, where no server's words are there. "bounced" alone may be of
# either kind; the others are about us, or about nobody.
CODES = {
    RejectReason.INVALID: (550, "5.1.3"),
    RejectReason.BOUNCED: (550, ""),
    RejectReason.TIMED_OUT: (450, "4.4.7"),
    RejectReason.BLOCKED: (554, "5.7.1"),
    RejectReason.SPAM: (554, "5.7.1"),
}


class AmazonSes(AmazonSESTrackingWebhookView):
    """Amazon's notifications. Its topic is confirmed by hand, so nothing of Amazon's is needed."""

    def __init__(self, **kwargs: Any) -> None:
        self.auto_confirm_enabled = False
        AnymailBasicAuthMixin.__init__(self, **kwargs)


def view_of(service: str) -> Any:
    """Return anymail's view of a service, with the options that FEEDBACK_WEBHOOKS gives it.

    It is asked to check and to read a request, and never to answer it.
    """
    options = {**settings.FEEDBACK_WEBHOOKS[service]}
    options["webhook_secret"] = [settings.FEEDBACK_WEBHOOK_SECRET]
    if service == "amazon_ses":
        return AmazonSes(**options)
    module, _, name = VIEWS[service].partition(".")
    return getattr(import_module(f"anymail.webhooks.{module}"), name)(**options)


def take(view: Any, service: str, request: HttpRequest) -> None:
    """Take in what a service reports, once it has proven to be the service.

    It may report the same any number of times. What cannot be read is kept for a look. Raises what
    the database says, and keeping.Full: then the service reports it again.
    """
    try:
        events = list(view.parse_events(request))
    except Exception:  # A new form of theirs, or none that we know.
        events = []
        keep(request.body, Why.BROKEN, source=service, subject=f"A report of {view.esp_name}")
    if b"SubscriptionConfirmation" in request.body[:2000]:
        # The operator opens the SubscribeURL in it.
        keep(request.body, Why.UNKNOWN, source=service, subject="Confirm this subscription")
    for event in events:
        act(event, service)


def act(event: Any, service: str) -> None:
    """Do what follows from one event (anymail.signals.AnymailTrackingEvent)."""
    kind = event.event_type
    if kind not in (
        *NOT_SENT,
        EventType.COMPLAINED,
        EventType.UNSUBSCRIBED,
        EventType.AUTORESPONDED,
    ):
        return
    delivery = delivery_of(event)
    if delivery is None:
        _keep(event, service, Why.UNPROVEN)
        return
    at = event.timestamp if isinstance(event.timestamp, datetime) else None
    words = str(event.description or "")
    try:
        if kind == EventType.COMPLAINED:
            following.complained(delivery, Heard(Kind.COMPLAINT, service, said=words, at=at))
        elif kind == EventType.UNSUBSCRIBED or event.reject_reason == RejectReason.UNSUBSCRIBED:
            heard = Heard(Kind.UNSUBSCRIBED, service, said=words, at=at)
            following.left(delivery, heard, where=f"the mail service {service}")
        elif kind == EventType.AUTORESPONDED:
            heard = Heard(Kind.AUTO_REPLY, service, said=words, at=at)
            following.answered_by_itself(delivery, heard)
        else:
            following.bounced(delivery, [said_of(event, at)], service)
    except following.NoDelivery:
        _keep(event, service, Why.NO_DELIVERY)


def delivery_of(event: Any) -> int | None:
    """Return the delivery that an event proves to be about, or None."""
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    found = traces.of_mark(str(metadata.get(traces.MARK_NAME, ""))[:100])
    if found is None:
        # Some hand back the Message-ID with which the mail came to them by SMTP.
        found = traces.of_message_ids(f"<{str(event.message_id or '')[:300].strip('<> ')}>")
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    for name in ("smtp-id", "message-id", "Message-Id"):
        if found is None and isinstance(raw.get(name), str):
            found = traces.of_message_ids(f"<{raw[name][:300].strip('<> ')}>")
    mail = raw.get("mail")
    if found is None and isinstance(mail, dict):  # Amazon says the envelope sender.
        found = traces.of_address(str(mail.get("source", ""))[:300])
    return found


def said_of(event: Any, at: datetime | None) -> Said:
    """Return a refusal as a server's words, or as the service's own where there are none."""
    words = str(event.mta_response or "")
    # "smtp; 550 5.1.1 no such user", as in a report.
    kind, semicolon, behind = words.partition(";")
    if semicolon and len(kind) <= 20:
        words = behind.strip()
    code, status = reply_in(words)
    if code is None and not status:
        code, status = CODES.get(event.reject_reason, (554, ""))
        if _is_transient(event):
            code, status = 450, ""
        words = words or str(event.description or event.reject_reason or event.event_type)
    recipient = str(event.recipient or "").strip().lower()
    addresses = (recipient,) if "@" in recipient else ()
    return Said("failed", addresses, status, code, words[:300], at)


def _is_transient(event: Any) -> bool:
    """Whether a service calls a bounce soft in a word of its own (Amazon, Postmark)."""
    raw = event.esp_event if isinstance(event.esp_event, dict) else {}
    words = f"{event.description or ''} ", f"{raw.get('Type', '')} "
    return any(word.lower().startswith(("transient", "soft")) for word in words)


def _keep(event: Any, service: str, why: ReceivedMail.Why) -> None:
    raw = event.esp_event
    said = dict(raw.items()) if hasattr(raw, "items") else raw
    text = json.dumps(said, default=str, ensure_ascii=False, sort_keys=True)
    subject = f"{event.event_type}: {str(event.recipient or '')[:200]}"
    keep(text.encode("utf-8", "replace"), why, source=service, subject=subject)
