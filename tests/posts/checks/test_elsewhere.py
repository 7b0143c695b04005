"""Links to other sites: tried in the background, slowly, and never in a closed network."""

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from posts.checks import Manuscript, check, elsewhere
from posts.checks.reaching import LONGEST_HEAD, Limits, Outcome, is_public, reach
from posts.models import LinkCheck, LinkHost
from tests.factories import make_post
from tests.posts.admin.desk import ADD, change, form


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says: /status/404, /to/<address>, /only-get, /drip, /huge, /nonsense."""

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        server: Any = self.server
        server.asked.append((self.command, self.headers["Host"], self.path))
        kind, _, rest = self.path.lstrip("/").partition("/")
        if kind == "drip":
            # A byte now and then, for ever.
            while not server.closing.wait(0.05):
                try:
                    self.wfile.write(b"H")
                except OSError:
                    return
            return
        if kind == "huge":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * (LONGEST_HEAD * 3))
            return
        if kind == "nonsense":
            self.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
            return
        if kind == "only-get":
            self.send_response(200 if self.command == "GET" else 405)
        elif kind == "to":
            self.send_response(302)
            self.send_header("Location", rest)
        elif kind == "loop":
            self.send_response(301)
            self.send_header("Location", "/loop")
        else:
            self.send_response(int(rest or 200))
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.closing, server.daemon_threads = [], threading.Event(), True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def limits(server: Any) -> Limits:
    """Every name leads to the server of the test, and nothing else is different."""
    return Limits(
        ports=frozenset({80, server.server_port}),
        seconds=2,
        may_connect=lambda address: address == ip_address("127.0.0.1") or is_public(address),
        resolve=lambda host, port: [host] if host[0].isdigit() else ["127.0.0.1"],
        may_be_this_machine=True,
    )


@pytest.fixture
def at(server: Any) -> Callable[[str], str]:
    return lambda path: f"http://news.example:{server.server_port}{path}"


def test_a_page_that_answers_is_reached_by_head_alone(
    server: Any, limits: Limits, at: Callable[[str], str]
) -> None:
    assert reach(at("/a?b=1"), limits=limits) == Outcome(200, "")
    assert server.asked == [("HEAD", f"news.example:{server.server_port}", "/a?b=1")]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/only-get", 200, ""),
        ("/status/403", 403, ""),
        ("/status/404", 404, "no such page"),
        ("/status/410", 410, "no such page"),
        ("/status/503", 503, "error (503)"),
        ("/to/status/404", 404, "no such page"),
        ("/loop", 301, "without end"),
        ("/nonsense", None, "could not be read"),
        ("/huge", None, "could not be read"),
        ("/drip", None, "in time"),
    ],
)
def test_other_answers(
    limits: Limits, at: Callable[[str], str], path: str, status: int | None, said: str
) -> None:
    if path == "/to/status/404":
        path = f"/to/{at('/status/404')}"
    outcome = reach(at(path), limits=limits)
    assert outcome.status == status
    assert said in outcome.error and bool(said) == bool(outcome.error)


def test_a_chain_of_redirects_ends_after_five(
    server: Any, limits: Limits, at: Callable[[str], str]
) -> None:
    reach(at("/loop"), limits=limits)
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.1.1",
     "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1",
     "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
     "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1"],
)  # fmt: skip
def test_closed_addresses(address: str) -> None:
    assert not is_public(ip_address(address))
    named = Limits(resolve=lambda host, port: ["93.184.216.34", address])
    assert "closed network" in reach("http://news.example/", limits=named).error


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111"])
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://localhost/",
        "http://localhost./",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_nothing_inner_is_reached_by_its_number_or_name(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("connected"))
    assert reach(url).error


@pytest.mark.parametrize(
    "url",
    ["ftp://news.example/", "file:///etc/passwd", "http://news.example:8000/", "gopher://x/",
     "http://news.example:22/", "http://user:pass@news.example/", "http://[", "javascript:1", "//",
     "http://news.example\r\nX: y/", f"{settings.SITE_URL}/admin/"],
)  # fmt: skip
def test_only_the_web_on_its_own_ports_is_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: pytest.fail("connected"))
    limits = Limits(resolve=lambda host, port: ["127.0.0.1"])
    assert reach(url, limits=limits).error


@pytest.mark.parametrize(
    "inner", ["http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "file:///etc/passwd"]
)
def test_a_redirect_is_checked_as_the_first_address_was(
    server: Any, limits: Limits, at: Callable[[str], str], inner: str
) -> None:
    outcome = reach(at(f"/to/{inner}"), limits=limits)
    assert outcome.error
    assert len(server.asked) == 1


def test_the_name_is_resolved_once_for_each_request(
    server: Any, limits: Limits, at: Callable[[str], str]
) -> None:
    """A name that leads elsewhere at the second look must not matter."""
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    once = Limits(
        ports=limits.ports,
        may_connect=limits.may_connect,
        resolve=lambda host, port: next(answers),
        may_be_this_machine=True,
    )
    assert reach(at("/"), limits=once) == Outcome(200, "")
    assert "closed network" in reach(at("/"), limits=once).error


def test_this_machine_is_refused_by_its_public_address_too(
    server: Any, limits: Limits, at: Callable[[str], str]
) -> None:
    own = Limits(limits.ports, 2, lambda address: True, limits.resolve)
    assert "one of this site" in reach(at("/"), limits=own).error
    assert server.asked == []


# The queue


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts need no pause between two requests."""
    monkeypatch.setattr(elsewhere, "SPACING", timedelta(0))


