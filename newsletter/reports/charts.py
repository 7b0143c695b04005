"""Bars and columns as SVG, made on the server.

They need no script, no request and no inline style; print, the dark and forced colours follow the
style sheet (static/css/desk/reports.css). A drawing says nothing that the table beside it does not
say: programs that read aloud are given the table alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

# The drawing of columns, in its own units.
WIDTH, HEIGHT = 720, 56
# What is not nothing is seen.
LEAST = 1.5


def bar(value: float, most: float, kind: str = "") -> SafeString:
    """Return a bar as wide as a number is beside the largest one; nothing for nothing."""
    if value <= 0 or most <= 0:
        return SafeString("")
    width = f"{max(100 * min(value / most, 1), LEAST):.1f}".removesuffix(".0")
    return format_html(
        '<svg class="report-bar{}" viewBox="0 0 100 8" preserveAspectRatio="none" '
        'aria-hidden="true"><rect width="{}" height="8"></rect></svg>',
        f" report-bar--{kind}" if kind else "",
        width,
    )


@dataclass(frozen=True)
class Column:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Columns:
    """A series over time: what a template draws (admin/newsletter/report/_columns.html)."""

    name: str
    kind: str
    total: int
    most: int
    columns: list[Column]
    width: int = WIDTH
    height: int = HEIGHT


def columns(name: str, values: Sequence[int], places: int, kind: str = "") -> Columns:
    """Draw numbers one beside the other, on so many places. Each series has its own scale."""
    most = max(values, default=0)
    step = WIDTH / max(places, 1)
    drawn = []
    for at, value in enumerate(values):
        if value:
            height = max(round(HEIGHT * value / most, 1), LEAST)
            x, y = round(at * step + step * 0.1, 1), round(HEIGHT - height, 1)
            drawn.append(Column(x, y, round(step * 0.8, 1), height))
    return Columns(name, kind, sum(values), most, drawn)
