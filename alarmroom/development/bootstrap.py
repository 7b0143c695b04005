"""Writes `.env` at the first `make run` on a development machine, before the settings are read.

It never overwrites a file and does not import Django.
"""

import os
import secrets
import sys
from pathlib import Path

ENV_FILE = Path(__file__).resolve().parents[2] / ".env"
TEMPLATE = """\
# Written by the first `make run`, for development only. `.env.example` explains every variable.
DEBUG=on
SECRET_KEY={secret_key}
"""


def write_env(path: Path) -> bool:
    """Write a development `.env` that only its owner can read; return False if there is one.

    Raises OSError when the folder cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(TEMPLATE.format(secret_key=secrets.token_urlsafe(48)))
    return True


if __name__ == "__main__":
    try:
        write_env(ENV_FILE)
    except OSError as error:
        sys.exit(f"{ENV_FILE} cannot be written ({error.strerror}): make its folder writable.")
