"""The pages for signing up, confirming and unsubscribing, and the download of resources.

Mail scanners and mail programs follow every link in a mail, so GET and HEAD only show a page and
change nothing. The reader presses the page's button, which sends a POST.
"""

import calendar
import logging
import math
import re
from collections.abc import Callable
from email.utils import parseaddr
from functools import wraps
from pathlib import PurePosixPath
from typing import Concatenate

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.signing import BadSignature, SignatureExpired
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from alarmroom import kept
from alarmroom.clients import client_network
from alarmroom.facts import facts
from alarmroom.methods import allow, require_safe
from subscribers import door, notices, sample, signup, tokens, wording
from subscribers.forms import SignUpForm
from subscribers.guards import TooManySignUps
from subscribers.models import CONFIRM_DAYS, Resource, Subscriber
from subscribers.origin import require_same_origin

logger = logging.getLogger(__name__)

# Anything else is not looked up in the database: PostgreSQL refuses a NUL, for example.
KEY = re.compile(r"[A-Za-z0-9_-]{16,32}")


def private_page[**P, R: HttpResponseBase](
    view: Callable[Concatenate[HttpRequest, P], R],
) -> Callable[Concatenate[HttpRequest, P], R]:
    """Keep a page with a secret address out of caches, search engines and Referer headers."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapper


@require_same_origin
@allow("GET", "HEAD", "POST")
def subscribe(request: HttpRequest) -> HttpResponse:
    """The sign-up page, to which every sign-up box posts.

    The answer is the same for every valid address, but for the address itself, because nothing
    here reads the address's subscription. A worker does that later.
    """
    if request.method != "POST":
        return subscribe_page(request)
    form = SignUpForm(request.POST)
    status, wait = 422, ""
    if form.is_valid():
        try:
            door.request_sign_up(
                form.cleaned_data["address"],
                where=form.cleaned_data["source"] or request.path,
                network=client_network(request),
                words=form.cleaned_data["wording"],
            )
        except TooManySignUps as refused:
            form.add_error("address", str(refused))
            status, wait = 429, str(math.ceil(refused.retry_after.total_seconds()))
        else:
            return typed_address_page(request, form.cleaned_data["address"])
    form.fields["address"].widget.attrs |= {"autofocus": True, "aria-describedby": "signup-error"}
    response = subscribe_page(request, form, status)
    if wait:
        response["Retry-After"] = wait
    return response


def subscribe_page(
    request: HttpRequest, form: SignUpForm | None = None, status: int = 200
) -> HttpResponse:
    """Return the sign-up page; `form` is one with errors, whose page no cache may keep."""
    shown = sample.current()
    context = {
        "form": form,
        "try_later": status == 429,
        "sample": shown,
        "resources": Resource.objects.all(),
        "weekday": calendar.day_name[facts().issue_weekday],
    }
    response = render(request, "subscribers/subscribe.html", context, status=status)
    if form is None:
        return kept.keep(response, *kept.EVERY_PAGE, *shown.keys, until=shown.until)
    response["Cache-Control"] = "private, no-store"  # It shows what was typed.
    return response


def typed_address_page(request: HttpRequest, address: str) -> HttpResponse:
    """Answer the form at once with the page that says what to do, and shows the address.

    A redirect would have to carry the address in its own address or in a cookie. The page's script
    (static/js/sent.js) makes a reload ask for check_mail(), instead of sending the form again.
    """
    form = SignUpForm(initial={"address": address, "source": reverse("subscribers:check-mail")})
    form.initial["wording"] = wording.current()[0]
    form.fields["address"].widget.attrs |= {"id": "again"}
    response = render(request, "subscribers/check_mail.html", check_mail_context(address, form))
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@require_safe
def check_mail(request: HttpRequest) -> HttpResponse:
    """Say what to do after signing up, without an address: for whoever reloads the page."""
    response = render(request, "subscribers/check_mail.html", check_mail_context())
    return kept.keep(response, *kept.EVERY_PAGE)


def check_mail_context(address: str = "", form: SignUpForm | None = None) -> dict[str, object]:
    return {
        "address": address,
        "form": form,
        "consent": wording.current()[1] if form else "",
        "sender": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        "resources": kept.remember("resources", Resource.objects.exists, part="any"),
        "link_days": CONFIRM_DAYS,
    }


@csrf_exempt
@private_page
@allow("GET", "HEAD", "POST")
def confirm(request: HttpRequest, key: str) -> HttpResponse:
    """Ask whether to subscribe; confirm on POST, and then show the resources."""
    subscriber = find_subscriber(confirm_key=key)
    if subscriber is None:
        return message_page(
            request,
            "This link does not work",
            "It may have been cut off by your mail program, or replaced by a newer one. "
            "Open the link of the newest mail, or enter your address again and we will "
            "send you another.",
            status=404,
        )
    if signup.is_suppressed(subscriber.address):
        return message_page(
            request,
            "We do not send mail to this address",
            "It was put on the list of addresses that we never write to: its owner asked "
            "for that, or mail to it kept coming back. If it is yours and you want The "
            "Weekly Alarm, write to us from it and we will put it right.",
            status=403,
            write_to_us=True,
        )
    if request.method == "POST" and door.confirm(subscriber):
        return see_other(request.path)
    if subscriber.state == Subscriber.State.UNSUBSCRIBED:
        return message_page(
            request,
            "This link is from before you unsubscribed",
            "You get no mail from us. If you want The Weekly Alarm again, enter your "
            "address and we will send you a new link.",
            status=410,
        )
    if subscriber.state == Subscriber.State.PENDING and subscriber.confirm_link_expired:
        return message_page(
            request,
            "This link has expired",
            f"A link to confirm works for {CONFIRM_DAYS} days. Enter your address again "
            "and we will send you a new one.",
            status=410,
        )
    done = subscriber.state == Subscriber.State.CONFIRMED
    return render(
        request,
        "subscribers/confirm.html",
        {
            "subscriber": subscriber,
            "done": done,
            "consent": wording.CONFIRM,
            "resources": notices.with_links(Resource.objects.all()) if done else [],
            "link_days": tokens.RESOURCE_LINK_LIFE.days,
        },
    )


@csrf_exempt
@private_page
@allow("GET", "HEAD", "POST")
def unsubscribe(request: HttpRequest, key: str) -> HttpResponse:
    """Ask whether to unsubscribe; unsubscribe on POST, without another question (RFC 8058 3.2).

    The POST comes from the page's button or from a mail program, which sends no cookie, login or
    Origin. It is answered with 200, because mail programs do not follow a redirect.
    """
    subscriber = find_subscriber(key=key)
    if subscriber is None:
        return message_page(
            request,
            "This link does not work",
            "It may have been cut off by your mail program. Open the link of any mail of "
            "ours again, or write to us and we will unsubscribe you.",
            status=404,
            offer_form=False,
            write_to_us=True,
        )
    if request.method == "POST":
        issue = request.GET.get("issue", "")
        signup.leave(subscriber, where=how_unsubscribed(request), issue=issue)
    return render(
        request,
        "subscribers/unsubscribe.html",
        {
            "subscriber": subscriber,
            "done": subscriber.state == Subscriber.State.UNSUBSCRIBED,
            "pending": subscriber.state == Subscriber.State.PENDING,
            "just_now": request.method == "POST",
        },
    )


def how_unsubscribed(request: HttpRequest) -> str:
    """Return what sent the POST, a mail program or the page; an unreadable body is no error."""
    try:
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        one_click = False
    return "one-click, from the mail program" if one_click else "the unsubscribe page"


@private_page
@require_safe
def resource(request: HttpRequest, token: str) -> HttpResponseBase:
    """Send a resource's file to anybody with a signed link that has not expired."""
    try:
        found = Resource.objects.filter(pk=tokens.resource_id(token)).first()
    except SignatureExpired:
        return message_page(
            request,
            "This link has expired",
            f"Links to our resources work for {tokens.RESOURCE_LINK_LIFE.days} days. Enter "
            "the address you subscribed with, and we will mail you fresh ones.",
            status=410,
        )
    except BadSignature:
        found = None
    if found is None:
        return message_page(
            request,
            "There is nothing behind this link",
            "It may have been cut off by your mail program. Open it again from the mail; if "
            "that does not help, enter your address and we will mail you fresh links.",
            status=404,
        )
    try:
        content = found.file.open("rb")
    except (OSError, ValueError):
        logger.exception("The file of resource %s (%s) cannot be read", found.pk, found.file.name)
        return message_page(
            request,
            "We cannot find this file right now",
            "That is our mistake, not yours. Try again later, or write to us and we will "
            "send it to you.",
            status=503,
            offer_form=False,
            write_to_us=True,
        )
    suffix = PurePosixPath(found.file.name or "").suffix.lower()
    response = FileResponse(content, as_attachment=True, filename=f"{found.slug}{suffix}")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def find_subscriber(**key: str) -> Subscriber | None:
    """Return the subscriber that a link's key belongs to."""
    if not all(KEY.fullmatch(value) for value in key.values()):
        return None
    return Subscriber.objects.filter(**key).first()


def message_page(
    request: HttpRequest,
    title: str,
    text: str,
    *,
    status: int,
    offer_form: bool = True,
    write_to_us: bool = False,
) -> HttpResponse:
    """Return a page that explains why a link does not work, and what to do instead."""
    return render(
        request,
        "subscribers/message.html",
        {
            "title": title,
            "text": text,
            "offer_form": offer_form,
            "contact": parseaddr(settings.DEFAULT_FROM_EMAIL)[1] if write_to_us else "",
        },
        status=status,
    )


def see_other(path: str) -> HttpResponse:
    """Return a 303 redirect, so that reloading the page does not send the form again."""
    response = redirect(path)
    response.status_code = 303
    return response
