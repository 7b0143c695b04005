"""The supervisor: it never leaves a process running."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress

import pytest

from tests.helpers import PATIENCE, start

# A child that starts a child of its own and takes time to stop.
FAMILY = (
    "import subprocess, sys, time; subprocess.Popen(['sleep', '300']); print('up'); time.sleep(300)"
)

DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up'); time.sleep(300)"
)


def supervise(commands: dict[str, list[str]], *, patience: float = 1) -> "subprocess.Popen[str]":
    program = textwrap.dedent(
        f"""
        import sys
        from alarmroom.development import supervisor
        supervisor.STOP_SECONDS = {patience}
        sys.exit(0 if supervisor.Supervisor({commands!r}).run() else 1)
        """
    )
    return start(
        "-c",
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "MARK": str(os.getpid())},
    )


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"{text!r} was never said:\n{said}")


def group_is_empty(group: int) -> bool:
    for _ in range(10 * PATIENCE):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def children(process: "subprocess.Popen[str]") -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    return [int(pid) for pid in listed.stdout.split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_every_child_and_what_it_started(number: signal.Signals) -> None:
    process = supervise({"one": [sys.executable, "-c", FAMILY], "two": ["sleep", "300"]})
    said = read_until(process, "one | up")
    groups = children(process)
    assert len(groups) == 2
    process.send_signal(number)
    said += process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert all(group_is_empty(group) for group in groups)


def test_a_child_that_ignores_the_signal_is_ended() -> None:
    process = supervise({"deaf": [sys.executable, "-c", DEAF]})
    read_until(process, "deaf | up")
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=PATIENCE)[0]
    assert "deaf does not stop" in said
    assert process.returncode == 0


def test_a_second_signal_kills_every_child_at_once() -> None:
    process = supervise({"deaf": [sys.executable, "-c", DEAF]}, patience=300)
    read_until(process, "deaf | up")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    # Two signals that come before the first is looked at are one.
    for _ in range(PATIENCE):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
            break
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_a_child_that_dies_is_named_and_the_others_are_stopped() -> None:
    process = supervise(
        {
            "long": ["sleep", "300"],
            "short": [sys.executable, "-c", "import sys; print('oh'); sys.exit(3)"],
        }
    )
    said = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 1
    assert "short | oh" in said
    assert "short ended by itself (exit code 3); stopping the rest." in said
