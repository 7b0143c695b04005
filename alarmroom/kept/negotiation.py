"""What a browser gets of a page: nothing anew if it has this version (304), in which coding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

# What a 304 leaves out, because it has no body.
OF_BODY = ("Content-Type", "Content-Length", "Content-Encoding")


def is_known(environ: Mapping[str, Any], tag: str, modified: str | None) -> bool:
    """Return whether whoever asks has this version of a page already (RFC 9110 13.2.2).

    By its tag in whatever coding (the weak comparison of 13.1.2). By its date alone only if
    that is exactly the same one: what is taken away may make it an earlier one, and 13.1.3
    leaves that to us.
    """
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        return tag.removeprefix("W/") in known or known.strip() == "*"
    return modified is not None and environ.get("HTTP_IF_MODIFIED_SINCE") == modified


@lru_cache(maxsize=256)
def preferred(accepted: str) -> str:
    """Return the coding to answer in: "br", "gzip", or "" (RFC 9110 12.5.3)."""
    if not accepted:
        return ""
    weights = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        match = re.fullmatch(r"\s*q=([01](?:\.[0-9]{0,3})?)\s*", weight)
        weights[name.strip()] = float(match[1]) if match else 1.0
    # The smaller of two that are liked as much.
    best = max(("br", "gzip"), key=lambda coding: weights.get(coding, 0.0))
    return best if weights.get(best, 0.0) else ""
