"""Translating foreign HTML takes linear time."""

import pytest

from posts.text import foreign
from posts.text.losses import Losses
from tests.growth import growth

PIECES = {
    "links": '<a href="#x{n}">1</a> ',
    "links to one place": '<a href="#x" id="x">1</a> ',
    "footnotes": '<p>a<a href="#n{n}" id="m{n}">1</a></p>'
    '<p><a href="#m{n}" id="n{n}">1</a> note</p>',
    "footnotes in a line": '<a href="#n{n}" id="m{n}">1</a> <a href="#m{n}" id="n{n}">1</a> ',
    "lists in lists": "<ul><li>a</li><ul><li>b</li></ul></ul>",
    "unclosed lists": "<ul>a<ul>b",
    "figures in figures": '<figure><img src="cid:1"><iframe src="https://a.example/"></iframe>',
    "one figure": '<img src="cid:1"><figcaption>a</figcaption>',
    "players": '<iframe src="https://a.example/"></iframe>',
    "objects": '<object data="x"><embed src="x">',
    "bold that is none": '<b style="font-weight:normal" lang="de">x',
    "languages": '<div dir="rtl" lang="es">x',
    "comments": '<a href="#cmnt1">a</a><a href="#cmnt_ref1">b</a>',
    "bookmarks": '<h1 id="a{n}"><a href="#a{n}">x</a>',
    "boxes": '<div id="d{n}"><a href="#d{n}">1</a>',
}


@pytest.mark.parametrize("name", PIECES)
def test_translating_foreign_html_takes_linear_time(name: str) -> None:
    def text(length: int) -> str:
        pieces: list[str] = []
        while length > 0:
            pieces.append(PIECES[name].replace("{n}", str(len(pieces))))
            length -= len(pieces[-1])
        return "".join(pieces)

    def translate(html: str) -> None:
        foreign.translated(foreign.plain_formatting(html), Losses())

    assert growth(translate, text, 30_000) < 9
