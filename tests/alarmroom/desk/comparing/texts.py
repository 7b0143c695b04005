"""Bodies made by chance, edited by chance, and read by a parser that is not ours.

The same number makes the same texts.
"""

from __future__ import annotations

from html.parser import HTMLParser
from random import Random

WORDS = [
    "call", "line", "unit", "the", "a", "of", "and", "caller’s", "9-1-1", "AT&amp;T", "&lt;b&gt;",
    "naïve&nbsp;so", "救急車",
]  # fmt: skip
VOID = {"br", "hr", "img"}
BLOCKS = {
    "p", "h2", "h3", "h4", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tfoot",
    "tr", "th", "td", "caption", "figure", "figcaption", "pre", "section", "hr",
}  # fmt: skip


def numbers(most: int, each: int = 100) -> list[range]:
    """Return the numbers of texts made by chance, so many for each test."""
    return [range(first, first + each) for first in range(0, most, each)]


def words(random: Random, most: int = 8) -> str:
    return " ".join(random.choice(WORDS) for _ in range(random.randint(1, most)))


def inline(random: Random) -> str:
    """Return words, some of them in elements."""
    parts = []
    for _ in range(random.randint(1, 4)):
        text = words(random)
        parts.append(
            random.choice(
                [
                    text,
                    text,
                    text,
                    f"<strong>{text}</strong>",
                    f"<em>{text} <strong>{text}</strong></em>",
                    f'<a href="/{random.randint(1, 2)}/?a=1&amp;b=&gt;&quot;" title="{text}">x</a>',
                    f"{text}<br>{text}",
                    f'<img src="/{random.randint(1, 3)}.jpg" alt="{text}">',
                ]
            )
        )
    return random.choice(["", " "]).join(parts) + random.choice(["", ".", "?"])


def items(random: Random, name: str) -> str:
    listed = "".join(f"<li>{inline(random)}</li>" for _ in range(random.randint(1, 4)))
    return f"<{name}>{listed}</{name}>"


def some_blocks(random: Random) -> list[str]:
    cells = [f"<td>{random.choice(['', inline(random)])}</td>" for _ in range(4)]
    level = random.randint(2, 4)
    return [
        f"<p>{inline(random)}</p>",
        f"<p>{inline(random)}</p>",
        f"<p>{inline(random)}</p>",
        f"<h{level}>{words(random)}</h{level}>",
        items(random, "ul"),
        f"<ol>\n\t<li>{words(random)}{items(random, 'ul')}</li>\n\t<li>{words(random)}</li>\n</ol>",
        f'<blockquote class="pull"><p>{inline(random)}</p><p>{words(random)}</p></blockquote>',
        f"<table><tbody><tr>{''.join(cells[:2])}</tr><tr>{''.join(cells[2:])}</tr></tbody></table>",
        f'<figure><img src="/{random.randint(1, 4)}.jpg" alt="a &gt; b">'
        f"<figcaption>{words(random)}</figcaption></figure>",
        f"<pre>{words(random)}\n  {words(random)}</pre>",
        "<hr>",
        f'<section class="key"><h3>{words(random)}</h3>{items(random, "ul")}</section>',
    ]


def body(random: Random, most: int = 7) -> list[str]:
    """Return the blocks of a clean body."""
    return [random.choice(some_blocks(random)) for _ in range(random.randint(0, most))]


def joined(blocks: list[str]) -> str:
    return "\n".join(blocks)


def edited(random: Random, blocks: list[str], most: int = 4) -> list[str]:
    """Return the blocks after a few edits."""
    blocks = list(blocks)
    for _ in range(random.randint(0, most)):
        at = random.randint(0, len(blocks))
        act = random.randint(0, 5)
        if act == 0 or at == len(blocks):
            blocks.insert(at, random.choice(some_blocks(random)))
        elif act == 1:
            del blocks[at]
        elif act == 2:
            blocks.insert(random.randint(0, len(blocks) - 1), blocks.pop(at))
        elif act == 3:
            blocks[at] = random.choice(some_blocks(random))
        else:
            blocks[at] = reworded(random, blocks[at])
    return blocks


def reworded(random: Random, text: str) -> str:
    """Return HTML with some words of its texts replaced, put in bold, added or taken out."""
    out = []
    for piece in text.replace("<", "\0<").replace(">", ">\0").split("\0"):
        if piece.startswith("<") or not piece.strip():
            out.append(piece)
            continue
        found = piece.split(" ")
        at = random.randrange(len(found))
        found[at] = random.choice(
            [found[at], random.choice(WORDS), f"<strong>{found[at]}</strong>", f"{found[at]} new"]
        )
        out.append(" ".join(found))
    return "".join(out)


class _Reading(HTMLParser):
    """Each letter and picture with the elements around it; `left_out` is an element to ignore."""

    def __init__(self, left_out: str) -> None:
        super().__init__(convert_charrefs=False)
        self.left_out = left_out
        self.stack: list[tuple[str, str, int]] = []
        self.found: list[object] = []
        self.count = 0
        self.spaced = False
        self.in_block: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in VOID:
            self._add(self.get_starttag_text() or "")
            if tag == "hr" and not self._is_left_out():
                self.in_block = [("hr", 0)]  # White space behind it is not seen.
            return
        self.count += 1
        self.stack.append((tag, self.get_starttag_text() or "", self.count))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack and self.stack.pop()[0] == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        in_pre = any(tag == "pre" for tag, _, _ in self.stack)
        for letter in data:
            if letter in " \t\n" and not in_pre:
                self.spaced = self.spaced or not self._is_left_out()
            else:
                self._add(letter)

    def handle_entityref(self, name: str) -> None:
        self._add(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._add(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment came in")

    def _is_left_out(self) -> bool:
        return any(tag == self.left_out for tag, _, _ in self.stack)

    def _add(self, letter: str) -> None:
        if self._is_left_out():
            return
        blocks = [(raw, number) for tag, raw, number in self.stack if tag in BLOCKS]
        if blocks != self.in_block or letter == "<hr>":
            # Which blocks begin with this letter; empty ones are never seen here.
            self.found.append([raw for raw, number in blocks if (raw, number) not in self.in_block])
            self.in_block = blocks
        elif self.spaced:
            self.found.append(" ")
        self.spaced = False
        around = tuple(raw for tag, raw, _ in self.stack if tag not in ("ins", "del"))
        self.found.append((letter, around))


def reading(html: str, *, left_out: str = "") -> list[object]:
    """Return what a reader sees; fails where tags are not balanced."""
    parser = _Reading(left_out)
    parser.feed(html)
    parser.close()
    assert not parser.stack, f"{parser.stack} stays open"
    return parser.found


def tags(html: str) -> list[str]:
    """Return all the tags, as they are written."""
    found: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.append(self.get_starttag_text() or "")

        def handle_endtag(self, tag: str) -> None:
            found.append(f"</{tag}>")

    Tags().feed(html)
    return found
