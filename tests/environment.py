"""What the tests run under, said before the settings are read (see addopts in pyproject.toml).

Nothing of the machine gets in but DATABASE_URL and DATA_DIR: no `.env`, and a data
directory of the run's own unless one is named.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ["ENV_FILE"] = ""
os.environ["DEBUG"] = "on"
os.environ["LOG_LEVEL"] = "WARNING"

if "DATA_DIR" not in os.environ:
    # Processes that tests start, and xdist's workers, inherit it; only its maker removes it.
    made = tempfile.mkdtemp(prefix="alarmroom-test-")
    os.environ["DATA_DIR"] = made
    atexit.register(shutil.rmtree, made, ignore_errors=True)
# WhiteNoise warns when the folder of collected files is missing.
(Path(os.environ["DATA_DIR"]) / "static").mkdir(parents=True, exist_ok=True)
