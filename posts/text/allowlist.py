"""The allowlist's tables: what a text from the editor may consist of.

They drive the clean on every save (posts/text/html.py), what the editor keeps (`allowedContent` and
static/js/paste.js, by posts/text/editor.py) and the translation of foreign HTML
(posts/text/foreign.py).
tests/browser/test_allowlist.py sends each line through the real editor.
"""

import re

# A language other than the page's own, and the direction it is written in (WCAG 3.1.2).
_LANGUAGE = frozenset({"dir", "lang"})

# Element -> attributes. `class` is never an attribute here: ALLOWED_CLASSES names the few.
ALLOWED: dict[str, frozenset[str]] = {
    "p": _LANGUAGE,
    "h2": _LANGUAGE | {"id"},
    "h3": _LANGUAGE | {"id"},
    "h4": _LANGUAGE | {"id"},
    "strong": frozenset(),
    "em": frozenset(),
    "s": frozenset(),
    "sub": frozenset(),
    "sup": frozenset(),
    "code": frozenset(),
    "span": _LANGUAGE,
    "q": _LANGUAGE,
    "abbr": _LANGUAGE | {"title"},
    "cite": _LANGUAGE,
    "pre": _LANGUAGE,
    "br": frozenset(),
    "hr": frozenset(),
    "blockquote": _LANGUAGE,
    "section": _LANGUAGE,
    "ul": _LANGUAGE,
    "ol": _LANGUAGE | {"reversed", "start", "type"},
    "li": _LANGUAGE | {"value"},
    "a": _LANGUAGE | {"href", "title"},
    "img": frozenset({"src", "alt", "width", "height", "role"}),
    "figure": frozenset(),
    "figcaption": _LANGUAGE,
    "table": _LANGUAGE,
    "caption": _LANGUAGE,
    "thead": frozenset(),
    "tbody": frozenset(),
    "tfoot": frozenset(),
    "tr": _LANGUAGE,
    "th": _LANGUAGE | {"colspan", "rowspan", "scope"},
    "td": _LANGUAGE | {"colspan", "rowspan"},
}
ALLOWED_CLASSES: dict[str, frozenset[str]] = {
    "figure": frozenset({"wide", "image"}),
    "blockquote": frozenset({"pull"}),
    "section": frozenset({"case-example", "key-points"}),
    "ul": frozenset({"checklist"}),
    # Its numbers are also drawn as bars (posts/text/bars.py).
    "table": frozenset({"figures"}),
}
# These are something only by their class: without it, they are no more than their content.
NEED_CLASS = frozenset({"section"})
# In an introduction, tables too: a figure with data stays, with words alone in its cells; of any
# other table, each row becomes a paragraph.
NEED_CLASS_SHORT = NEED_CLASS | {"table"}
# What readers see above such a section, and the editor too (static/css/desk/editor-text.css).
SECTION_NAMES = {"case-example": "Case example", "key-points": "Key points"}
# Without one of these attributes, an element on the left is removed, and its text stays.
REQUIRED: dict[str, tuple[str, ...]] = {"a": ("href",), "img": ("src",), "span": ("dir", "lang")}

# An introduction in a mail: text, links, lists, boxes and figures with data. Pictures and other
# tables come from articles.
SHORT = frozenset(
    {"p", "strong", "em", "s", "sub", "sup", "span", "q", "abbr", "a", "br", "ul", "ol", "li"}
    | {"blockquote", "h2", "h3", "section"}
    | {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
)

# Attribute -> what its value must match as a whole; the others take any value.
VALUES: dict[str, str] = {
    "dir": "ltr|rtl|auto",
    "lang": "[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}",
    "scope": "row|col|rowgroup|colgroup",
    # Says of a picture that it only decorates: its empty `alt` was not forgotten.
    "role": "presentation",
    "type": "[1aAiI]",
    "reversed": "(?:reversed)?",
    "width": "[0-9]{1,5}",
    "height": "[0-9]{1,5}",
    "colspan": "[0-9]{1,5}",
    "rowspan": "[0-9]{1,5}",
    "start": "-?[0-9]{1,5}",
    "value": "-?[0-9]{1,5}",
}
_VALUES = {name: re.compile(pattern) for name, pattern in VALUES.items()}

# Old elements that writers' programs still produce, in today's words.
RENAMED = {"b": "strong", "i": "em", "strike": "s", "del": "s", "h1": "h2", "h5": "h4", "h6": "h4"}
# An introduction has two levels of headings: deeper ones stay headings.
RENAMED_SHORT = RENAMED | {"h4": "h3", "h5": "h3", "h6": "h3"}
# Where a text has an h1, an h2 is a part of that, and so on down.
BELOW_H1 = {"h1": "h2", "h2": "h3", "h3": "h4"}
# A parser opens these again in every paragraph that follows if they are misnested, each with its
# attributes (HTML 13.2.4.3). So they have none: a language is set on a span within.
FORMATTING = frozenset({"strong", "em", "s", "code", "b", "i", "strike"})
# How a list is numbered, as style sheets say it.
LIST_TYPES = {
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
}


def allowed_value(name: str, value: str) -> bool:
    """Whether an allowed attribute may have this value."""
    pattern = _VALUES.get(name)
    return pattern is None or pattern.fullmatch(value) is not None


def classes_of(tag: str, *, short: bool = False) -> frozenset[str]:
    """Return the classes that an element may have."""
    if short and tag not in SHORT:
        return frozenset()
    return ALLOWED_CLASSES.get(tag, frozenset())


def editor_rules(*, short: bool = False) -> str:
    """Return the same table in CKEditor's words, for `allowedContent`.

    https://ckeditor.com/docs/ckeditor4/latest/guide/dev_allowed_content_rules.html
    Rules are separated by semicolons; with spaces alone, buttons vanish.
    """
    rules = []
    need_class = NEED_CLASS_SHORT if short else NEED_CLASS
    for tag, attributes in ALLOWED.items():
        if short and tag not in SHORT:
            continue
        classes = sorted(classes_of(tag, short=short))
        # One rule for each attribute that is enough to keep the element.
        for required in REQUIRED.get(tag, ("",)):
            names = [f"!{required}"] if required else []
            names += sorted(attributes - {required})
            rule = tag + (f"[{','.join(names)}]" if names else "")
            if tag in need_class:
                rules += [f"{rule}(!{name})" for name in classes]
            else:
                rules.append(rule + (f"({','.join(classes)})" if classes else ""))
    return "; ".join(rules)
