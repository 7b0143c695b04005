"""The address to which mail services report what became of a mail."""

from __future__ import annotations

import logging

from anymail.utils import get_request_basic_auth
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from alarmroom.methods import allow
from newsletter.feedback import services
from newsletter.feedback.keeping import Full

logger = logging.getLogger(__name__)

# The largest reports hold a thousand events.
LARGEST = 2 * 1024 * 1024  # bytes


@csrf_exempt
@never_cache
@allow("POST")
def webhook(request: HttpRequest, service: str) -> HttpResponse:
    """Take in a report of a service that FEEDBACK_WEBHOOKS names; everything else is a 404.

    The service proves who it is by FEEDBACK_WEBHOOK_SECRET in its Authorization header, and by its
    signature where it signs (anymail checks it). Nothing of a report is read before that. What was
    taken in is answered by 200, also when there was nothing to do; what could not be stored is
    not, so that it is reported again.
    """
    if service not in settings.FEEDBACK_WEBHOOKS:
        raise Http404
    if not request.headers.get("Authorization"):
        # Amazon sends the secret only when it is asked for.
        challenge = {"WWW-Authenticate": 'Basic realm="Webhook"'}
        return HttpResponse(status=401, headers=challenge)
    if not _knows_the_secret(request):
        return HttpResponse(status=403)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST:
        return HttpResponse(status=413)
    view = services.view_of(service)
    try:
        view.run_validators(request)
    except Exception as error:  # Whatever a wrong signature, or none, leads to.
        logger.warning("A report by %s was refused: %s", service, error)
        return HttpResponse(status=403)
    try:
        services.take(view, service, request)
    except Full as error:
        logger.warning("A report by %s must come again later: %s", service, error)
        return HttpResponse(status=503, headers={"Retry-After": "3600"})
    return HttpResponse()


def _knows_the_secret(request: HttpRequest) -> bool:
    given = get_request_basic_auth(request) or ""
    # Both as bytes: text beyond ASCII cannot be compared.
    return constant_time_compare(given.encode(), settings.FEEDBACK_WEBHOOK_SECRET.encode())
