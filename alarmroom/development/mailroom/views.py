"""Pages that show the mail of a development machine. Only routed with DEBUG on."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from alarmroom.development.mailroom import mails
from alarmroom.methods import allow, require_safe

MAILS_PER_PAGE = 50
# The HTML of a mail is not trusted: no scripts and no requests, except for this site's pictures.
HTML_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "img-src": [CSP.SELF, settings.SITE_URL, "data:"],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}
# Links of the framed mail open in a new tab, which is not sandboxed.
BASE = '<base target="_blank">'


def get_mail(key: str) -> mails.Mail:
    """Return the mail of this key, or raise Http404."""
    mail = mails.find(key)
    if mail is None:
        raise Http404("There is no such mail; the mailbox may have been emptied.")
    return mail


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    page = Paginator(mails.newest_first(), MAILS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "development/mailroom/index.html", {"page": page})


@never_cache
@require_safe
def mail(request: HttpRequest, key: str) -> HttpResponse:
    mail = get_mail(key)
    attachments = [
        part.get_filename() or part.get_content_type() for part in mail.message.iter_attachments()
    ]
    return render(
        request,
        "development/mailroom/mail.html",
        {
            "mail": mail,
            "text": mail.body("plain"),
            "has_html": bool(mail.body("html")),
            "fields": [(name, str(value)) for name, value in mail.message.items()],
            "attachments": attachments,
        },
    )


@never_cache
@xframe_options_sameorigin
@csp_override(HTML_CSP)
@require_safe
def html(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML part as it was sent, as a page of its own that runs no script."""
    return HttpResponse(BASE + get_mail(key).body("html"))


@never_cache
@require_safe
def source(request: HttpRequest, key: str) -> HttpResponse:
    mail = get_mail(key)
    return HttpResponse(
        mail.source,
        content_type="message/rfc822",
        headers={
            "Content-Disposition": f'attachment; filename="{mail.received_at:%Y-%m-%d-%H%M%S}.eml"'
        },
    )


@allow("POST")
def empty(request: HttpRequest) -> HttpResponse:
    mails.delete_all()
    return redirect("mailroom:index")
