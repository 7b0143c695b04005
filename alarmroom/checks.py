"""Our own system checks of production settings, most of them by `manage.py check --deploy`."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import mailers
from django.http.request import validate_host

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@register("alarmroom", deploy=True)
def site_url(**kwargs: Any) -> Iterable[CheckMessage]:
    """Every link in a mail starts with SITE_URL, and a mail that was sent cannot be corrected."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    if host in LOOPBACK:
        yield Error(
            f"SITE_URL is {settings.SITE_URL}, which only this machine can open.",
            hint="Set it to the address readers use: every mail links to it.",
            id="alarmroom.E001",
        )
    elif not validate_host(host, settings.ALLOWED_HOSTS):
        yield Error(
            f"The host of SITE_URL, {host}, is not in ALLOWED_HOSTS.",
            hint="Add it, or every link in a mail answers 400.",
            id="alarmroom.E002",
        )
    if urlsplit(settings.SITE_URL).scheme != "https":
        yield Warning(
            "SITE_URL does not start with https://.",
            hint="Mail programs only offer one-click unsubscribe over HTTPS (RFC 8058 3.1).",
            id="alarmroom.W001",
        )


@register("alarmroom", deploy=True)
def passkeys(**kwargs: Any) -> Iterable[CheckMessage]:
    """Browsers make passkeys for a name under HTTPS, and for that name only."""
    # The models of other apps are loaded when checks run, and not before.
    from alarmroom.desk.signing_in.passkeys import are_possible

    if not are_possible():
        yield Warning(
            f"Nobody can use a passkey at SITE_URL, {settings.SITE_URL}.",
            hint=(
                "Browsers make them for a host name under https://, not for a number. Who has one "
                "needs a recovery code until SITE_URL is right again."
            ),
            id="alarmroom.W005",
        )


@register("alarmroom")
def mailers_work(**kwargs: Any) -> Iterable[CheckMessage]:
    """Both mailers can be made; whether their servers answer is not asked."""
    for alias in ("default", "bulk"):
        try:
            mailers[alias]
        except (ImproperlyConfigured, TypeError, ValueError) as error:
            yield Error(
                f"The mailer “{alias}” of MAILERS cannot be used: {error}",
                hint="No mail leaves through it; an issue would pause before anybody is mailed.",
                id="alarmroom.E003",
            )


@register("alarmroom", deploy=True)
def mail(**kwargs: Any) -> Iterable[CheckMessage]:
    """A password is said to nobody in the clear, and the law asks for a postal address."""
    for alias, mailer in settings.MAILERS.items():
        options = mailer.get("OPTIONS", {})
        encrypted = options.get("use_tls") or options.get("use_ssl")
        if options.get("password") and not encrypted and options.get("host") not in LOOPBACK:
            yield Warning(
                f"The mailer “{alias}” says its password in the clear.",
                hint="Write smtp+tls:// (port 587) or smtp+ssl:// (port 465) in its address.",
                id="alarmroom.W006",
            )
    if settings.POSTAL_ADDRESS == settings.PLACEHOLDER_POSTAL_ADDRESS:
        yield Warning(
            "POSTAL_ADDRESS is the made-up one of development.",
            hint="Set it to the publisher's postal address: CAN-SPAM asks for a valid one.",
            id="alarmroom.W002",
        )


@register("alarmroom", deploy=True)
def proxy(**kwargs: Any) -> Iterable[CheckMessage]:
    """A proxy reads requests whole, or slow senders take all threads; and it names the visitor."""
    if not settings.BUFFERING_PROXY:
        yield Warning(
            "Nobody says that a proxy in front reads requests whole before it passes them on.",
            hint=(
                "Without one, a few dozen slow senders stop the site. Put nginx in front "
                "(deploy/nginx.conf) or another proxy that buffers requests, and then set "
                "BUFFERING_PROXY=on. docs/deploying.md says more."
            ),
            id="alarmroom.W003",
        )
    elif not settings.TRUSTED_PROXIES:
        yield Warning(
            "There is a proxy in front, and TRUSTED_PROXIES is 0.",
            hint=(
                "All visitors then have the proxy's address: a few wrong passwords of anybody lock "
                "everybody out of the desk, and the sign-up form soon refuses all. Set it to how "
                "many proxies of yours add an entry to X-Forwarded-For."
            ),
            id="alarmroom.W004",
        )
