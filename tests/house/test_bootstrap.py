"""The first start writes a `.env`; no later one touches it."""

import stat
from pathlib import Path

import pytest

from alarmroom.bootstrap import write_env


def test_the_first_start_writes_a_development_env_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert write_env(path) is True
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = path.read_text().splitlines()
    assert "DEBUG=on" in lines
    key = next(line for line in lines if line.startswith("SECRET_KEY="))
    assert len(key) > len("SECRET_KEY=") + 50


def test_an_existing_env_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("DEBUG=off\n")
    assert write_env(path) is False
    assert path.read_text() == "DEBUG=off\n"


def test_two_machines_get_different_keys(tmp_path: Path) -> None:
    write_env(tmp_path / "one")
    write_env(tmp_path / "two")
    assert (tmp_path / "one").read_text() != (tmp_path / "two").read_text()


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_env(tmp_path / "missing" / ".env")
