"""Sets the environment of the tests before the settings are read (see addopts in pyproject.toml).

Of the machine's environment only DATABASE_URL and DATA_DIR are used. `.env` is not read, and
without DATA_DIR the run gets a temporary data directory.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ["ENV_FILE"] = ""
os.environ["DEBUG"] = "on"
os.environ["LOG_LEVEL"] = "WARNING"
# Nothing is stored behind a test's back: what was counted is stored when a test says so.
os.environ["BUFFER_SECONDS"] = "0"

if "DATA_DIR" not in os.environ:
    # Child processes and xdist's workers inherit it. Only the process that made it removes it.
    made = tempfile.mkdtemp(prefix="alarmroom-test-")
    os.environ["DATA_DIR"] = made
    atexit.register(shutil.rmtree, made, ignore_errors=True)
# WhiteNoise warns when the folder of collected files is missing.
(Path(os.environ["DATA_DIR"]) / "static").mkdir(parents=True, exist_ok=True)
