"""One block, or a line of text, with the words that changed in `<ins>` and `<del>`."""

from __future__ import annotations

from html import escape

from alarmroom.desk.comparing import blocks, pairs, sequences
from alarmroom.desk.comparing.blocks import Element, element
from alarmroom.desk.comparing.markup import SPACE
from alarmroom.desk.comparing.sequences import Effort
from alarmroom.desk.comparing.tokens import Numbers, html_tokens, text_tokens
from alarmroom.desk.comparing.wording import Op, changed, written

# So much of the steps may go into one block, so that a long one leaves some for the others.
MOST_FOR_ONE = 400_000
# Lists in lists in tables: what is nested deeper is shown as replaced, whole.
DEEPEST = 10


def marked(before: str, after: str, effort: Effort | None = None) -> str:
    """Return the HTML of a block with what changed marked.

    A word with another format, and a picture with another address or alt text, is a change. The
    marks are never around a tag of a block, other than `<hr>`: in an added list, the words of each
    item are marked. Without the `<ins>` elements, and with what is in the `<del>` elements, it
    reads like `before`; the other way round like `after`.
    """
    return _blocks(blocks.split(before), blocks.split(after), effort or Effort(), 0)


def marked_text(before: str, after: str, effort: Effort | None = None) -> str:
    """Return two plain texts as one in HTML, escaped, with what changed marked."""
    if before == after:
        return escape(after)
    numbers = Numbers()
    old, new = text_tokens(before, numbers), text_tokens(after, numbers)
    return written(changed(old, new, _share(effort or Effort())), old, new)


def added(html: str) -> str:
    """Return HTML with all its words, and pictures, in `<ins>`."""
    return _whole(html, Op.INSERTED)


def removed(html: str) -> str:
    """Return HTML with all its words, and pictures, in `<del>`."""
    return _whole(html, Op.DELETED)


def _share(effort: Effort) -> Effort:
    return Effort(min(MOST_FOR_ONE, effort.left))


def _whole(html: str, op: Op) -> str:
    words = html.strip(SPACE)
    if not words:
        return html
    begin = html.index(words[0])
    tokens = html_tokens(words, Numbers())
    size = len(tokens)
    if op is Op.INSERTED:
        text = written([(op, 0, 0, 0, size)], [], tokens)
    else:
        text = written([(op, 0, size, 0, 0)], tokens, [])
    return html[:begin] + text + html[begin + len(words) :]


def _blocks(before: list[str], after: list[str], effort: Effort, depth: int) -> str:
    """Return two lists of blocks as one, marked."""
    out: list[str] = []
    at = 0
    for low, high, start, end in pairs.changes(before, after, effort):
        out += after[at:start]
        at = end
        if high - low == end - start == 1:
            out.append(_pair(before[low], after[start], effort, depth))
        else:
            out += map(removed, before[low:high])
            out += map(added, after[start:end])
    return "".join(out + after[at:])


def _pair(before: str, after: str, effort: Effort, depth: int) -> str:
    old, new = element(before), element(after)
    if old is None and new is None:
        return _line(before, after, effort)
    if not _same_kind(old, new) or old is None or new is None:
        return removed(before) + added(after)
    if blocks.holds_blocks(old.inner) or blocks.holds_blocks(new.inner):
        if depth == DEEPEST or not effort.left:
            return removed(before) + added(after)
        # On each level, all that is in it is read again.
        effort.spend((len(old.inner) + len(new.inner)) // sequences.CHARACTERS)
        inner = _blocks(blocks.split(old.inner), blocks.split(new.inner), effort, depth + 1)
    elif old.name == "hr":
        inner = ""
    else:
        inner = _line(old.inner, new.inner, effort, pre=old.name == "pre")
    return f"{new.before}{new.opening}{inner}{_closing(new)}{new.after}"


def _same_kind(old: Element | None, new: Element | None) -> bool:
    return old is not None and new is not None and old.opening == new.opening


def _closing(parts: Element) -> str:
    return parts.closing or ("" if parts.name == "hr" else f"</{parts.name}>")


def _line(before: str, after: str, effort: Effort, *, pre: bool = False) -> str:
    """Return the words of one block, marked."""
    numbers = Numbers()
    old, new = html_tokens(before, numbers, pre=pre), html_tokens(after, numbers, pre=pre)
    own = _share(effort)
    ops = changed(old, new, own)
    effort.spend(own.spent)
    return written(ops, old, new)
