"""Protects POSTs of public pages against cross-site requests, without a cookie or a token."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from alarmroom.origin import origin_allowed


def require_same_origin[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Refuse a view's cross-site POSTs with a page that says what to do.

    It replaces the CSRF token, which would need a cookie.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if origin_allowed(request):
            return view(request, *args, **kwargs)
        return render(
            request,
            "subscribers/message.html",
            {
                "title": "This form was sent from another site",
                "text": "Nothing was changed. To protect your address we only take the form "
                "from our own pages: open the sign-up page here and try again.",
                "offer_form": True,
            },
            status=403,
        )

    return csrf_exempt(guarded)
