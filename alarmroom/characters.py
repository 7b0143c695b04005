"""Characters that no text needs, and that some programs take for the end of a line or a header.

This is the one place that names them: for addresses, mails, feeds, titles and the clean.
"""

import re

# For a class of a regular expression. Control characters (the tab and the line feed among them),
# Unicode's line and paragraph separators, and two code points that are no characters. XML allows
# few of them, and each of the separators ends a line in some program.
CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff"
# Halves of a character in UTF-16: no text of UTF-8 can hold one.
SURROGATES = r"\ud800-\udfff"
CONTROL = re.compile(f"[{CONTROLS}]")

# Each ends a line in some program, but not in HTML, mail or XML.
_SEPARATOR = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
# All the others but tab and line feed, which a text may have. Marks that join letters or turn the
# direction of a line have a meaning, and stay.
_NOT_IN_A_TEXT = re.compile(rf"(?![\t\n])[{CONTROLS}{SURROGATES}]")


def without_controls(text: str, *, separator: str = " ") -> str:
    """Return text without control characters; unusual line ends become `separator`.

    CR and CRLF become a line feed; tabs and line feeds stay.
    """
    text = _SEPARATOR.sub(lambda found: "\n" if found[0][0] == "\r" else separator, text)
    return _NOT_IN_A_TEXT.sub("", text)
