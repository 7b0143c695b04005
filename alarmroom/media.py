"""Serves uploaded pictures where no front server does (docs/deploying.md), and leads to icons.

A picture's name is made of its content, so a browser may keep it for ever.
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

# Python 3.12 knows this one only where the machine tells it; unnamed, browsers would not show it.
mimetypes.add_type("image/webp", ".webp")


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Return a file of MEDIA_ROOT; 404 for anything else."""
    try:
        response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except (OSError, SuspiciousFileOperation) as error:
        # A name that no file system can have, or of what lies elsewhere; anybody may ask for it.
        raise Http404 from error
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # Mail programs show them, too.
    return response


@require_safe
@cache_control(public=True, max_age=86400)
def icon(request: HttpRequest, name: str) -> HttpResponseBase:
    """Lead whoever asks for an icon without having read a page, as feed readers do, to ours."""
    response = redirect(static(f"img/{name}"))
    # Browsers look at the way there, too (https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check).
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
