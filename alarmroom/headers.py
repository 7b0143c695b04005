"""Response headers for which Django has no setting."""

from collections.abc import Callable, MutableMapping

from django.http import HttpRequest, HttpResponse

# The most telling of what a browser could ask readers for, or tell about them. No page of ours
# needs any of it, and the content policy lets nobody else's script or frame in to want it; the
# header is the second lock, and short, because it travels with every page. An unknown name is
# a complaint in the console. https://github.com/w3c/webappsec-permissions-policy/blob/main/features.md
OFF = (
    "browsing-topics",
    "camera",
    "clipboard-read",
    "display-capture",
    "geolocation",
    "hid",
    "idle-detection",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
PERMISSIONS_POLICY = ", ".join(f"{name}=()" for name in OFF)


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


def of_static_file(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Let other sites show our icons: feed readers do, and whoever shows a shared link."""
    if "/img/" in url:
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
