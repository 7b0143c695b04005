"""Which variables the settings read, and the messages for wrong values."""

import ast
import gc
import importlib.util
import os
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from alarmroom.environment import Environment
from tests.helpers import ROOT, python
from tests.production import SECRET_KEY, environment

REQUIRED = ["SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "POSTAL_ADDRESS"]
READERS = {name for name in vars(Environment) if not name.startswith("_")} - {"refuse"}
# Any text is valid for these.
FREE_TEXT = {"SECRET_KEY", "SECRET_KEY_FALLBACKS", "POSTAL_ADDRESS", "FEEDBACK_ID"}


def own_modules() -> Iterator[Path]:
    """Yield every module that runs in production, and gunicorn's configuration."""
    for room in ("alarmroom", "posts", "subscribers", "newsletter"):
        yield from (ROOT / room).rglob("*.py")
    yield ROOT / "manage.py"
    yield ROOT / "gunicorn.conf.py"


@cache
def variables_that_are_read() -> set[str]:
    """Return the names in `env.reader("NAME")`, `os.environ.get("NAME")` and similar calls."""
    names = set()
    for path in own_modules():
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="env"), attr=reader),
                    args=[ast.Constant(value=str(name)), *_],
                ) if reader in READERS:
                    names.add(name)
                case (
                    ast.Call(
                        func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get" | "pop"),
                        args=[ast.Constant(value=str(name)), *_],
                    )
                    | ast.Call(
                        func=ast.Attribute(attr="getenv"), args=[ast.Constant(value=str(name)), *_]
                    )
                    | ast.Subscript(
                        value=ast.Attribute(attr="environ"),
                        slice=ast.Constant(value=str(name)),
                        ctx=ast.Load(),
                    )
                ):
                    names.add(name)
    return names


def settings(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], file: str = "") -> Any:
    """Return the values of a settings file in this environment."""
    for name in variables_that_are_read():
        # Set it first, so that monkeypatch removes what the file adds to the environment.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOT / (file or "alarmroom/settings.py")))


def refusal(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], file: str = "") -> list[str]:
    """Return the lines that are printed when the start is refused."""
    with pytest.raises(SystemExit) as ended:
        settings(monkeypatch, env, file)
    return str(ended.value.code).splitlines()


# The example


def test_the_example_lists_exactly_the_variables_that_are_read() -> None:
    explained = {
        line.removeprefix("# ").partition("=")[0]
        for line in (ROOT / ".env.example").read_text().splitlines()
        if line.removeprefix("# ").partition("=")[0].replace("_", "").isupper() and "=" in line
    }
    assert explained == variables_that_are_read()
    assert {"HOST", "WEB_THREADS", "WEB_CONCURRENCY", "ENV_FILE", "DATABASE_URL"} <= explained


def test_a_copy_of_the_example_is_refused_until_required_variables_are_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = tmp_path / "env"
    copy.write_text((ROOT / ".env.example").read_text())
    env = {"ENV_FILE": str(copy), "DATA_DIR": str(tmp_path / "data")}
    lines = refusal(monkeypatch, env)
    assert [line.partition(" is not set: set it to ")[0] for line in lines] == REQUIRED


def test_a_filled_in_copy_of_the_example_passes_the_deployment_check(tmp_path: Path) -> None:
    copy = tmp_path / "env"
    text = (ROOT / ".env.example").read_text()
    known = environment(str(tmp_path))
    for name in REQUIRED:
        assert f"\n{name}=\n" in text
        text = text.replace(f"\n{name}=\n", f"\n{name}={known[name]}\n")
    # docs/deploying.md asks for this setting.
    text = text.replace("\n# BUFFERING_PROXY=off\n", "\nBUFFERING_PROXY=on\n")
    text = text.replace("\n# BEHIND_TLS_PROXY=off\n", "\nBEHIND_TLS_PROXY=on\n")
    copy.write_text(text)
    env = {"PATH": os.environ["PATH"], "ENV_FILE": str(copy), "DATA_DIR": str(tmp_path / "data")}
    checked = python("manage.py", "check", "--deploy", "--fail-level", "WARNING", env=env)
    assert checked.returncode == 0, checked.stderr