def ask(*urls: str) -> None:
    elsewhere.ask_for("".join(f'<p><a href="{url}">x y</a></p>' for url in [url]) for url in urls)


def warnings(url: str) -> list[str]:
    report = check(Manuscript(title="T", dek="D", body=f'<p><a href="{url}">x y</a></p>'))
    assert not [finding for finding in report.errors if finding.rule.startswith("link")]
    return [each.message for each in report.warnings if each.rule == "link-unreachable"]


@pytest.mark.django_db
@pytest.mark.postgresql
def test_a_link_is_tried_once_and_its_result_kept_for_a_week(
    server: Any, limits: Limits, at: Callable[[str], str], now: None
) -> None:
    good, bad = at("/good"), at("/status/404")
    ask(good, bad, good)
    assert warnings(bad) == []
    assert elsewhere.check_due(limits=limits) == 2
    assert warnings(good) == []
    [message] = warnings(bad)
    assert "no such page (404)" in message
    count = len(server.asked)
    ask(good, bad)
    assert elsewhere.check_due(limits=limits) == 0
    assert len(server.asked) == count
    LinkCheck.objects.update(checked_at=timezone.now() - timedelta(days=8))
    assert warnings(bad) == []
    ask(good)
    assert elsewhere.check_due(limits=limits) == 1


@pytest.mark.django_db
@pytest.mark.postgresql
def test_a_host_is_asked_by_one_worker_at_a_time_and_not_too_often(
    server: Any, limits: Limits, at: Callable[[str], str]
) -> None:
    ask(at("/one"), at("/two"))
    assert elsewhere.check_due(limits=limits) == 1
    # The other waits for its turn: three seconds for each request.
    other = LinkCheck.objects.get(checked_at=None)
    assert other.due_at and other.due_at > timezone.now()
    host = LinkHost.objects.get()
    assert host.free_at > timezone.now() + timedelta(seconds=1)
    assert not elsewhere.claim("news.example")
    LinkHost.objects.update(free_at=timezone.now())
    assert elsewhere.claim("news.example")
    assert not elsewhere.claim("news.example")


@pytest.mark.django_db
@pytest.mark.postgresql
def test_a_claimed_link_is_left_to_its_worker_until_that_has_died(
    limits: Limits, at: Callable[[str], str], now: None
) -> None:
    ask(at("/one"))
    LinkCheck.objects.update(claimed_until=timezone.now() + timedelta(seconds=30))
    assert elsewhere.check_due(limits=limits) == 0
    LinkCheck.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert elsewhere.check_due(limits=limits) == 1


@pytest.mark.django_db
def test_saving_an_article_asks_for_its_links_and_waits_for_none(
    desk: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    woken: list[bool] = []
    monkeypatch.setattr("posts.admin.checking.wake_for_links", lambda: woken.append(True))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("resolved"))
    body = '<p><a href="https://www.nena.org/a">NENA</a> <a href="/about/">us</a></p>'
    with django_capture_on_commit_callbacks(execute=True):
        assert desk.post(ADD, form(body=body)).status_code == 302
    assert [row.url for row in LinkCheck.objects.all()] == ["https://www.nena.org/a"]
    assert woken == [True]
    # Of changes that wait, too.
    post = make_post()
    waits = body.replace("/a", "/b")
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(change(post), form(body=waits, slug=post.slug, _continue=""))
    assert LinkCheck.objects.filter(url="https://www.nena.org/b").exists()


@pytest.mark.django_db
def test_what_no_text_names_any_more_is_forgotten() -> None:
    ask("https://a.example/", "https://b.example/")
    old = timezone.now() - timedelta(days=61)
    LinkCheck.objects.filter(url="https://a.example/").update(asked_at=old)
    elsewhere.forget_old()
    assert [row.url for row in LinkCheck.objects.all()] == ["https://b.example/"]


@pytest.mark.django_db
def test_too_many_and_too_long_addresses_are_not_asked_for() -> None:
    many = "".join(f'<a href="https://a.example/{number}">x</a>' for number in range(500))
    long = f'<a href="https://a.example/{"a" * 600}">x</a>'
    assert elsewhere.ask_for([f"<p>{long}{many}</p>"]) == 200
