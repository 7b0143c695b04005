"""Signed links to the free resources, which expire and cannot be guessed."""

from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse

from subscribers.models import Resource

RESOURCE_LINK_LIFE = timedelta(days=14)

_signer = TimestampSigner(salt="subscribers.resource")


def resource_link(resource: Resource) -> str:
    """Return a new absolute link to a resource's file, valid for RESOURCE_LINK_LIFE."""
    token = _signer.sign(str(resource.pk))
    return settings.SITE_URL + reverse("subscribers:resource", args=[token])


def resource_id(token: str) -> int:
    """Return the primary key that a link's token was signed for.

    Raises SignatureExpired for a link that is too old, and BadSignature for a token that this
    site did not sign.
    """
    value = _signer.unsign(token, max_age=RESOURCE_LINK_LIFE)
    if not value.isdecimal():
        raise BadSignature("Not the key of a resource.")
    return int(value)
