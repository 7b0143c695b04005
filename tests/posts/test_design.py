"""What the style sheets promise and no page shows by itself."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from alarmroom.staticfiles import JOINED, joined

CSS = Path(settings.BASE_DIR) / "static" / "css"


def declarations(text: str) -> dict[str, str]:
    return {
        name: " ".join(value.split()) for name, value in re.findall(r"([\w-]+):\s*([^;]+);", text)
    }


def test_the_dark_is_the_same_whoever_asks_for_it() -> None:
    text = (CSS / "site" / "tokens.css").read_text()
    device = re.search(r':root:not\(\[data-theme="light"\]\) \{(.*?)\}', text, re.DOTALL)
    switch = re.search(r':root\[data-theme="dark"\] \{(.*?)\}', text, re.DOTALL)
    assert device
    assert switch
    assert declarations(device[1]) == declarations(switch[1])
    assert declarations(device[1])["color-scheme"] == "dark"


def test_everything_a_page_needs_is_in_the_joined_sheet_and_script() -> None:
    sheet, script = joined("css/site.css"), joined("js/site.js")
    assert "--paper:" in sheet
    assert ".prose blockquote" in sheet
    assert "@media print" in sheet
    assert "/*" not in sheet
    assert script.count("{\n") > 3
    assert "navigator.share" in script
    assert "IntersectionObserver" in script


@pytest.mark.parametrize("path", JOINED)
def test_a_joined_file_is_found_and_made_anew_when_a_part_changes(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = finders.find(path)
    assert found
    assert Path(found).read_text() == joined(path)


@pytest.mark.parametrize("path", JOINED)
def test_no_part_imports_another(path: str) -> None:
    assert not re.search(r"^\s*(import|export)\b|@import", joined(path), re.MULTILINE)


def test_nothing_that_a_reader_loads_comes_from_elsewhere() -> None:
    for path in JOINED:
        assert not re.search(r"https?:(?!//www\.w3\.org)", joined(path))
        assert "url(" not in joined(path)
