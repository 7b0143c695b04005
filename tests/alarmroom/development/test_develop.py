"""`make run`: what it refuses, and its messages."""

import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from alarmroom.management.commands import develop
from tests.helpers import free_ports


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError) as refused:
            develop.check_port_is_free(port, "PORT")
    assert str(refused.value) == f"Port {port} is in use; choose another: PORT={port + 1} make run"


@pytest.mark.parametrize("variable", ["PORT", "SMTP_PORT"])
def test_it_looks_at_both_ports_and_names_the_variable_to_change(
    variable: str, settings: Settings, tmp_path: Path
) -> None:
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path
    settings.PORT, settings.SMTP_PORT = free_ports(2)
    with socket.create_server(("127.0.0.1", getattr(settings, variable))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError) as refused:
            call_command("develop")
    assert str(refused.value) == (
        f"Port {port} is in use; choose another: {variable}={port + 1} make run"
    )


def test_a_port_that_is_free_is_fine_right_after_it_was_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        once.accept()[0].close()
    develop.check_port_is_free(port, "PORT")


def test_a_data_directory_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError) as refused:
        develop.make_data_dir(tmp_path / "file" / "data")
    assert "cannot be written" in str(refused.value)
    assert "DATA_DIR=" in str(refused.value)


def test_it_refuses_to_run_in_production(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="needs DEBUG=on"):
        call_command("develop")
