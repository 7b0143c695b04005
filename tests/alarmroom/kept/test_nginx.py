"""deploy/nginx.conf on a real nginx: it serves the kept pages itself, and nothing else."""

import gzip
import hashlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from alarmroom.kept.answering import UNSEEN_SECONDS
from alarmroom.kept.files import TRACKING
from tests import helpers
from tests.helpers import ROOT, Interpreter, free_port, free_ports, wait_for_port
from tests.parts import missing
from tests.production import collect_static, environment, migrate

# The site under production settings is on SQLite each time.
HOST = "www.example.org"
LATER = "Sun, 06 Nov 2044 08:49:37 GMT"
# Said by each server in its own way, or of the connection.
OF_THE_SERVER = {"date", "server", "connection", "content-length", "etag", "last-modified"}
OF_THE_SERVER |= {"accept-ranges", "transfer-encoding", "content-encoding", "keep-alive"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Host:
    """A machine of its own: nginx in front of gunicorn, on a database of its own."""

    env: dict[str, str]
    data: Path
    port: int
    gunicorn: "subprocess.Popen[bytes]"
    gunicorn_port: int
    shell: Interpreter

    def run(self, code: str) -> str:
        """Run code in another process of this host; return what it printed.

        gunicorn's processes see what it dropped within UNSEEN_SECONDS, and keep nothing before.
        """
        printed = self.shell.run(code)
        time.sleep(2 * UNSEEN_SECONDS)
        return printed

    def get(
        self, path: str, method: str = "GET", port: int | None = None, **headers: str
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=20)
        sent = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if port:
            sent["X-Forwarded-Proto"] = "https"  # As nginx says it.
        connection.request(method, path, headers=sent)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())


def nginx() -> str:
    return (
        shutil.which("nginx")
        or shutil.which("nginx", path="/usr/sbin")
        or missing("nginx", "apt install nginx-light")
    )


