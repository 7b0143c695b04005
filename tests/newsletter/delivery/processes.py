"""Starts real worker processes on the database of the test."""

import os
import subprocess

from django.conf import settings
from django.db import connection

from tests.helpers import start


def database_url() -> str:
    """Return the DATABASE_URL of the database this test runs on."""
    config = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{config['NAME']}"
    password = f":{config['PASSWORD']}" if config["PASSWORD"] else ""
    port = f":{config['PORT']}" if config["PORT"] else ""
    return f"postgres://{config['USER']}{password}@{config['HOST']}{port}/{config['NAME']}".replace(
        "@/", "@//"
    )


def manage(*arguments: str, smtp_port: int, **environment: str) -> "subprocess.Popen[bytes]":
    """Start `manage.py` with these arguments on the test's database and mail server."""
    return start(
        "manage.py",
        *arguments,
        env={
            **os.environ,
            "DEBUG": "on",
            "DATA_DIR": str(settings.DATA_DIR),
            "DATABASE_URL": database_url(),
            "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            **environment,
        },
    )