def test_every_value_in_the_example_is_valid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = {
        name: value
        for name, equals, value in (
            line.removeprefix("# ").partition("=")
            for line in (ROOT / ".env.example").read_text().splitlines()
        )
        if equals and name in variables_that_are_read() - {"DATA_DIR", "ENV_FILE", *REQUIRED}
    }
    assert len(shown) > 30
    settings(monkeypatch, {**environment(str(tmp_path)), **shown})
    settings(monkeypatch, {**environment(str(tmp_path)), **shown}, "gunicorn.conf.py")


# Missing variables


@pytest.mark.parametrize("command", [["manage.py", "check"], ["-m", "gunicorn", "alarmroom.wsgi"]])
def test_production_names_each_missing_variable_in_one_line(
    command: list[str], tmp_path: Path
) -> None:
    env = environment(str(tmp_path), **dict.fromkeys(REQUIRED, ""))
    done = python(*command, env=env)
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert [line.split()[0] for line in lines] == REQUIRED
    assert all("set it to" in line for line in lines)
    assert done.stdout == ""


def test_development_needs_no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env = {"ENV_FILE": "", "DEBUG": "on", "DATA_DIR": str(tmp_path)}
    found = settings(monkeypatch, {**env, **dict.fromkeys(REQUIRED, "")})
    assert found["SITE_URL"] == "http://localhost:8000"
    assert "localhost" in found["ALLOWED_HOSTS"]


# Wrong values