def configured(text: str, *, data: Path, port: int, gunicorn_port: int) -> str:
    """Return deploy/nginx.conf with this machine's paths and ports, without TLS."""
    text = re.sub(r"server \{\s+listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    text = re.sub(r"\n\s*(?:ssl_certificate|http2)[^\n]*", "", text)
    return (
        text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
        .replace("127.0.0.1:8000", f"127.0.0.1:{gunicorn_port}")
        .replace("/srv/alarmroom/data", str(data))
        .replace("/srv/alarmroom/app", str(ROOT))
        # TLS ends before this nginx.
        .replace("X-Forwarded-Proto $scheme", "X-Forwarded-Proto https")
    )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    nginx()  # Before anything else is made ready.
    data = tmp_path_factory.mktemp("host")
    port, gunicorn_port = free_ports(2)
    env = environment(
        str(data),
        BEHIND_TLS_PROXY="on",
        LOG_LEVEL="ERROR",
        WEB_CONCURRENCY="2",
        BUFFER_SECONDS="1",
    )
    migrate(env)
    collect_static(env)
    (data / "media" / "images").mkdir(parents=True)
    (data / "media" / "images" / "a.jpg").write_bytes(b"\xff\xd8\xff a picture")
    (data / "private").mkdir(exist_ok=True)
    (data / "private" / "secret.pdf").write_bytes(b"a resource")
    command = ["-m", "gunicorn", f"--bind=127.0.0.1:{gunicorn_port}", "--log-level=error"]
    gunicorn = helpers.start(*command, "alarmroom.wsgi", env=env)
    shell = Interpreter(env)
    try:
        wait_for_port(gunicorn_port, gunicorn)
        with front(data, port, gunicorn_port):
            yield Host(env, data, port, gunicorn, gunicorn_port, shell)
    finally:
        shell.stop()
        gunicorn.terminate()
        gunicorn.wait(30)


@contextmanager
def front(data: Path, port: int, gunicorn_port: int) -> Iterator[None]:
    """Run nginx as deploy/nginx.conf has it, in front of a port."""
    main = data / f"nginx-{port}.conf"
    text = configured(
        (ROOT / "deploy/nginx.conf").read_text(), data=data, port=port, gunicorn_port=gunicorn_port
    )
    as_root = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {data}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main.write_text(
        f"{as_root} daemon off; pid {main}.pid; error_log {data}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{text}\n}}\n"
    )
    subprocess.run([nginx(), "-t", "-q", "-c", main], check=True)
    server = subprocess.Popen([nginx(), "-c", main])
    try:
        wait_for_port(port, server)
        yield
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def article(host: Host) -> str:
    return host.run(
        """
from datetime import timedelta
from django.utils import timezone
from posts.models import Author, Post
author, _ = Author.objects.get_or_create(name="Ruth")
fields = {
    "title": "Before",
    "summary": "Said briefly.",
    "body": "<p>" + "word " * 400 + "</p>",
    "author": author,
    "published_at": timezone.now() - timedelta(days=1),
}
post, _ = Post.objects.update_or_create(slug="kept", defaults=fields)
print(post.get_absolute_url())
"""
    )


def stopped(host: Host, ask: Callable[[], Answer]) -> Answer:
    """Return an answer that nginx gives while gunicorn cannot: it stands still."""
    host.gunicorn.send_signal(signal.SIGSTOP)
    children = Path(f"/proc/{host.gunicorn.pid}/task/{host.gunicorn.pid}/children")
    workers = [int(pid) for pid in children.read_text().split()]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        return ask()
    finally:
        for pid in [*workers, host.gunicorn.pid]:
            os.kill(pid, signal.SIGCONT)


def test_nginx_serves_a_kept_page_without_django(host: Host, article: str) -> None:
    first = host.get(article)
    assert first.status == 200
    again = stopped(host, lambda: host.get(article))
    assert (again.status, again.body) == (200, first.body)


READER = {"User_Agent": "Mozilla/5.0 Firefox/140.0", "Accept_Language": "en"}
COUNTED = """
from alarmroom.reads.models import Visit
found = Visit.objects.filter(thing__startswith='article-').exclude(source='machine')
print(sorted(found.values_list('source', flat=True)))
"""


def test_readers_of_a_page_that_nginx_serves_are_counted(host: Host, article: str) -> None:
    """Once each, whoever answered; HEAD and other pages count nothing."""
    host.run("from alarmroom.reads.models import Visit; Visit.objects.all().delete()")
    host.get(article)  # The page is kept from now on.
    for number in range(3):
        assert host.get(article, **READER).status == 200
        host.get(f"{article}?utm_medium=email", **{**READER, "User_Agent": f"Firefox {number}"})
    host.get(article, "HEAD", **{**READER, "User_Agent": "Firefox/1"})
    host.get("/", **READER)
    expected = str(["direct", "newsletter", "newsletter", "newsletter"])
    until = time.monotonic() + helpers.PATIENCE
    # What was counted is stored by a thread of the server.
    while (found := host.run(COUNTED)) != expected and time.monotonic() < until:
        time.sleep(0.2)
    assert found == expected
    assert host.get("/.read", X_Read=article, **READER).status == 404


def test_a_server_that_stops_stores_what_it_counted(host: Host, article: str) -> None:
    host.run("from alarmroom.reads.models import Visit; Visit.objects.all().delete()")
    port = free_port()
    command = ["-m", "gunicorn", f"--bind=127.0.0.1:{port}", "--log-level=error"]
    server = helpers.start(*command, "alarmroom.wsgi", env={**host.env, "BUFFER_SECONDS": "60"})
    wait_for_port(port, server)
    for number in range(4):
        host.get(article, port=port, **{**READER, "User_Agent": f"Firefox {number}"})
    server.terminate()
    server.wait(30)
    assert host.run(COUNTED) == str(["direct"] * 4)


def test_its_headers_are_those_of_django(host: Host, article: str) -> None:
    host.get(article)
    django = host.get(article, port=host.gunicorn_port)
    served = stopped(host, lambda: host.get(article))
    ours = {name: value for name, value in served.headers.items() if name not in OF_THE_SERVER}
    theirs = {name: value for name, value in django.headers.items() if name not in OF_THE_SERVER}
    assert ours == theirs


def test_it_serves_the_page_compressed_and_again_as_304(host: Host, article: str) -> None:
    plain = host.get(article)
    packed = stopped(host, lambda: host.get(article, Accept_Encoding="gzip"))
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    known = stopped(host, lambda: host.get(article)).headers["etag"]
    again = stopped(host, lambda: host.get(article, If_None_Match=known))
    assert again.status == 304


def test_no_version_of_a_page_is_taken_for_another(host: Host, article: str) -> None:
    # Both versions end with the same scheduled article, and are equally long.
    host.run(
        """
from datetime import timedelta
from django.utils import timezone
from posts.models import Post
post = Post.objects.get(slug="kept")
post.pk, post.title, post.slug = None, "Soon", "soon"
post.published_at = timezone.now() + timedelta(minutes=2)
post.save()
"""
    )
    host.get(article)
    first = stopped(host, lambda: host.get(article))
    known = {"If_None_Match": first.headers["etag"]}
    host.run("from alarmroom import kept; kept.page_store().clear()")
    host.get(article)
    assert stopped(host, lambda: host.get(article, **known)).status == 304, "rendered again"
    host.run(
        "from posts.models import Post; post = Post.objects.get(slug='kept');"
        "post.title = 'Behind'; post.save()"
    )
    assert host.get(article, **known).status == 200
    second = stopped(host, lambda: host.get(article, **known))
    assert second.status == 200
    assert b"Behind" in second.body
    assert len(first.body) == len(second.body)
    for answer in (first, second):
        assert "last-modified" not in answer.headers
    assert stopped(host, lambda: host.get(article, If_Modified_Since=LATER)).status == 200
    host.run("from posts.models import Post; Post.objects.filter(slug='soon').delete()")


def test_an_edit_is_seen_at_once(host: Host, article: str) -> None:
    assert b"Before" in host.get(article).body
    host.run(
        "from posts.models import Post; post = Post.objects.get(slug='kept');"
        "post.title = 'After'; post.save()"
    )
    page = host.get(article).body
    assert b"After" in page and b"Before" not in page


def test_other_methods_and_queries_go_to_django(host: Host, article: str) -> None:
    host.get(article)
    assert host.get(article, method="POST").status == 405
    assert host.get(article + "?x=1").status == 200
    assert host.get(article + "index.html").status == 404
    assert host.get(article.rstrip("/")).status == 301


def test_without_gunicorn_there_is_a_page_that_needs_nothing_else(host: Host) -> None:
    port = free_port()
    with front(host.data, port, gunicorn_port=free_port()):
        answers = [
            host.get(path, port=port) for path in ("/topics/?x=1", "/static/css/site/base.css")
        ]
        answers.append(host.get("/subscribe/", port=port, method="POST"))
        assert host.get("/503.html").status == host.get("/400.html").status == 404
    for answer in answers:
        assert answer.status == 503
        assert answer.headers["retry-after"] == "60"
        check_page_of_its_own(answer, "503.html")


def check_page_of_its_own(answer: Answer, name: str) -> None:
    """It is a file of templates/, and the policy that comes with it knows its style."""
    assert answer.body == (ROOT / "templates" / name).read_bytes()
    assert answer.headers["cache-control"] == "no-store"
    [style] = re.findall(b"<style>(.*?)</style>", answer.body, re.DOTALL)
    digest = b64encode(hashlib.sha256(style).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_an_address_that_is_too_long_gets_a_page_of_the_site(host: Host) -> None:
    # 8,000 characters that take twelve bytes each.
    answer = host.get(f"/search/?q={'%F0%9F%9A%A8' * 8000}")
    assert answer.status == 414
    assert "retry-after" not in answer.headers
    check_page_of_its_own(answer, "400.html")
    for headers in ({"Cookie": "a=" + "x" * 9_000}, {"Host": "no host"}):
        answer = host.get("/", **headers)
        assert answer.status == 400
        check_page_of_its_own(answer, "400.html")


@pytest.mark.parametrize("query", ["?", "?fbclid=a_b-C", "?utm_source=x&utm_medium=&gclid=1"])
def test_a_link_that_is_tracked_is_answered_from_the_kept_page(
    host: Host, article: str, query: str
) -> None:
    page = host.get(article)
    assert stopped(host, lambda: host.get(article + query)).body == page.body
    assert TRACKING.pattern in (ROOT / "deploy/nginx.conf").read_text()


def test_pictures_are_served_and_nothing_beside_them(host: Host) -> None:
    picture = host.get("/media/images/a.jpg")
    assert picture.body == b"\xff\xd8\xff a picture"
    assert picture.headers["content-type"] == "image/jpeg"
    assert "immutable" in picture.headers["cache-control"]
    for path in (
        "/media/../private/secret.pdf",
        "/media/..%2fprivate/secret.pdf",
        "/media../private/secret.pdf",
        "/private/secret.pdf",
        "/pages/",
        "/.keys/",
        "/../alarmroom.sqlite3",
    ):
        answer = host.get(path)
        assert answer.status in {400, 403, 404}, path
        assert b"a resource" not in answer.body
