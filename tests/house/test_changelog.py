"""The changelog: releases with their dates, and lines that are read at a glance."""

import re
import tomllib
from datetime import date
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def test_the_newest_release_is_the_project_s_version_and_has_a_date() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    releases = re.findall(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)$", CHANGELOG, re.M)
    assert releases[0][0] == version
    days = [date.fromisoformat(day) for _, day in releases]
    assert days == sorted(days, reverse=True)


def test_each_change_is_one_short_line() -> None:
    for line in CHANGELOG.splitlines():
        assert line == "" or line.startswith(("#", "- ", "What a reader")), line
        assert len(line) <= 110, line
