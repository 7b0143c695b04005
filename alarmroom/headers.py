"""Response headers for which Django has no setting."""

from collections.abc import Callable, MutableMapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Browser features that ask readers for something, or reveal something about them. No page of this
# site needs any, and the content policy allows no foreign script or frame that could. The header
# is a second protection. The list is short because every page carries it. Browsers warn in the
# console about a name that they do not know.
# https://github.com/w3c/webappsec-permissions-policy/blob/main/features.md
DISABLED_FEATURES = (
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
PERMISSIONS_POLICY = ", ".join(f"{name}=()" for name in DISABLED_FEATURES)

# What Django's SecurityMiddleware says of every response, and only pages need.
OF_PAGES = ("Cross-Origin-Opener-Policy", "Referrer-Policy")


class HeadersMiddleware:
    """Adds Permissions-Policy to every page, and Cross-Origin-Resource-Policy to every response.

    A header that the view has set stays: pictures, for example, may be embedded anywhere. A style
    sheet, a script or a typeface has no features to be disabled and no window to be kept apart, and
    fetches its files as browsers do by themselves; an article asks for three of them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path_info.startswith(settings.STATIC_URL) and response.status_code == 200:
            for name in OF_PAGES:
                response.headers.pop(name, None)
        else:
            response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


def add_static_file_headers(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Let other sites show our icons, as feed readers and previews of shared links do."""
    if "/img/" in url:
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
