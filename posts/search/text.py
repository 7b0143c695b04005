"""What counts as the text of an article's body in the search index, on either database.

SQL that strips markup is each database's own: posts/search/index_sqlite.py and
posts/search/index_postgresql.py.
"""

# PostgreSQL allows a vector one megabyte; so many characters are some 30,000 words.
MAX_CHARACTERS = 200_000
# These elements do not end a word. Every other element does, and becomes a paragraph separator
# (U+2029), by which a snippet tells a heading from the text below it.
INLINE = ("strong", "em", "s", "sub", "sup", "code", "cite", "a")
# The mark of a footnote is not a word: [^1] in the text, [^1]: before the note
# (posts/text/structure.py).
LONGEST_MARK = 30
# Invisible characters, which do not change a word: soft hyphens, the combining grapheme joiner,
# marks of direction, zero-width spaces and non-joiners, and the byte order mark.
IGNORED = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200e\u200f\u2060\ufeff"
# The zero-width joiner is invisible, too, but it joins two pictures (emoji) to one: it stays
# before these.
JOINER = "\u200d"
JOINED = (("\u2190", "\u2bff"), ("\U0001f000", "\U0010ffff"))
# The entities that nh3 leaves, and a few that an import past it would bring; & comes last.
_ENTITIES = {
    # Between these, SQLite's highlight() puts what was found (posts/search/sqlite.py).
    "\x02": "",
    "\x03": "",
    "&shy;": "",
    "&nbsp;": " ",
    "\u00a0": " ",
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "''",
    "&rsquo;": "’",
    "&lsquo;": "‘",
    "&ldquo;": "“",
    "&rdquo;": "”",
    "&ndash;": "–",
    "&mdash;": "—",
    "&amp;": "&",
}


def decoded(text: str) -> str:
    """Return SQL for a text (itself SQL) with its entities as the characters they stand for."""
    for entity, character in _ENTITIES.items():
        text = f"replace({text}, '{entity}', '{character}')"
    return text
