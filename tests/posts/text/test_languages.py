"""Attributes for languages, list numbering and abbreviations are kept in page and feed."""

from html import unescape

import pytest
from django.test import Client

from posts.text.structure import contents, with_structure
from tests.factories import make_post

BODY = (
    '<h2 dir="rtl" id="call" lang="ar">نداء</h2><p><a lang="es" href="#call">Llamada</a>'
    ' <q lang="fr">au secours</q> <abbr title="Computer-aided dispatch">CAD</abbr>[^1]</p>'
    '<ol type="a" start="3" reversed=""><li value="7">x</li></ol>'
    '<table dir="rtl"><caption lang="ar">جدول</caption><tbody><tr><td>1</td></tr></tbody></table>'
    '<pre lang="es">hola</pre><p lang="es">[^1]: Nota.</p>'
)


def test_anchors_notes_and_boxes_keep_language_attributes() -> None:
    html = with_structure(BODY)
    assert '<h2 id="s-call" dir="rtl" lang="ar">' in html
    assert '<a lang="es" href="#s-call">' in html
    assert '<p lang="es">Nota. <a class="notes__back"' in html
    assert 'aria-label="جدول"><table dir="rtl">' in html
    assert 'aria-label="Code 1"><pre lang="es">' in html
    assert contents(html) == ""
    assert contents(html * 3).count('href="#s-call"') == 3


@pytest.mark.django_db
def test_language_and_numbering_attributes_reach_article_and_feed() -> None:
    post = make_post(body=BODY)
    page = Client().get(post.get_absolute_url()).content.decode()
    feed = unescape(Client().get("/feeds/atom.xml").content.decode())
    for tag in (
        '<q lang="fr">',
        '<abbr title="Computer-aided dispatch">',
        '<ol type="a" start="3" reversed="">',
        '<li value="7">',
        '<table dir="rtl">',
    ):
        assert tag in page
        assert tag in feed
