"""Checks pages with the Nu HTML checker (the one of validator.w3.org/nu)."""

import json
import subprocess
import tempfile
from pathlib import Path

from audit import tools


def check(pages: dict[str, bytes]) -> dict[str, list[str]]:
    """Return the errors and warnings of each page by its name, from one run of the checker."""
    found: dict[str, list[str]] = {name: [] for name in pages}
    with tempfile.TemporaryDirectory(prefix="alarmroom-vnu-") as folder:
        names = {}
        files = []
        for number, (name, page) in enumerate(pages.items()):
            file = Path(folder) / f"{number}.html"
            file.write_bytes(page)
            files.append(str(file))
            # The checker reports a file as file:/tmp/…, not file:///tmp/….
            names[f"file:{file}"] = name
        done = subprocess.run(
            [
                tools.java(),
                "-jar",
                str(tools.VNU),
                "--format",
                "json",
                "--stdout",
                "--exit-zero-always",
                *files,
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"The HTML checker failed:\n{done.stderr[-2000:]}")
        for message in json.loads(done.stdout)["messages"]:
            # "info" without a subType is less than a warning, but it counts here.
            kind = message.get("subType", message["type"])
            found[names[message["url"]]].append(
                f"{kind}: line {message.get('lastLine', '?')}: {message['message']}: "
                + " ".join(message.get("extract", "").split())
            )
    return found
