"""Every entry of the allowlist through the real editor, which must keep what clean() keeps."""

import re

import pytest
from playwright.sync_api import Page, expect

from posts.text import html
from tests.browser.test_editor import fill_in, open_editor, paste, save_and_close
from tests.posts.text.allowlist_lines import KEPT, RENAMED_TEXTS, TRANSLATED

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
EXPECTED = {**{text: text for text in KEPT}, **RENAMED_TEXTS, **TRANSLATED}


@pytest.fixture
def desk(editor: Page) -> Page:
    """A signed-in page; requests for the picture of the samples are answered."""
    editor.route(
        "**/media/sample.png", lambda route: route.fulfill(body=PIXEL, content_type="image/gif")
    )
    return editor


def plain(text: str) -> list[str]:
    """The tags and words of a text: attributes in one order, no space between blocks."""
    text = re.sub(r"(?<=>)\s*\n\s*|\s*\n\s*(?=<)", "", text).replace("&nbsp;", " ")
    parts = re.findall(r"<[^>]*>|[^<]+", text)
    return [
        " ".join(sorted(re.findall(r'[\w-]+="[^"]*"|[^\s<>]+', part.replace(" /", ""))))
        for part in parts
        if part.strip()
    ]


def with_normalised_reversed(text: str) -> list[str]:
    return plain(text.replace('reversed="reversed"', 'reversed=""'))


def test_the_editor_keeps_loaded_text_as_clean_does(desk: Page) -> None:
    open_editor(desk)
    got = desk.evaluate(
        """async texts => {
            const editor = CKEDITOR.instances.id_body;
            const got = [];
            for (const text of texts) {
                await new Promise(done => editor.setData(text, done));
                got.push(editor.getData());
            }
            return got;
        }""",
        list(EXPECTED),
    )
    desk.evaluate("CKEDITOR.instances.id_body.resetDirty()")
    wrong = {
        text: data
        for (text, expected), data in zip(EXPECTED.items(), got, strict=True)
        if with_normalised_reversed(data) != plain(expected)
        or plain(html.clean(data)) != plain(expected)
    }
    assert wrong == {}


def test_the_editor_keeps_pasted_text_as_clean_does(desk: Page) -> None:
    surface = open_editor(desk)
    wrong = {}
    for text, expected in EXPECTED.items():
        desk.evaluate("""() => new Promise(done => CKEDITOR.instances.id_body.setData("", done))""")
        desk.evaluate(
            """() => {
                window.pasted = false;
                CKEDITOR.instances.id_body.once("afterPaste", () => { window.pasted = true; });
                CKEDITOR.instances.id_body.focus();
            }"""
        )
        paste(surface, text)
        desk.wait_for_function("() => window.pasted")
        data = desk.evaluate("CKEDITOR.instances.id_body.getData()")
        if plain(html.clean(data)) != plain(expected):
            wrong[text] = data
    desk.evaluate("CKEDITOR.instances.id_body.resetDirty()")
    assert wrong == {}


def test_saved_text_is_kept_as_clean_does(desk: Page) -> None:
    open_editor(desk)
    fill_in(desk, "Every line of the table")
    kept = [text for text in EXPECTED if EXPECTED[text] == text and 'id="' not in text]
    desk.evaluate("text => CKEDITOR.instances.id_body.setData(text)", "".join(kept))
    desk.get_by_role("button", name="Save draft").click()
    expect(desk.locator(".messagelist")).to_contain_text("Saved as a draft")
    desk.wait_for_function("() => CKEDITOR.instances.id_body?.status === 'ready'")
    saved = desk.locator("#id_body").input_value()
    assert with_normalised_reversed(saved) == plain("".join(kept))
    # Other tests open every article of this site, and its picture is one that nobody has.
    desk.evaluate("() => CKEDITOR.instances.id_body.setData('<p>Saved.</p>')")
    save_and_close(desk)
    expect(desk.locator(".messagelist")).to_contain_text("Every line of the table")
