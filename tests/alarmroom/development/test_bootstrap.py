"""The first start writes a `.env`, and later starts do not change it."""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alarmroom.development import bootstrap
from alarmroom.development.bootstrap import write_env
from tests.helpers import python


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


@pytest.fixture
def copy() -> Iterator[Path]:
    """A read-only folder with the files that the first start needs."""
    made = Path(tempfile.mkdtemp(prefix="alarmroom-bootstrap-"))
    room = made / "alarmroom" / "development"
    room.mkdir(parents=True)
    for package in (room.parent, room):
        (package / "__init__.py").touch()
    shutil.copy(bootstrap.__file__, room)
    made.chmod(0o555)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def test_a_read_only_project_is_one_line_with_the_way_out(copy: Path) -> None:
    start = "import runpy; runpy.run_module('alarmroom.development.bootstrap', run_name='__main__')"
    if (
        os.geteuid() == 0
    ):  # Root can write everywhere, so change the user, after importing what it cannot read.
        nobody = pwd.getpwnam("nobody")
        start = (
            "import os, runpy, secrets, pathlib; os.setgroups([]); "
            f"os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid}); {start}"
        )
    done = python("-B", "-c", start, cwd=copy)
    assert done.returncode != 0
    assert done.stderr == (
        f"{copy.resolve() / '.env'} cannot be written (Permission denied): "
        "make its folder writable.\n"
    )
