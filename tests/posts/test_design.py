"""Rules of the style sheets and scripts that no page test covers."""

import os
import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from pytest_django.fixtures import Settings

from alarmroom.staticfiles import JOINED, JoinedFilesFinder, joined

CSS = Path(django_settings.BASE_DIR) / "static" / "css"


def declarations(text: str) -> dict[str, str]:
    return {
        name: " ".join(value.split()) for name, value in re.findall(r"([\w-]+):\s*([^;]+);", text)
    }


def test_the_dark_colours_are_equal_for_device_and_switch() -> None:
    text = (CSS / "site" / "tokens.css").read_text()
    device = re.search(r':root:not\(\[data-theme="light"\]\) \{(.*?)\}', text, re.DOTALL)
    switch = re.search(r':root\[data-theme="dark"\] \{(.*?)\}', text, re.DOTALL)
    assert device
    assert switch
    assert declarations(device[1]) == declarations(switch[1])
    assert declarations(device[1])["color-scheme"] == "dark"


def test_the_joined_style_sheet_and_script_hold_every_part() -> None:
    sheet, script = joined("css/site.css"), joined("js/site.js")
    assert "--paper:" in sheet
    assert ".prose blockquote" in sheet
    assert "@media print" in sheet
    assert "/*" not in sheet
    assert script.count("{\n") > 3
    assert "navigator.share" in script
    assert "IntersectionObserver" in script


@pytest.mark.parametrize("path", JOINED)
def test_a_joined_file_is_found(path: str) -> None:
    found = finders.find(path)
    assert found
    assert Path(found).read_text() == joined(path)


@pytest.mark.parametrize("path", JOINED)
def test_a_joined_file_is_made_again_only_when_a_part_is_newer(
    path: str, tmp_path: Path, settings: Settings
) -> None:
    settings.JOINED_ROOT = tmp_path
    finder = JoinedFilesFinder()
    file = Path(finder.find(path))
    file.write_text("changed")
    finder.find(path)
    assert file.read_text() == "changed"
    os.utime(file, (0, 0))
    finder.find(path)
    assert file.read_text() == joined(path)


@pytest.mark.parametrize("path", JOINED)
def test_no_joined_file_contains_an_import(path: str) -> None:
    assert not re.search(r"^\s*(import|export)\b|@import", joined(path), re.MULTILINE)


def test_joined_files_load_nothing_from_other_hosts() -> None:
    for path in JOINED:
        assert not re.search(r"https?:(?!//www\.w3\.org)", joined(path))
        assert not re.search(r"url\((?!\"/static/(?:img/editor|font)/)", joined(path))
