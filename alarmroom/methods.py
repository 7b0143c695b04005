"""Views that only read."""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe as require_reading


def require_safe[**P, Response: HttpResponseBase](
    view: Callable[P, Response],
) -> Callable[P, Response]:
    """Answer 405 to whoever does more than read, as Django's own decorator of this name does.

    Also to a POST without a token: it would be sent away as a forgery (403) before anybody
    looked at its method. Nothing is opened by that, for no POST reaches the view.
    """
    return csrf_exempt(require_reading(view))
