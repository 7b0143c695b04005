"""Content negotiation: whether a browser has this version already, and the compression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

# Headers that describe a body, which a 304 does not have.
OF_BODY = ("Content-Type", "Content-Length", "Content-Encoding")


def is_known(environ: Mapping[str, Any], tag: str, modified: str | None) -> bool:
    """Return whether the browser has this version of a page already (RFC 9110 13.2.2).

    Tags are compared weakly (13.1.2), whatever the compression. A date alone counts only if it
    is exactly the page's: when an article is withdrawn, a list's date goes back, so an earlier
    date may belong to a newer version. RFC 9110 13.1.3 allows that.
    """
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        return tag.removeprefix("W/") in known or known.strip() == "*"
    return modified is not None and environ.get("HTTP_IF_MODIFIED_SINCE") == modified


@lru_cache(maxsize=256)
def preferred(accepted: str) -> str:
    """Return the content coding to use: "br", "gzip", or "" for none (RFC 9110 12.5.3)."""
    if not accepted:
        return ""
    weights = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        match = re.fullmatch(r"\s*q=([01](?:\.[0-9]{0,3})?)\s*", weight)
        weights[name.strip()] = float(match[1]) if match else 1.0
    # max() returns the first of equal ones: "br" is smaller than "gzip".
    best = max(("br", "gzip"), key=lambda coding: weights.get(coding, 0.0))
    return best if weights.get(best, 0.0) else ""
