"""Serves uploaded pictures if no web server in front does it, and redirects to the icons.

A picture's name is made of its content, so browsers may cache it for ever (docs/deploying.md).
"""

import mimetypes

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.static import serve

from alarmroom.methods import require_safe

# Python 3.12 may not know this type, and browsers do not show a picture without a type.
mimetypes.add_type("image/webp", ".webp")


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Return a file of MEDIA_ROOT; 404 for anything else."""
    try:
        response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except (OSError, SuspiciousFileOperation) as error:
        # The name is impossible, or leads out of the folder. Anybody can send such an address.
        raise Http404 from error
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Cross-Origin-Resource-Policy"] = (
        "cross-origin"  # Webmail shows them on its own pages.
    )
    return response


@require_safe
@cache_control(public=True, max_age=86400)
def icon(request: HttpRequest, name: str) -> HttpResponseBase:
    """Redirect to an icon: feed readers ask for /favicon.ico without reading a page first."""
    response = redirect(static(f"img/{name}"))
    # Browsers check a redirect too (https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check).
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
