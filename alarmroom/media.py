"""Serves uploaded pictures where no front server does (docs/deploying.md).

A picture's name is made of its content, so a browser may keep it for ever.
"""

import mimetypes

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.static import serve

from alarmroom.methods import require_safe

# Python 3.12 knows this one only where the machine tells it; unnamed, browsers would not show it.
mimetypes.add_type("image/webp", ".webp")


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Return a file of MEDIA_ROOT; 404 for anything else."""
    try:
        response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except OSError as error:
        # A name that no file system can have; what is asked for comes from anybody.
        raise Http404 from error
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # Mail programs show them, too.
    return response
