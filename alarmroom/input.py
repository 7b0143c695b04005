"""Removes NUL from every query string and form before a view reads it.

PostgreSQL refuses a NUL in any value: of a filter, a search, an autocomplete, a selected row. No
text needs one. Paths and cookies have rules of their own (the routes, alarmroom/sessions.py).
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, QueryDict

NUL = "\0"


def without_nul(data: QueryDict) -> QueryDict:
    """Return the same fields without NUL in a name or a value; `data` itself where none is."""
    if not any(NUL in name or any(NUL in value for value in data.getlist(name)) for name in data):
        return data
    clean = QueryDict(mutable=True, encoding=data.encoding)
    for name, values in data.lists():
        for value in values:
            clean.appendlist(name.replace(NUL, ""), value.replace(NUL, ""))
    clean._mutable = False
    return clean


class CleanRequest(WSGIRequest):
    """Django's request, without NUL in its form.

    The form is still read when a view first asks for it, so that an upload can be refused by its
    size before its body is read.
    """

    _cleaned: QueryDict | None = None

    def _get_clean_post(self) -> QueryDict:
        form = WSGIRequest.POST.fget(self)  # type: ignore[attr-defined]  # a property
        if form is not self._cleaned:
            form = self._cleaned = without_nul(form)
            WSGIRequest.POST.fset(self, form)  # type: ignore[attr-defined]  # likewise
        return form

    def _set_post(self, form: QueryDict) -> None:
        WSGIRequest.POST.fset(self, form)  # type: ignore[attr-defined]  # likewise

    if not TYPE_CHECKING:
        POST = property(_get_clean_post, _set_post)


def plain_content_type(value: str) -> str:
    """Return a Content-Type with no parameter but the boundary of a form's parts."""
    kind, *parameters = value.split(";")
    kept = [each for each in parameters if each.partition("=")[0].strip().lower() == "boundary"]
    return ";".join([kind, *kept])


class PlainContentType:
    """WSGI middleware: every query string and form is read as UTF-8, which all browsers send.

    A Content-Type may name any codec of Python as its charset, and Django reads the query string
    and the form with it: `hex` is an error, `utf-7` makes a NUL out of other signs, `punycode`
    takes a time that grows with the square of the length. A wrong `charset*` is an error even
    before Django's middleware.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if ";" in environ.get("CONTENT_TYPE", ""):
            environ["CONTENT_TYPE"] = plain_content_type(environ["CONTENT_TYPE"])
        return self.application(environ, start_response)


class CleanInputMiddleware:
    """Removes NUL from what every view, form and admin page reads."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or NUL in query:
            request.GET = without_nul(request.GET)  # type: ignore[assignment]  # a QueryDict, as before
        if type(request) is WSGIRequest:
            request.__class__ = CleanRequest
        return self.get_response(request)
