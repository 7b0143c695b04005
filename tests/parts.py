"""Programs that some tests need and a laptop may lack: Chromium, Postfix's tools, Redis."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def in_ci() -> bool:
    """Return whether every program must be installed (CI=true)."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing(part: str, install: str) -> NoReturn:
    """Skip the test with a reason; in CI, where every part must be there, fail it."""
    reason = f"{part} is missing ({install})"
    if in_ci():
        pytest.fail(f"{reason}, and with CI=true it must be there.", pytrace=False)
    pytest.skip(reason)


def chromium() -> str:
    """Return the path of a Chromium, or skip the test."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    missing("Chromium", "apt install chromium")


def smtp_sink() -> str:
    """Return the path of Postfix's smtp-sink, or skip the test."""
    path = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
    if Path(path).is_file():
        return path
    missing("smtp-sink", "apt install postfix")


def spamassassin() -> str:
    """Return the path of SpamAssassin, or skip the test."""
    if path := shutil.which("spamassassin"):
        return path
    missing("SpamAssassin", "apt install spamassassin")


def redis_server() -> str:
    """Return the path of redis-server, or skip the test."""
    if path := shutil.which("redis-server"):
        return path
    missing("redis-server", "apt install redis-server")
