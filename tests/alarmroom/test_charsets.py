"""A request that names a charset of its own: it is read as UTF-8 all the same."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from alarmroom.input import plain_content_type
from alarmroom.wsgi import application
from subscribers.models import SignUpRequest

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

FORM = (
    "--xx\r\n"
    'Content-Disposition: form-data; name="address"\r\n\r\n'
    "reader+AAA-@example.org\r\n"
    "--xx--\r\n"
)


@pytest.fixture(autouse=True)
def connection_stays() -> Iterator[None]:
    """The end of a request must not close the connection that the test's transaction is on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def ask(query: str, content_type: str, body: bytes = b"", path: str = "/search/") -> int:
    """Return the status of what the web server gets."""
    status = []

    def start(line: str, headers: Any, _: Any = None) -> Any:
        status.append(int(line.split()[0]))

    answer = application(
        {
            "REQUEST_METHOD": "POST" if body else "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": content_type,
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "HTTP_ORIGIN": "http://localhost",
            "REMOTE_ADDR": "203.0.113.9",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
        },
        start,
    )
    b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return status[0]


@pytest.mark.parametrize("name", ["hex", "idna", "utf-7", "unicode_escape", "undefined"])
@pytest.mark.parametrize("parameter", ["charset={}", "charset*={}''%41", 'Charset="{}"'])
def test_a_charset_of_the_visitor_is_no_error(name: str, parameter: str) -> None:
    assert ask("q=+AAA-call", f"text/plain; {parameter.format(name)}") == 200


@pytest.mark.parametrize("name", ["hex", "utf-7"])
def test_a_form_is_read_as_utf_8(name: str) -> None:
    content_type = f"multipart/form-data; charset={name}; boundary=xx"
    assert ask("", content_type, FORM.encode(), "/subscribe/") == 200
    assert SignUpRequest.objects.get().address == "reader+aaa-@example.org"


def test_the_boundary_of_a_form_stays() -> None:
    sent = "multipart/form-data; charset=utf-7; boundary=----WebKitFormBoundary7"
    assert plain_content_type(sent) == "multipart/form-data; boundary=----WebKitFormBoundary7"
