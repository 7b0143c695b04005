"""Serves uploaded pictures where no front server does (docs/deploying.md).

A picture's name is made of its content, so a browser may keep it for ever.
"""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Return a file of MEDIA_ROOT; 404 for anything else."""
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"  # Mail programs show them, too.
    return response
