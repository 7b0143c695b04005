"""Light or dark before the first paint: a few lines in the page itself, allowed by their hash.

As a file of their own they would be one more thing that a phone waits for before it paints
(docs/decisions/one-sheet-one-script.md). The policy names the hash of exactly these bytes
(https://www.w3.org/TR/CSP3/#grammardef-hash-source), so nothing else inline ever runs.
"""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

# Without the comments, which are for us.
SCRIPT = re.sub(
    r"^ *//.*\n|\s+// .*$",
    "",
    (Path(__file__).resolve().parent.parent / "static/js/theme.js").read_text("utf-8"),
    flags=re.MULTILINE,
).strip()
CSP_SOURCE = f"'sha256-{b64encode(sha256(SCRIPT.encode()).digest()).decode()}'"
