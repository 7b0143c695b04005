"""What the template of a list needs: its cells, with the names of their columns."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()

# What Django writes into a cell without a value.
SAY_NOTHING = frozenset({"", "-", "&nbsp;"})


@register.simple_tag
def named_cells(result: Any, headers: list[dict[str, Any]], heading: str = "") -> SafeString:
    """Return the cells of a row as Django made them, each with the name of its column.

    On a phone the row is a card, and the name stands before the value; a cell that says nothing is
    left out there. The cell of the column `heading` becomes the heading of the row.
    """
    cells = []
    for cell, header in zip(result, headers, strict=False):
        words = header["text"] if header["class_attrib"] else ""
        name = "" if "action-checkbox" in header["class_attrib"] else escape(capfirst(str(words)))
        if heading and cell.startswith(f'<td class="field-{heading}"'):
            cell = f'<th scope="row"{cell.removeprefix("<td").removesuffix("</td>")}</th>'
        tag = cell[:3]  # <td or <th
        says = cell.partition(">")[2].rpartition("</")[0].strip()
        none = " data-none" if says in SAY_NOTHING else ""
        cells.append(f'{tag} data-name="{name}"{none}{cell[3:]}')
    return mark_safe("".join(cells))  # noqa: S308  (Django's own cells, and an escaped name)
