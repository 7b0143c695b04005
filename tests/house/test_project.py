"""Rules for the whole project: its layout, documents, dependencies, deployment and tools."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from django.db import connection

from tests.helpers import ROOT, manage
from tests.production import environment

# The layout


def test_every_path_that_the_documents_name_exists() -> None:
    """A path in backticks with a slash in it must exist, so that documents do not get stale."""
    for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for path in re.findall(r"`([\w.-]+/[\w./-]*)`", document.read_text()):
            found = ROOT / path
            if path.startswith(("var/", "DATA_DIR/", "media/", "private/", "mail/")):
                continue  # Paths that are created on the machine that runs the site.
            assert found.exists(), f"{document.relative_to(ROOT)} names {path}"


def test_every_command_that_the_documents_name_is_one_of_make() -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        named = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
        assert named <= there, document.relative_to(ROOT)


def test_nothing_in_the_repository_names_a_machine() -> None:
    """No home directory, registry or temporary folder of the machine it was written on."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("This copy of the project is not a Git checkout")
    leak = re.compile(r"/r[o]ot/|/home/\w+/|/w[o]rk/|bash_[j]obs")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix in {".py", ".md", ".txt", ".toml", ".html", ""}:
            assert not leak.search(path.read_text(errors="replace")), name


# Dependencies


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_a_lock_file_pins_every_package_by_hash_and_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-|--)", re.sub(r"^    --hash=", "", text, flags=re.M), re.M)
    entries = re.findall(
        r"^(\S+?)==\S+(?: ;[^\\]*)? \\\n((?:    --hash=sha256:\w{64}.*\n)+)", text, re.M
    )
    assert len(entries) == len(re.findall(r"^\w", text, re.M))


def test_the_lock_files_agree_and_cover_the_declared_dependencies() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (ROOT / name).read_text()
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.M))

    runtime, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert runtime.items() <= dev.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for declared, pinned in (
        (project["dependencies"], runtime),
        (project["optional-dependencies"]["dev"], dev),
        (project["optional-dependencies"]["celery"], dev),
    ):
        for requirement in declared:
            name = re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~!; ]", requirement)[0].lower())
            assert name in pinned, f"make lock: {name} is not pinned"


@pytest.mark.postgresql
def test_psycopg_3_is_not_installed_so_django_runs_on_psycopg2() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert not re.search(r"^psycopg(-|\[|=)", (ROOT / name).read_text(), re.M)
    if connection.vendor == "postgresql":
        from django.db.backends.postgresql.psycopg_any import is_psycopg3

        assert not is_psycopg3


# Deployment


@pytest.mark.parametrize(
    ("changes", "checks"),
    [
        (
            {"SITE_URL": "http://localhost", "TRUSTED_PROXIES": "0"},
            {"alarmroom.E001", "alarmroom.W001", "alarmroom.W004"},
        ),
        ({"SITE_URL": "http://www.example.org"}, {"alarmroom.W001", "alarmroom.W005"}),
        (
            {
                "SITE_URL": "https://elsewhere.example.org",
                "BUFFERING_PROXY": "off",
                "POSTAL_ADDRESS": "The Alarm Room, P.O. Box 911, Anytown, USA",
            },
            {"alarmroom.E002", "alarmroom.W002", "alarmroom.W003"},
        ),
    ],
)
def test_the_deployment_check_finds_what_only_production_gets_wrong(
    changes: dict[str, str], checks: set[str], tmp_path: Path
) -> None:
    env = environment(str(tmp_path), **changes)
    done = manage("check", "--deploy", "--fail-level", "WARNING", env=env)
    assert done.returncode != 0
    assert set(re.findall(r"alarmroom\.[EW]\d+", done.stderr)) == checks


def test_development_pages_do_not_exist_in_production(tmp_path: Path) -> None:
    code = (
        "from django.urls import resolve, Resolver404\n"
        "try:\n    print('routed', resolve('/dev/mail/'))\n"
        "except Resolver404:\n    print('not found')\n"
    )
    done = manage("shell", "-v0", "-c", code, env=environment(str(tmp_path)))
    assert done.stdout.strip() == "not found", done.stderr


def test_sqlite_has_each_commit_on_the_disk_before_it_counts(tmp_path: Path) -> None:
    """Otherwise a power cut can undo the record that a mail was sent, and it is sent again."""
    code = (
        "from django.db import connection\n"
        "cursor = connection.cursor()\n"
        "for pragma in ('journal_mode', 'synchronous'):\n"
        "    print(cursor.execute(f'PRAGMA {pragma}').fetchone()[0])\n"
    )
    env = environment(str(tmp_path))
    done = manage("shell", "-v0", "-c", code, env=env)
    # 2 is FULL. In WAL mode, lower levels only sync at a checkpoint (sqlite.org/pragma.html).
    assert done.stdout.split() == ["wal", "2"], done.stderr
    assert (tmp_path / "alarmroom.sqlite3").is_file()
