"""The allowlist: what a text written in the editor may consist of, and nothing else.

One table drives both CKEditor's `allowedContent` (what the editor offers and keeps) and
the nh3 clean on every save (what is stored, whatever the editor or an import sent).
"""

import re

import nh3

# Element -> attributes. `class` is never an attribute here: ALLOWED_CLASSES names the few.
ALLOWED: dict[str, frozenset[str]] = {
    "p": frozenset(),
    "h2": frozenset({"id"}),
    "h3": frozenset({"id"}),
    "h4": frozenset({"id"}),
    "strong": frozenset(),
    "em": frozenset(),
    "s": frozenset(),
    "sub": frozenset(),
    "sup": frozenset(),
    "code": frozenset(),
    "pre": frozenset(),
    "br": frozenset(),
    "hr": frozenset(),
    "blockquote": frozenset(),
    "cite": frozenset(),
    "ul": frozenset(),
    "ol": frozenset({"start"}),
    "li": frozenset(),
    "a": frozenset({"href", "title"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "figure": frozenset(),
    "figcaption": frozenset(),
    "table": frozenset(),
    "caption": frozenset(),
    "thead": frozenset(),
    "tbody": frozenset(),
    "tfoot": frozenset(),
    "tr": frozenset(),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "td": frozenset({"colspan", "rowspan"}),
}
ALLOWED_CLASSES: dict[str, frozenset[str]] = {
    "figure": frozenset({"wide", "image"}),
    "blockquote": frozenset({"pull"}),
}
URL_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
# An introduction in a mail: text, links and lists; pictures and tables come from articles.
SHORT = frozenset({"p", "strong", "em", "a", "br", "ul", "ol", "li", "blockquote", "h2", "h3"})

# Old elements that writers' programs still produce, in today's words.
RENAMED = {"b": "strong", "i": "em", "strike": "s", "del": "s", "h1": "h2", "h5": "h4", "h6": "h4"}
_RENAME = re.compile(rf"<(/?)({'|'.join(RENAMED)})(?=[\s>/])", re.IGNORECASE)
# Empty paragraphs are how pasted documents make space; ours comes from the style sheet.
_EMPTY = re.compile(r"<p>(?:\s|&nbsp;|\u00a0|<br\s*/?>)*</p>\s*")


def _cleaner(elements: frozenset[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(elements),
        attributes={tag: set(ALLOWED[tag]) for tag in elements},
        allowed_classes={
            tag: set(names) for tag, names in ALLOWED_CLASSES.items() if tag in elements
        },
        clean_content_tags={"script", "style", "title", "xml", "template", "noscript"},
        url_schemes=set(URL_SCHEMES),
        url_relative="pass_through",
        link_rel="noopener",
        strip_comments=True,
    )


_FULL = _cleaner(frozenset(ALLOWED))
_SHORT = _cleaner(SHORT)


def clean(html: str, *, short: bool = False) -> str:
    """Return HTML that holds nothing but the allowlist; cleaning twice changes nothing.

    With `short`, only the elements of an introduction in a mail stay.
    """
    renamed = _RENAME.sub(lambda m: f"<{m[1]}{RENAMED[m[2].lower()]}", html.replace("\x00", ""))
    cleaned = (_SHORT if short else _FULL).clean(renamed)
    return _EMPTY.sub("", cleaned).strip()


def editor_rules(*, short: bool = False) -> str:
    """Return the same allowlist in CKEditor's words, for `allowedContent`.

    https://ckeditor.com/docs/ckeditor4/latest/guide/dev_allowed_content_rules.html
    Rules are separated by semicolons; with spaces alone, buttons vanish.
    """
    rules = []
    for tag, attributes in ALLOWED.items():
        if short and tag not in SHORT:
            continue
        rule = tag
        if attributes:
            required = "!href," if tag == "a" else "!src," if tag == "img" else ""
            rest = sorted(attributes - {"href", "src"} if required else attributes)
            rule += f"[{required}{','.join(rest)}]"
        if tag in ALLOWED_CLASSES:
            rule += f"({','.join(sorted(ALLOWED_CLASSES[tag]))})"
        rules.append(rule)
    return "; ".join(rules)
