"""The tools of the audit: Chromium, Node and Java of the machine, and packages from npm."""

import json
import os
import shutil
import subprocess

from audit.pages import ROOT

# Ignored by git; npm fills it when the audit first runs.
FOLDER = ROOT / "node_modules"
PACKAGES = {"lighthouse": "13.5.0", "vnu-jar": "26.9.27"}
VNU = FOLDER / "vnu-jar" / "build" / "dist" / "vnu.jar"
LIGHTHOUSE = FOLDER / "lighthouse" / "cli" / "index.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Missing(Exception):
    """A tool that the audit needs is not installed; the message says how to install it."""


def program(*names: str, install: str) -> str:
    """Return the path of the first of these programs that is installed, or raise Missing."""
    for name in names:
        if path := shutil.which(name):
            return path
    raise Missing(f"{names[0]} is missing ({install}).")


def chromium() -> str:
    """Return the path of Chromium; CHROME_PATH names another one."""
    return os.environ.get("CHROME_PATH") or program(*BROWSERS, install="apt install chromium")


def node() -> str:
    return program("node", install="Node 20 or newer: apt install nodejs npm")


def java() -> str:
    return program("java", install="Java 17 or newer: apt install default-jre-headless")


def install() -> None:
    """Install the npm packages in the versions of PACKAGES; raises Missing when npm cannot."""
    wanted = [name for name in PACKAGES if installed(name) != PACKAGES[name]]
    if not wanted:
        return
    npm = program("npm", install="apt install npm")
    print(f"Installing {', '.join(wanted)} into {FOLDER.name}/ (once)", flush=True)
    done = subprocess.run(
        [
            npm,
            "install",
            # Without a package.json: the project itself has no JavaScript packages.
            "--no-save",
            "--no-package-lock",
            # The script of vnu-jar would download a Java runtime.
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            f"--prefix={ROOT}",
            *(f"{name}@{version}" for name, version in PACKAGES.items()),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Missing(f"npm could not install {', '.join(wanted)}:\n{done.stderr.strip()}")


def installed(package: str) -> str | None:
    """Return the version of an npm package that is installed."""
    try:
        found = json.loads((FOLDER / package / "package.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    version: str = found["version"]
    return version
