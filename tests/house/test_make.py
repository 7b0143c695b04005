"""`make` before .venv exists: which Python it uses, and its message if there is none."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ROOT


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with the files that `make` reads before it makes .venv, readable by everybody."""
    made = Path(tempfile.mkdtemp(prefix="alarmroom-make-"))
    made.chmod(0o755)
    for name in ("Makefile", "requirements-dev.txt"):
        shutil.copy(ROOT / name, made)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def make(folder: Path, *arguments: str, **changes: Any) -> "subprocess.CompletedProcess[str]":
    # The variables of the make that runs the tests must not be inherited.
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        **changes,
    )


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def old_python(folder: Path) -> str:
    pretend = "import sys; sys.version_info = (3, 11, 9); exec(sys.argv.pop(1))"
    return program(folder / "old", f'shift; exec {sys.executable} -c "{pretend}" "$@"')


def test_help_is_the_default_and_lists_every_command(folder: Path) -> None:
    said = make(folder).stdout
    for command in ("help", "run", "test", "check", "bench", "audit", "format", "lock"):
        assert f"  make {command} " in said


def test_a_shim_that_does_not_run_and_an_old_python_are_skipped(folder: Path) -> None:
    shim = program(folder / "shim", "echo 'command not found' >&2; exit 127")
    old = old_python(folder)
    plan = make(folder, "-n", "run", f"PYTHONS={shim} {old} {sys.executable}")
    assert f"{sys.executable} -m venv" in plan.stdout


def test_only_the_first_run_sets_up(folder: Path) -> None:
    log = folder / "log"
    written = f'echo "$@" >> {log}'
    python = program(
        folder / "python",
        f"""{written}
case "$*" in
    *venv\\ --clear*) mkdir -p .venv/bin; printf '#!/bin/sh\n%s\n' '{written}' > .venv/bin/python
        chmod +x .venv/bin/python ;;
esac""",
    )
    start = ["-m alarmroom.development.bootstrap", "manage.py develop"]

    def run() -> list[str]:
        log.write_text("")
        done = make(folder, "run", f"PYTHON={python}")
        assert done.returncode == 0, done.stderr
        return log.read_text().splitlines()

    first = run()
    assert "-m venv --clear .venv" in first
    assert any("pip install" in line and "requirements-dev.txt" in line for line in first)
    assert first[-2:] == start
    assert run() == start
    # With other packages, .venv is made again.
    later = (folder / ".venv" / "ready").stat().st_mtime + 10
    os.utime(folder / "requirements-dev.txt", (later, later))
    assert "-m venv --clear .venv" in run()


def test_no_python_at_all_is_one_clear_line(folder: Path) -> None:
    done = make(folder, "run", "PYTHONS=/nowhere/python3.13 /nowhere/python3")
    assert done.returncode != 0
    first, *rest = done.stderr.splitlines()
    assert first.startswith("Python 3.12 or newer is needed")
    assert "/nowhere/python3.13" in first
    assert all(line.startswith("make: ***") for line in rest)


def test_a_python_that_is_too_old_is_refused_even_when_it_is_named(folder: Path) -> None:
    old = old_python(folder)
    done = make(folder, "run", f"PYTHON={old}")
    assert done.returncode != 0
    assert done.stderr.startswith(f"{old} is too old: Python 3.12 or newer is needed.\n")
    assert not (folder / ".venv").exists()


def test_a_folder_that_cannot_be_written_is_one_clear_line(folder: Path) -> None:
    folder.chmod(0o555)
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # Root can write everywhere, so become another user.
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    done = make(folder, "run", **user)
    assert done.returncode != 0
    assert done.stderr.startswith(f"{folder} cannot be written: make it writable")


# What a submission must pass

TOOLS = {
    "ruff": ["format --check", "check ."],
    "djade": ["--check"],
    "mypy": [""],
    "lint-imports": [""],
    "python": ["check --deploy --fail-level WARNING", "makemigrations --check"],
}


@pytest.mark.parametrize(
    ("tool", "told"), [(tool, told) for tool, tolds in TOOLS.items() for told in tolds]
)
def test_a_fault_that_any_tool_finds_fails_the_check(folder: Path, tool: str, told: str) -> None:
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name in TOOLS:
        program(tools / name, "exit 0")
    (folder / "templates").mkdir()
    (folder / "templates" / "page.html").touch()
    (folder / ".venv" / "ready").touch()
    assert make(folder, "check").returncode == 0
    program(tools / tool, f'case "$*" in *"{told}"*) exit 1 ;; esac')
    assert make(folder, "check").returncode != 0


@pytest.mark.parametrize("failing", ["check", "test", None])
def test_a_submission_that_fails_a_check_or_a_test_is_refused(
    folder: Path, failing: str | None
) -> None:
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci")
    stubs = folder / "stubs"
    stubs.mkdir()
    log = folder / "log"
    for name in ("chromium", "initdb", "smtp-sink", "nginx", "spamassassin", "apt-get", "sudo"):
        program(stubs / name, "exit 0")
    program(stubs / "make", f'echo "$1 CI=$CI" >> {log}; [ "$1" != "{failing}" ]')
    path = f"{stubs}:{os.environ['PATH']}"
    done = subprocess.run(
        [folder / ".ci" / "run"], env={"PATH": path}, capture_output=True, check=False
    )
    assert (done.returncode == 0) == (failing is None)
    # A part that is missing fails its tests, where CI is set.
    runs = ["check CI=true", "test CI=true"]
    assert log.read_text().splitlines() == (runs[:1] if failing == "check" else runs)
