"""A sane production environment, for what must be checked under production settings.

`python -m tests.production manage.py check --deploy` runs a command in it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping

SECRET_KEY = "for-checking-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2


def environment(data_dir: str, **changes: str) -> dict[str, str]:
    """Return the variables of a production machine, with changes."""
    inherited = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "CI") if name in os.environ
    }
    production: Mapping[str, str] = {
        "ENV_FILE": "",
        "SECRET_KEY": SECRET_KEY,
        "ALLOWED_HOSTS": "www.example.org",
        "SITE_URL": "https://www.example.org",
        "DATA_DIR": data_dir,
        "SMTP_URL": "smtp+tls://user:password@smtp.example.org:587",
        "BULK_SMTP_URL": "smtp+tls://user:password@bulk.example.org:587",
        "POSTAL_ADDRESS": "The Alarm Room, 100 Main Street, Springfield, IL 62701, USA",
    }
    return {**inherited, **production, **changes}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as data_dir:
        done = subprocess.run(
            [sys.executable, *sys.argv[1:]], env=environment(data_dir), check=False
        )
    sys.exit(done.returncode)
