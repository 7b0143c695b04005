"""Samples for every entry of the allowlist: what is kept and what is renamed."""

from posts.text.allowlist import ALLOWED, ALLOWED_CLASSES, RENAMED, REQUIRED

PICTURE = 'src="/media/sample.png"'
BODY = "<tbody><tr><td>x</td></tr></tbody>"
# Element -> a text with it, in which {} stands for another attribute.
TEXTS = {
    "p": "<p{}>Word</p>",
    "h2": "<h2{}>Word</h2>",
    "h3": "<h3{}>Word</h3>",
    "h4": "<h4{}>Word</h4>",
    "pre": "<pre{}>Word</pre>",
    "br": "<p>One<br{}>two</p>",
    "hr": "<hr{}>",
    "blockquote": "<blockquote{}><p>Word</p></blockquote>",
    "section": '<section class="key-points"{}><p>Word</p></section>',
    "ul": "<ul{}><li>Word</li></ul>",
    "ol": "<ol{}><li>Word</li></ol>",
    "li": "<ol><li{}>Word</li></ol>",
    "a": '<p><a href="https://example.org/"{}>Word</a></p>',
    "img": f"<p><img {PICTURE}{{}}></p>",
    "figure": f'<figure{{}}><img {PICTURE} alt="Word"></figure>',
    "figcaption": f'<figure><img {PICTURE} alt="x"><figcaption{{}}>Word</figcaption></figure>',
    "table": "<table{}><tbody><tr><td>Word</td></tr></tbody></table>",
    "caption": f"<table><caption{{}}>Word</caption>{BODY}</table>",
    "thead": f"<table><thead{{}}><tr><th>Word</th></tr></thead>{BODY}</table>",
    "tbody": "<table><tbody{}><tr><td>Word</td></tr></tbody></table>",
    "tfoot": f"<table>{BODY}<tfoot{{}}><tr><td>Word</td></tr></tfoot></table>",
    "tr": "<table><tbody><tr{}><td>Word</td></tr></tbody></table>",
    "th": "<table><tbody><tr><th{}>Word</th><td>x</td></tr></tbody></table>",
    "td": "<table><tbody><tr><td{}>Word</td><td>x</td></tr></tbody></table>",
} | {
    name: f"<p>A <{name}{{}}>word</{name}> here.</p>"
    for name in ("strong", "em", "s", "sub", "sup", "code", "span", "q", "abbr", "cite")
}
# Attribute -> the values to try.
VALUES = {
    "dir": ["rtl", "auto"],
    "lang": ["es", "zh-Hant-TW"],
    "id": ["word"],
    "title": ["In full"],
    "href": [],
    "src": [],
    "alt": ["A word"],
    "width": ["40"],
    "height": ["30"],
    "start": ["3", "0"],
    "reversed": [""],
    "type": ["a", "A", "i", "I"],
    "value": ["4"],
    "colspan": ["2"],
    "rowspan": ["2"],
    "scope": ["col", "row"],
    "role": ["presentation"],
}
KEPT = (
    [TEXTS[name].format("") for name in ALLOWED if name not in REQUIRED or name != "span"]
    + [
        TEXTS[name].format(f' {attribute}="{value}"')
        for name, attributes in ALLOWED.items()
        for attribute in sorted(attributes)
        for value in VALUES[attribute]
    ]
    + [
        TEXTS[name].replace(' class="key-points"', "").format(f' class="{value}"')
        for name, classes in ALLOWED_CLASSES.items()
        for value in sorted(classes)
    ]
)
# Input -> cleaned text.
RENAMED_TEXTS = {
    (f"<{old}>Word</{old}>" if old[0] == "h" else f"<p>A <{old}>word</{old}> here.</p>"): (
        f"<{new}>Word</{new}>" if old[0] == "h" else f"<p>A <{new}>word</{new}> here.</p>"
    )
    for old, new in RENAMED.items()
}
# Rules that the tables do not contain: invalid attributes, and nested lists.
TRANSLATED = {
    "<section><p>One</p></section><section>two</section>": "<p>One</p><p>two</p>",
    '<section class="key-points other"><section class="case-example"><p>One</p></section>'
    "<ul><li>two</li></ul></section>": (
        '<section class="key-points"><p>One</p><ul><li>two</li></ul></section>'
    ),
    '<h1 id="top">Word</h1><p><a href="#top">Up</a></p>': (
        '<h2 id="top">Word</h2><p><a href="#top">Up</a></p>'
    ),
    "<h1>One</h1><h2>Two</h2><h3>Three</h3>": "<h2>One</h2><h3>Two</h3><h4>Three</h4>",
    '<p>A <i lang="fr">mot</i> here.</p>': '<p>A <em><span lang="fr">mot</span></em> here.</p>',
    '<div dir="rtl"><p>Word</p></div>': '<p dir="rtl">Word</p>',
    '<p dir="ltr" lang="en-GB">Word</p>': "<p>Word</p>",
    '<p lang="es">Una <span lang="en">word</span></p>': (
        '<p lang="es">Una <span lang="en">word</span></p>'
    ),
    '<p lang="javascript:x" dir="up">Word</p>': "<p>Word</p>",
    "<ul><li>a</li><ul><li>b</li></ul><li>c</li></ul>": (
        "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"
    ),
    "<ul><ul><li>a</li></ul><li>b</li></ul>": "<ul><li>a</li><li>b</li></ul>",
    "<ol><li>a</li><ol><li>b</li><ul><li>c</li></ul></ol></ol>": (
        "<ol><li>a<ol><li>b<ul><li>c</li></ul></li></ol></li></ol>"
    ),
    '<ol><li style="list-style-type:lower-roman">a</li></ol>': '<ol type="i"><li>a</li></ol>',
    '<p><span style="font-weight:700">A</span> <span style="font-style:italic">word</span></p>': (
        "<p><strong>A</strong> <em>word</em></p>"
    ),
}
