"""The inline script that chooses light or dark before the first paint.

A separate file would delay the first paint on a phone (docs/decisions/one-sheet-one-script.md).
The content policy allows the script by the hash of exactly these bytes
(https://www.w3.org/TR/CSP3/#grammardef-hash-source), so no other inline script can run.
"""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

# The text of static/js/theme.js without its comments and its indentation, as a page has it
# (alarmroom/stencil.py).
SCRIPT = re.sub(
    r"^ *//.*\n|\s+// .*$|^\s+",
    "",
    (Path(__file__).resolve().parent.parent / "static/js/theme.js").read_text("utf-8"),
    flags=re.MULTILINE,
).strip()
CSP_SOURCE = f"'sha256-{b64encode(sha256(SCRIPT.encode()).digest()).decode()}'"
