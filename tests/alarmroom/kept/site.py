"""A process of the site, asked without a server between."""

from dataclasses import dataclass
from wsgiref.util import setup_testing_defaults

from django.core.handlers.wsgi import WSGIHandler

from alarmroom.kept.answering import KeptPages
from alarmroom.kept.files import PageStore


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    from_django: bool


class Site:
    """One process of the site: its WSGI application, and whether Django was asked.

    The test's own process, in which `kept.drop` drops, or `another` one.
    """

    def __init__(self, *, another: bool = False) -> None:
        self.asked = False
        self.django = WSGIHandler()
        self.application = KeptPages(self.handle)
        if another:
            self.application.store = PageStore(self.application.store.root)

    def look_again(self) -> None:
        """Let UNSEEN_SECONDS pass."""
        for page in self.application.pages.values():
            page.until = 0

    def handle(self, environ, start_response):
        self.asked = True
        return self.django(environ, start_response)

    def get(self, path: str = "/", query: str = "", method: str = "GET", **environ: str) -> Answer:
        self.asked = False
        said = {}

        def start_response(status, headers, exc_info=None):
            said.update(status=int(status.split()[0]), headers=dict(headers))

        given = {
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": method,
            "HTTP_HOST": "testserver",
            **environ,
        }
        setup_testing_defaults(given)
        body = b"".join(self.application(given, start_response))
        return Answer(said["status"], said["headers"], body, self.asked)