NUMBERS = [
    "CONN_MAX_AGE",
    "KEPT_PAGES_SECONDS",
    "BUFFER_SECONDS",
    "SECURE_HSTS_SECONDS",
    "TRUSTED_PROXIES",
    "SMTP_TIMEOUT",
    "DELIVERY_LEASE_SECONDS",
    "DELIVERY_WORKERS",
    "DELIVERY_CONNECTIONS",
    "DELIVERY_BATCH_SIZE",
    "DELIVERY_RECIPIENTS_PER_CALL",
    "DELIVERY_SLICE_SECONDS",
    "DELIVERY_MAX_FAILURES_IN_A_ROW",
    "DELIVERY_MAX_FAILED_PERCENT",
    "SOFT_BOUNCES_IN_A_ROW",
    "SIGN_UP_MAILS_PER_ADDRESS",
    "SIGN_UPS_PER_HOUR",
    "SIGN_UPS_PER_HOUR_AND_NETWORK",
    "PORT",
    "SMTP_PORT",
]
FROM_ONE = NUMBERS[5:]
SWITCHES = [
    "DEBUG",
    "DELIVERY_LOOKS_UP_GATEWAYS",
    "BEHIND_TLS_PROXY",
    "BUFFERING_PROXY",
    "COUNT_READS",
    "SECOND_FACTOR_REQUIRED",
    "SECURE_SSL_REDIRECT",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_HSTS_PRELOAD",
]
SENDERS = ["DEFAULT_FROM_EMAIL", "NEWSLETTER_FROM_EMAIL", "SERVER_EMAIL"]
MAIL_ADDRESSES = ["NEWSLETTER_ENVELOPE_FROM", "UNSUBSCRIBE_MAILTO", "CFBL_ADDRESS"]
SMTP_URLS = ["SMTP_URL", "BULK_SMTP_URL"]
WRONG = [
    *((name, value) for name in NUMBERS for value in ("abc", "", "-1", "1.5", "9" * 5000)),
    *((name, "0") for name in FROM_ONE),
    ("PORT", "70000"),
    ("TRUSTED_PROXIES", "11"),
    ("BUFFER_SECONDS", "61"),
    ("SIGN_UP_MAILS_PER_ADDRESS", "21"),
    ("SIGN_UPS_PER_HOUR_AND_NETWORK", "1001"),
    ("SMTP_TIMEOUT", "3601"),
    ("DELIVERY_LEASE_SECONDS", "239"),
    ("SOFT_BOUNCES_IN_A_ROW", "1"),
    ("DELIVERY_CONNECTIONS", "101"),
    ("NEWSLETTER_VERP", "plus"),
    ("FEEDBACK_IMAP_URL", "imap://user:password@imap.example.org/INBOX"),
    ("FEEDBACK_IMAP_URL", "imaps://imap.example.org/INBOX"),
    ("FEEDBACK_IMAP_URL", "imaps://user@imap.example.org"),
    ("FEEDBACK_IMAP_URL", "imaps://user:p%C3%A9@imap.example.org"),
    ("FEEDBACK_IMAP_DONE", ""),
    ("FEEDBACK_WEBHOOKS", "postmark"),
    ("FEEDBACK_WEBHOOKS", '["postmark"]'),
    ("FEEDBACK_WEBHOOKS", '{"nobody": {}}'),
    ("FEEDBACK_WEBHOOKS", '{"postmark": "key"}'),
    ("FEEDBACK_WEBHOOK_SECRET", "short"),
    ("FEEDBACK_WEBHOOK_SECRET", "user:short"),
    ("NEWSLETTER_VERP", "@"),
    *((name, value) for name in SWITCHES for value in ("banana", "")),
    *((name, value) for name in SENDERS for value in ("nobody", "", "a@b.example, c@d.example")),
    *((name, value) for name in MAIL_ADDRESSES for value in ("nobody", "A <a@b.example>")),
    ("UNSUBSCRIBE_MAILTO", ""),
    ("ADMINS", "ops@example.org, nobody"),
    ("ALLOWED_HOSTS", ","),
    ("ALLOWED_HOSTS", " "),
    ("ALLOWED_HOSTS", "https://www.example.org"),
    ("ALLOWED_HOSTS", "www.example.org:443"),
    ("SECRET_KEY", " "),
    ("SITE_URL", "www.example.org"),
    ("SITE_URL", "ftp://www.example.org"),
    ("SITE_URL", "https://"),
    ("SITE_URL", "https:www.example.org"),
    ("SITE_URL", "https://www.example.org/sub"),
    ("SITE_URL", "https://www.example.org?a=b"),
    ("SITE_URL", "https://user@www.example.org"),
    ("SITE_URL", "https://www example.org"),
    ("SITE_URL", "https://www.example.org:https"),
    ("SITE_URL", "https://[bad"),
    ("SITE_PROFILES", "https://social.example/@alarm, social.example/@room"),
    ("SITE_PROFILES", "https://"),
    ("MAIL_DOMAIN", "https://example.org"),
    ("MAIL_DOMAIN", ""),
    *((name, value) for name in SMTP_URLS for value in ("", "smtp.example.org:587", "smtp://")),
    *((name, value) for name in SMTP_URLS for value in ("http://smtp.example.org", "smtp://[bad")),
    ("SMTP_URL", "smtp+tls://user:pass#word@smtp.example.org:587"),
    ("DATABASE_URL", ""),
    ("DATABASE_URL", "foo"),
    ("DATABASE_URL", "mongo://x"),
    ("DATABASE_URL", "postgres://localhost"),
    ("DATABASE_URL", "postgres://localhost:port/alarmroom"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite://:memory:"),
    ("DATABASE_URL", "sqlite://alarmroom.sqlite3"),
    ("TIME_ZONE", "Nowhere"),
    ("TIME_ZONE", "America"),
    ("TIME_ZONE", ""),
    ("LOG_LEVEL", "LOUD"),
    ("BULK_BACKEND", "nowhere"),
    *(("BULK_OPTIONS", value) for value in ("", "key", "[]", '"key"', '{"key"', "1")),
    ("DELIVERY_RECIPIENTS_PER_CALL", "1001"),
    ("TASKS_BACKEND", "nowhere"),
    ("TASKS_BACKEND", "no.where.Backend"),
    ("TASKS_BACKEND", ""),
    *(
        ("TASKS_BROKER_URL", value)
        for value in ("", "localhost:6379", "amqp://localhost", "redis://", "redis://host/queue")
    ),
    ("DATA_DIR", "/dev/null/data"),
    ("DATA_DIR", ""),
    ("KEPT_PAGES_ROOT", ""),
    ("ENV_FILE", "/dev/null/env"),
]
WRONG_FOR_GUNICORN = [
    *((name, value) for name in ("WEB_THREADS", "WEB_CONCURRENCY") for value in ("abc", "", "0")),
    ("PORT", "eighty"),
    ("HOST", ""),
    ("HOST", "http://localhost"),
]


@pytest.mark.parametrize(
    ("name", "value", "file"),
    [
        *((*case, "alarmroom/settings.py") for case in WRONG),
        *((*case, "gunicorn.conf.py") for case in WRONG_FOR_GUNICORN),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_value_is_refused_in_one_line(
    name: str, value: str, file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = refusal(monkeypatch, {**environment(str(tmp_path)), name: value}, file)
    assert len(lines) == 1
    assert lines[0].startswith(f"{name} ")
    assert ": set it to " in lines[0]


@pytest.mark.parametrize(
    ("given", "lease"),
    [
        ({}, 300),
        ({"SMTP_TIMEOUT": "5"}, 300),
        ({"SMTP_TIMEOUT": "5", "DELIVERY_LEASE_SECONDS": "40"}, 40),
        ({"SMTP_TIMEOUT": "60"}, 480),
        ({"SMTP_TIMEOUT": "60", "DELIVERY_LEASE_SECONDS": "480"}, 480),
        ({"SMTP_TIMEOUT": "3600"}, 28800),
    ],
)
def test_the_lease_is_at_least_eight_timeouts(
    given: dict[str, str], lease: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = settings(monkeypatch, environment(str(tmp_path), **given))
    assert found["DELIVERY_LEASE_SECONDS"] == lease


@pytest.mark.parametrize(
    ("timeout", "lease", "least"), [("30", "30", 240), ("60", "300", 480), ("1", "7", 8)]
)
def test_a_lease_shorter_than_eight_timeouts_is_refused(
    timeout: str, lease: str, least: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env = environment(str(tmp_path), SMTP_TIMEOUT=timeout, DELIVERY_LEASE_SECONDS=lease)
    [line] = refusal(monkeypatch, env)
    assert line.startswith(f"DELIVERY_LEASE_SECONDS is '{lease}': set it to")
    assert f"from {least} on" in line
    assert "at least eight times SMTP_TIMEOUT" in line


def test_celery_is_a_choice_of_the_settings_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "OPTIONS" not in settings(monkeypatch, environment(str(tmp_path)))["TASKS"]["default"]
    given = {
        "TASKS_BACKEND": "alarmroom.celery.CeleryBackend",
        "TASKS_BROKER_URL": "rediss://:pa%2Fss@redis.example.org:6380/3",
    }
    found = settings(monkeypatch, environment(str(tmp_path), **given))["TASKS"]["default"]
    assert found["OPTIONS"] == {"broker_url": given["TASKS_BROKER_URL"], "redeliver_after": 320}
    # Where it is not installed, one line says so.
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "celery" else there(name)
    )
    [line] = refusal(monkeypatch, environment(str(tmp_path), **given))
    assert line.startswith("TASKS_BACKEND needs Celery, which is not there: set it to")


def test_no_variable_is_read_without_a_check() -> None:
    tried = {name for name, _ in (*WRONG, *WRONG_FOR_GUNICORN)}
    assert tried | FREE_TEXT == variables_that_are_read()


@pytest.mark.parametrize("command", [["manage.py", "check"], ["-m", "gunicorn", "alarmroom.wsgi"]])
def test_all_wrong_values_are_reported_at_once(command: list[str], tmp_path: Path) -> None:
    env = environment(
        str(tmp_path),
        SMTP_TIMEOUT="abc",
        DATABASE_URL="foo",
        SITE_URL="https://[bad",
        POSTAL_ADDRESS="",
    )
    done = python(*command, env=env)
    assert done.returncode != 0
    names = [line.split()[0] for line in done.stderr.splitlines()]
    assert names == ["SITE_URL", "DATABASE_URL", "SMTP_TIMEOUT", "POSTAL_ADDRESS"]
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://user:s3cret@localhost/alarmroom"),
        ("DATABASE_URL", "postgres://user:s3cret@localhost:port/alarmroom"),
        ("SMTP_URL", "smtp+tls://user:s3cret#@smtp.example.org:587"),
        ("SMTP_URL", "smtps://user:s3cret@smtp.example.org"),
        ("TASKS_BROKER_URL", "amqp://user:s3cret@localhost"),
        ("BULK_OPTIONS", '{"api_key": "s3cret"'),
    ],
)
def test_an_error_message_does_not_contain_the_password(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [line] = refusal(monkeypatch, {**environment(str(tmp_path)), name: value})
    assert "s3cret" not in line


# Valid values


@pytest.mark.parametrize(
    ("name", "value", "setting", "becomes"),
    [
        ("DEBUG", "Off", "DEBUG", False),
        ("BEHIND_TLS_PROXY", "yes", "SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")),
        # A proxy that terminates TLS also gives the client's address.
        ("BEHIND_TLS_PROXY", "on", "TRUSTED_PROXIES", 1),
        ("BEHIND_TLS_PROXY", "off", "TRUSTED_PROXIES", 0),
        # The limit of a network is at most that of the site.
        ("SIGN_UPS_PER_HOUR", "20", "SIGN_UPS_PER_HOUR_AND_NETWORK", 20),
        ("KEPT_PAGES_SECONDS", " 0", "KEPT_PAGES_SECONDS", 0),
        ("SITE_URL", "https://www.example.org/", "SITE_URL", "https://www.example.org"),
        ("SITE_URL", "https://[::1]:8443", "SITE_HOST", "::1"),
        ("ALLOWED_HOSTS", ".example.org, [::1],", "ALLOWED_HOSTS", [".example.org", "[::1]"]),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS", ["*"]),
        ("SECRET_KEY", f"${SECRET_KEY} ", "SECRET_KEY", f"${SECRET_KEY}"),
        ("ADMINS", "", "ADMINS", []),
        ("ADMINS", "Ops <ops@example.org>", "ADMINS", ["Ops <ops@example.org>"]),
        (
            "CFBL_ADDRESS",
            "fbl@example.org; report=arf",
            "CFBL_ADDRESS",
            "fbl@example.org; report=arf",
        ),
        ("DEFAULT_FROM_EMAIL", "hello@example.org", "DEFAULT_FROM_EMAIL", "hello@example.org"),
    ],
)
def test_valid_values_are_parsed(
    name: str,
    value: str,
    setting: str,
    becomes: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    env = environment(str(tmp_path))
    del env["TRUSTED_PROXIES"]  # Its default is asked for above.
    found = settings(monkeypatch, {**env, name: value})
    assert found[setting] == becomes


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("smtp://localhost", ("localhost", 25, "", "", False, False)),
        (
            "smtp+tls://u:p%40ss@smtp.example.org",
            ("smtp.example.org", 587, "u", "p@ss", True, False),
        ),
        ("smtp+ssl://smtp.example.org:4650", ("smtp.example.org", 4650, "", "", False, True)),
    ],
)
def test_the_url_of_a_mail_server_is_parsed(
    url: str, options: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = settings(monkeypatch, {**environment(str(tmp_path)), "SMTP_URL": url})
    parts = ("host", "port", "username", "password", "use_tls", "use_ssl")
    assert tuple(found["MAILERS"]["default"]["OPTIONS"][part] for part in parts) == options


@pytest.mark.parametrize(
    ("url", "name", "host"),
    [
        ("sqlite:////srv/alarmroom/a.sqlite3", "/srv/alarmroom/a.sqlite3", ""),
        ("sqlite:///a.sqlite3", "a.sqlite3", ""),
        (
            "postgres://user:p%40ss@localhost:5432/alarmroom?sslmode=require",
            "alarmroom",
            "localhost",
        ),
        ("postgresql:///alarmroom?host=/run/postgresql", "alarmroom", ""),
    ],
)
def test_the_url_of_a_database_is_parsed(
    url: str, name: str, host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = settings(monkeypatch, {**environment(str(tmp_path)), "DATABASE_URL": url})
    database = found["DATABASES"]["default"]
    assert (database["NAME"], database["HOST"]) == (name, host)


def test_gunicorn_reads_the_same_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("HOST=[::]\nPORT=8001\nWEB_CONCURRENCY=3\nWEB_THREADS=2\n")
    found = settings(monkeypatch, {"ENV_FILE": str(file)}, "gunicorn.conf.py")
    assert found["bind"] == ["[::]:8001"]
    assert (found["workers"], found["threads"]) == (3, 2)


def test_gunicorn_starts_two_workers_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert settings(monkeypatch, {"ENV_FILE": ""}, "gunicorn.conf.py")["workers"] == 2


def test_objects_loaded_before_forking_are_frozen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = settings(monkeypatch, {"ENV_FILE": ""}, "gunicorn.conf.py")
    try:
        alive = len(gc.get_objects())
        found["when_ready"](None)
        assert gc.get_freeze_count() > alive / 2
    finally:
        gc.unfreeze()
