"""What Django has no setting for: some response headers, and methods that we never answer."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

# Of all that a browser could let a page do, ours copy a link (and open the share sheet, which
# has no name that Chromium knows). An unknown name is a complaint in the console.
# https://github.com/w3c/webappsec-permissions-policy/blob/main/features.md
OFF = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "compute-pressure",
    "cross-origin-isolated",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)
OWN = ("clipboard-write",)
PERMISSIONS_POLICY = ", ".join(
    [*(f"{name}=()" for name in OFF), *(f"{name}=(self)" for name in OWN)]
)

METHODS = ("GET", "HEAD", "OPTIONS", "POST")


class HeadersMiddleware:
    """Adds what a page may do in a browser, and who may put it into theirs.

    A view that gives an answer of its own (pictures are for everybody) is left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Refuse what no page of ours knows, before anybody asks for a token (RFC 9110 9.1)."""
        if request.method in METHODS:
            return None
        return HttpResponseNotAllowed(METHODS)
