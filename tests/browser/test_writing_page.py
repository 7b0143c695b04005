"""The page on which a text is written: its keys, its one scroll, its rail, its errors."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from audit import axe
from tests.browser.conftest import note_problems
from tests.browser.stack import Stack
from tests.browser.test_editor import (
    ADD,
    fill_in,
    open_dialog,
    open_editor,
    open_section,
    publish,
)

PHONE = {"width": 390, "height": 844}
# Where the caret is in the window, and where the bars end.
CARET = """() => {
    const editor = CKEDITOR.instances.id_body;
    const frame = editor.window.$.frameElement.getBoundingClientRect();
    const range = editor.window.$.getSelection().getRangeAt(0).cloneRange();
    const box = range.getClientRects()[0] ?? range.startContainer.getBoundingClientRect();
    const tools = document.querySelector(".cke_top").getBoundingClientRect();
    return [frame.top + box.top - tools.bottom, innerHeight - frame.top - box.bottom];
}"""


@pytest.fixture
def phone(
    browser: Browser, stack: Stack, signed_in: StorageState, problems: list[str]
) -> Iterator[Page]:
    context = browser.new_context(
        base_url=stack.url,
        viewport=PHONE,
        storage_state=signed_in,
        reduced_motion="reduce",  # type: ignore[arg-type]  # a word that Playwright takes
    )
    context.on("page", lambda page: note_problems(page, problems))
    yield context.new_page()
    context.close()


def published(page: Page) -> str:
    """Return the address of the form of a published article with a cover and related articles."""
    page.goto("/admin/posts/post/?state=published&q=chair+is+the+career")
    href = page.locator("#result_list tbody th a").first.get_attribute("href")
    assert href
    return href


def focused(page: Page) -> str:
    name: str = page.evaluate(
        "() => document.activeElement.id || document.activeElement.name ||"
        " document.activeElement.className || document.activeElement.localName"
    )
    return name


def no_leave_taking(page: Page) -> None:
    """Let the page be left without the question about unsaved text."""
    page.on("dialog", lambda dialog: dialog.accept())


def test_an_article_is_written_and_saved_by_keys_and_never_published_by_one(editor: Page) -> None:
    open_editor(editor)
    editor.focus("#id_title")
    editor.keyboard.type("By keys")
    # Enter goes on: from the title to the dek, and from there to the text.
    editor.keyboard.press("Enter")
    assert focused(editor) == "id_summary"
    editor.keyboard.type("A dek.")
    editor.keyboard.press("Enter")
    editor.keyboard.type("One two three.")
    expect(editor.locator("[data-words]")).to_have_text("3")
    # In no other field does it send the form.
    for name in ("Cover", "Address and search title"):
        open_section(editor, name)
    for field in ("published_at_0", "published_at_1", "cover_alt", "cover_credit", "slug"):
        editor.focus(f"#id_{field}")
        editor.keyboard.press("Enter")
    assert editor.url.endswith(ADD)
    # Ctrl+S saves from within the text too, and a date that stands there publishes nothing.
    editor.fill("#id_published_at_0", "2020-01-01")
    editor.fill("#id_published_at_1", "9 am")
    expect(editor.locator("[data-schedule]")).to_have_text("Publish with this date")
    editor.frame_locator("iframe.cke_wysiwyg_frame").locator("body").click()
    editor.keyboard.press("Control+s")
    expect(editor.locator(".messagelist")).to_contain_text("Saved as a draft")
    expect(editor.locator(".messagelist")).to_contain_text("was not set as its date")
    expect(editor.locator(".eh .state")).to_have_text("Draft")
    assert editor.input_value("#id_title") == "By keys"
    assert editor.request.get("/articles/by-keys/").status == 404


def test_the_keyboard_goes_from_title_to_text_to_rail_to_the_main_action(editor: Page) -> None:
    open_editor(editor)
    editor.focus("#id_title")
    stops = []
    while "btn--main" not in " ".join(stops) and len(stops) < 60:
        editor.keyboard.press("Tab")
        stops.append(focused(editor))
    assert stops[0] == "id_summary"
    assert "cke_wysiwyg_frame" in stops[1]
    assert "Publish…" in editor.evaluate("() => document.activeElement.textContent")
    # The way past the details is short; the numbers of the checks are one stop, however many.
    editor.fill("#id_title", "By keys alone")
    expect(editor.locator(".check-mark:visible")).not_to_have_count(0)
    editor.focus("#id_summary")
    for stop in ("cke_wysiwyg_frame", "check-mark", "rail-skip"):
        editor.keyboard.press("Tab")
        assert stop in focused(editor)
    editor.keyboard.press("Enter")
    stops = []
    while "btn--main" not in " ".join(stops) and len(stops) < 60:
        editor.keyboard.press("Tab")
        stops.append(focused(editor))
    assert len(stops) <= 5
    # Enter opens the menu, and nothing more.
    editor.keyboard.press("Enter")
    expect(editor.get_by_role("button", name="Publish now")).to_be_visible()
    editor.keyboard.press("Escape")
    expect(editor.get_by_role("button", name="Publish now")).to_be_hidden()
    # A skip link leads to the text, and Alt+F10 from there to the toolbar.
    editor.get_by_role("link", name="Skip to the text").focus()
    editor.keyboard.press("Enter")
    assert "cke_wysiwyg_frame" in focused(editor)
    editor.keyboard.press("Alt+F10")
    assert editor.evaluate("() => Boolean(document.activeElement.closest('.cke_toolbox'))")


def test_saving_by_a_key_leaves_the_caret_and_the_page_where_they_are(editor: Page) -> None:
    open_editor(editor)
    fill_in(editor, "Saved in the middle of a sentence")
    text = "".join(f"<p>Paragraph {number} of a text that is long.</p>" for number in range(60))
    editor.evaluate("text => CKEDITOR.instances.id_body.setData(text)", text)
    surface = editor.frame_locator("iframe.cke_wysiwyg_frame").locator("body")
    surface.get_by_text("Paragraph 40 of").click()
    editor.keyboard.press("End")
    for _ in range(2):  # It is made, and saved once more.
        editor.keyboard.type(" Here")
        before = editor.evaluate("() => { window.isOfBefore = true; return scrollY; }")
        editor.keyboard.press("Control+s")
        editor.wait_for_function("() => !window.isOfBefore")
        editor.wait_for_url("**/change/**")
        expect(editor.locator("#desk-saving .desk-saving__seen")).to_have_text("Saved")
        expect(editor.locator("iframe.cke_wysiwyg_frame")).to_be_focused()
        editor.wait_for_function("top => Math.abs(scrollY - top) < 200", arg=before)
        caret_is_in_view(editor)
    editor.keyboard.type(" still")
    expect(surface.locator("p").nth(40)).to_have_text(
        "Paragraph 40 of a text that is long. Here Here still"
    )


def caret_is_in_view(page: Page) -> None:
    """Wait until the caret is clear of both bars; the page scrolls after the key."""
    for _ in range(600):
        if min(page.evaluate(CARET)) > 0:
            return
        page.wait_for_timeout(50)
    raise AssertionError(page.evaluate(CARET))


@pytest.mark.parametrize("size", [{"width": 1280, "height": 700}, PHONE])
def test_the_text_grows_and_shrinks_and_its_caret_is_never_under_a_bar(
    editor: Page, size: Any
) -> None:
    no_leave_taking(editor)
    editor.set_viewport_size(size)
    surface = open_editor(editor)
    height = "() => document.querySelector('.cke_contents').offsetHeight"
    empty = editor.evaluate(height)
    for number in range(30):
        editor.keyboard.type(f"Line {number}")
        editor.keyboard.press("Enter")
        caret_is_in_view(editor)
    assert editor.evaluate(height) > empty + 600
    # One scroll: the frame holds all of its text.
    assert surface.evaluate(
        "body => body.ownerDocument.documentElement.scrollHeight <= innerHeight + 1"
    )
    # Up again, by the caret: the toolbar is in view, and covers nothing.
    for _ in range(30):
        editor.keyboard.press("ArrowUp")
        caret_is_in_view(editor)
    expect(editor.locator(".cke_button__bold")).to_be_in_viewport()
    editor.keyboard.press("Control+a")
    editor.keyboard.press("Delete")
    editor.wait_for_function(
        "empty => document.querySelector('.cke_contents').offsetHeight === empty", arg=empty
    )
    editor.keyboard.press("Control+z")
    editor.wait_for_function(
        "empty => document.querySelector('.cke_contents').offsetHeight > empty + 600", arg=empty
    )


def test_on_a_slow_computer_the_caret_comes_into_view_when_the_page_has_grown(
    editor: Page,
) -> None:
    no_leave_taking(editor)
    # The frame is measured much later than a key is pressed.
    editor.add_init_script("""{
        const Observer = window.ResizeObserver;
        window.ResizeObserver = class extends Observer {
            constructor(callback) {
                super((...all) => setTimeout(callback, 400, ...all));
            }
        };
    }""")
    editor.set_viewport_size({"width": 1280, "height": 700})
    open_editor(editor)
    for _ in range(14):
        editor.keyboard.type("A line")
        editor.keyboard.press("Enter")
    editor.wait_for_function(f"() => ({CARET})()[1] > 70")
    # Whoever has scrolled away to read stays there.
    editor.mouse.move(300, 300)
    editor.mouse.wheel(0, -4000)
    editor.wait_for_function("() => scrollY === 0")
    height = editor.evaluate("() => document.documentElement.scrollHeight")
    more = "() => CKEDITOR.instances.id_body.document.getBody().appendHtml('<p>M</p><p>N</p>')"
    editor.evaluate(more)
    editor.wait_for_function("was => document.documentElement.scrollHeight > was", arg=height)
    assert editor.evaluate("() => scrollY") == 0


def test_an_open_list_of_formats_does_not_stay_behind(editor: Page) -> None:
    no_leave_taking(editor)
    open_editor(editor, published(editor))
    editor.click(".cke_combo__format .cke_combo_button")
    panel = editor.locator(".cke_combopanel")
    expect(panel).to_be_visible()
    editor.evaluate("() => scrollBy(0, 400)")
    expect(panel).to_be_hidden()


def test_the_sections_say_what_they_hold_and_remember_whether_they_are_open(editor: Page) -> None:
    no_leave_taking(editor)
    address = published(editor)
    open_editor(editor, address)
    line = editor.locator("[data-section=related] [data-line]")
    expect(line).to_have_text(re.compile("^[0-9]+ articles$"))
    expect(editor.locator("[data-section=cover] [data-line]")).to_have_text("With alternative text")
    cover = editor.locator("[data-section=cover]")
    expect(cover).not_to_have_attribute("open", "")
    open_section(editor, "Cover")
    editor.locator("[data-section=author-and-topics] summary").click()
    editor.fill("#id_cover_alt", "")
    expect(editor.locator("[data-section=cover] [data-line]")).to_have_text(
        "Alternative text is missing"
    )
    # The topics have the whole width.
    editor.reload()
    expect(cover).to_have_attribute("open", "")
    expect(editor.locator("[data-section=author-and-topics]")).not_to_have_attribute("open", "")
    open_section(editor, "Author and topics")
    topics = editor.locator("#id_tags_typed").bounding_box()
    assert topics
    assert topics["width"] > 260


def test_topics_are_chosen_and_made_by_typing_and_nothing_else_is_needed(editor: Page) -> None:
    no_leave_taking(editor)
    open_editor(editor)
    editor.fill("#id_title", "Topics by typing")
    field = editor.get_by_role("combobox", name="Topics")
    chips = editor.get_by_role("list", name="Topics chosen")
    field.fill("leader")
    expect(editor.get_by_role("option").first).to_have_text(re.compile("^Leadership"))
    field.press("Enter")
    expect(chips.get_by_role("listitem")).to_have_text([re.compile("Leadership")])
    # A name in another case is the same topic, so none is offered to be made.
    field.fill("THE PROFESSION")
    expect(editor.get_by_role("option")).to_have_text([re.compile("^The profession")])
    field.press("Enter")
    # A new one is made at once; what is in its name is only a name.
    field.fill("Night <b>calls")
    expect(editor.get_by_role("option").last).to_have_text("Create the topic “Night <b>calls”")
    field.press("Enter")
    expect(chips.get_by_role("listitem")).to_have_count(3)
    expect(field).to_be_focused()
    # Chips are removed by their button, and the last one by Backspace.
    chips.get_by_role("button", name="Remove Leadership").press("Enter")
    field.press("Backspace")
    expect(chips.get_by_role("listitem")).to_have_text([re.compile("The profession")])
    field.fill("night")
    field.press("Enter")
    line = editor.locator("[data-section=author-and-topics] [data-line]")
    expect(line).to_have_text(re.compile("2 topics$"))
    # The first that was chosen stays the first, until another is made it, by mouse or by keys.
    items = chips.get_by_role("listitem")
    expect(items).to_contain_text(["The professionFirst", "Night <b>calls"])
    chips.get_by_role("button", name="Night <b>calls: the first topic").press("Enter")
    expect(items).to_contain_text(["Night <b>callsFirst", "The profession"])
    made = chips.get_by_role("button", name="Night <b>calls: the first topic")
    expect(made).to_be_focused()
    expect(made).to_have_attribute("aria-pressed", "true")
    editor.get_by_role("button", name="Save draft").click()
    expect(items).to_contain_text(["Night <b>callsFirst", "The profession"])
    chips.get_by_role("button", name="The profession: the first topic").click()
    editor.get_by_role("button", name="Save draft").click()
    expect(items).to_contain_text(["The professionFirst", "Night <b>calls"])


def test_related_articles_are_put_in_order_by_keys_by_a_menu_and_by_drag(editor: Page) -> None:
    no_leave_taking(editor)
    address = published(editor)
    open_editor(editor, address)
    open_section(editor, "Related")
    cards = editor.locator(".row--card:visible .related__title")
    voice = editor.locator(".desk-voice")
    first, second, third = cards.all_inner_texts()
    handle = editor.get_by_role("button", name=f"Order: {second}")

    # Space lifts, arrows move, Esc takes back.
    handle.press(" ")
    expect(voice).to_contain_text("picked up, place 2 of 3")
    handle.press("ArrowDown")
    expect(cards).to_have_text([first, third, second])
    expect(voice).to_have_text("place 3 of 3")
    handle.press("Escape")
    expect(cards).to_have_text([first, second, third])
    expect(voice).to_contain_text("taken back, place 2 of 3")
    expect(handle).to_be_focused()
    # Enter puts down.
    for key in (" ", "ArrowUp", "Enter"):
        handle.press(key)
    expect(voice).to_contain_text("put down, place 1 of 3")
    expect(cards).to_have_text([second, first, third])
    # Without dragging.
    card = editor.locator(".row--card", has_text=third)
    card.get_by_text("Move…").click()
    card.get_by_role("button", name="To the top").click()
    expect(cards).to_have_text([third, second, first])
    # By drag.
    at = editor.get_by_role("button", name=f"Order: {third}").bounding_box()
    to = editor.get_by_role("button", name=f"Order: {first}").bounding_box()
    assert at
    assert to
    editor.mouse.move(at["x"] + 10, at["y"] + 10)
    editor.mouse.down()
    editor.mouse.move(to["x"] + 10, to["y"] + 200, steps=6)
    editor.mouse.up()
    expect(cards).to_have_text([second, first, third])
    # Removed, and one that is suggested added.
    editor.get_by_role("button", name=f"Remove {first}").click()
    suggested = editor.get_by_role("button", name=re.compile("^Add ")).first
    added = (suggested.get_attribute("aria-label") or "").removeprefix("Add ")
    suggested.click()
    expect(cards).to_have_text([second, third, added])
    expect(editor.locator("[data-section=related] [data-line]")).to_have_text("3 articles")
    # What is kept by itself, and what is saved, has this order.
    expect(editor.locator("#desk-saving")).to_contain_text("Saved")
    editor.get_by_role("button", name="Save for later").click()
    expect(editor.locator(".messagelist")).to_contain_text("Saved")
    open_editor(editor, address)
    open_section(editor, "Related")
    expect(cards).to_have_text([second, third, added])


def test_each_error_is_named_on_top_and_leads_to_its_field(phone: Page) -> None:
    open_editor(phone)
    phone.fill("#id_title", "Half done")
    phone.get_by_role("button", name="Details").click()
    open_section(phone, "Cover")
    picture = phone.locator("#id_cover + .select2 .select2-selection")
    picture.click()
    phone.locator(".select2-results__option").first.click()
    phone.get_by_role("button", name="Close the details").click()
    publish(phone)
    problems = phone.locator("[data-problems]")
    expect(problems).to_be_focused()
    expect(problems).to_contain_text("everything you typed is still here")
    expect(problems.get_by_role("link")).to_contain_text(
        ["Dek: Write the dek", "Text: Write the text", "Alternative text: The cover has no"]
    )
    assert phone.input_value("#id_title") == "Half done"
    # The section is open, the drawer opens over the text, and the field has the focus.
    problems.get_by_role("link", name="Alternative text").click()
    expect(phone.locator("#id_cover_alt")).to_be_focused()
    expect(phone.locator("#id_cover_alt")).to_be_in_viewport()
    phone.keyboard.press("Escape")
    problems.get_by_role("link", name="Dek").click()
    expect(phone.locator("#id_summary")).to_be_focused()
    problems.get_by_role("link", name="Write the text").click()
    phone.keyboard.type("Now there is a text.")
    expect(phone.locator("[data-words]")).to_have_text("5")


def test_on_a_phone_the_details_are_a_drawer_that_holds_the_focus(phone: Page) -> None:
    open_editor(phone)
    rail = phone.locator("[data-rail]")
    expect(rail).to_be_hidden()
    opener = phone.get_by_role("button", name="Details")
    opener.click()
    expect(phone.get_by_role("button", name="Close the details")).to_be_focused()
    for _ in range(25):
        phone.keyboard.press("Tab")
        assert phone.evaluate(
            "() => document.activeElement === document.body ||"
            " Boolean(document.activeElement.closest('[data-rail], .skip-to-content-link'))"
        )
    fill = phone.locator("#id_author + .select2 .select2-selection")
    fill.scroll_into_view_if_needed()
    fill.click()
    phone.locator(".select2-results__option").first.click()
    phone.keyboard.press("Escape")
    expect(rail).to_be_hidden()
    expect(opener).to_be_focused()
    phone.fill("#id_title", "From a phone")
    phone.get_by_role("button", name="Save draft").click()
    expect(phone.locator(".messagelist")).to_contain_text("Saved as a draft")


def test_a_date_ahead_makes_the_main_action_schedule(editor: Page) -> None:
    open_editor(editor)
    fill_in(editor, "For later")
    editor.frame_locator("iframe.cke_wysiwyg_frame").locator("body").click()
    editor.keyboard.type("A text.")
    editor.locator("summary", has_text="Publish…").click()
    editor.get_by_role("link", name="Choose a time").click()
    expect(editor.locator("#id_published_at_0")).to_be_focused()
    editor.keyboard.type("2099-12-01")
    editor.fill("#id_published_at_1", "9 am")
    understood = editor.locator("#id_published_at_zone")
    expect(understood).to_contain_text("Tuesday, December 1, 2099, 09:00 in New York.")
    editor.get_by_role("button", name="Schedule").click()
    expect(editor.locator(".messagelist")).to_contain_text("It will publish by itself on")


@pytest.mark.parametrize("kind", ["draft", "published", "error", "page"])
def test_axe_objects_to_nothing_light_and_dark_wide_and_narrow(editor: Page, kind: str) -> None:
    no_leave_taking(editor)
    address = {"draft": ADD, "error": ADD, "page": "/admin/posts/page/1/change/"}.get(kind)
    open_editor(editor, address or published(editor))
    if kind == "error":
        editor.fill("#id_title", "Not complete")
        publish(editor)
        expect(editor.locator("[data-problems]")).to_be_visible()
        editor.wait_for_function("() => window.CKEDITOR?.instances.id_body?.status === 'ready'")
    found = []
    for scheme in ("light", "dark"):
        editor.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        editor.set_viewport_size({"width": 1280, "height": 900})
        editor.evaluate(
            "() => { for (const part of document.querySelectorAll('details.rs')) part.open = true }"
        )
        found += [f"{scheme}, wide: {line}" for line in axe.violations(editor)]
        editor.set_viewport_size({"width": 390, "height": 844})
        found += [f"{scheme}, phone: {line}" for line in axe.violations(editor)]
        found += axe.sideways(editor)
        editor.get_by_role("button", name="Details").click()
        editor.wait_for_timeout(300)  # The drawer slides in.
        found += [f"{scheme}, drawer: {line}" for line in axe.violations(editor)]
        found += axe.sideways(editor)
        editor.get_by_role("button", name="Close the details").click()
    assert found == []


def test_the_dialogs_of_the_editor_are_dark_in_the_dark(editor: Page) -> None:
    editor.emulate_media(color_scheme="dark")
    open_editor(editor)
    for button in ("inserttable", "Special character…", "Find and replace…"):
        open_dialog(editor, button)
        dialog = editor.locator(".cke_dialog:visible")
        for part in (".cke_dialog_body", ".cke_dialog_title", ".cke_dialog_footer"):
            paper = dialog.locator(part).first.evaluate(
                "part => getComputedStyle(part).backgroundColor.match(/[0-9]+/g).map(Number)"
            )
            assert max(paper[:3]) < 80, (button, part, paper)
        dialog.locator(".cke_dialog_close_button").click()


def test_the_preview_shows_an_article_as_others_do_and_goes_on_in_a_tab_of_its_own(
    editor: Page, problems: list[str]
) -> None:
    editor.goto(published(editor))
    editor.locator(".eh").get_by_role("button", name="Preview").click()
    kind, frame = editor.locator("[data-as]"), editor.frame_locator("#desk-preview iframe")
    said = editor.locator("#desk-preview [data-preview-state]")
    for name, title in (
        ("Next issue", "h2 .title"),
        ("Search result", ".as-result__title"),
        ("Social card", ".as-card__title"),
        ("Article", ".article__title"),
    ):
        kind.select_option(label=name)
        expect(frame.locator(title)).to_contain_text("The Chair Is the Career")
        expect(said).to_have_text(re.compile(r"^As the text is now, \d\d:\d\d$"))
    assert axe.violations(editor) == []

    with editor.context.expect_page() as opened:
        editor.click("a[data-tab]")
    tab = opened.value
    shown = tab.frame_locator("iframe")
    expect(shown.locator(".article__title")).to_contain_text("The Chair Is the Career")
    tab.locator("[data-as]").select_option(label="Search result")
    editor.fill("#id_title", "Followed elsewhere")
    expect(shown.locator(".as-result__title")).to_have_text("Followed elsewhere")
    assert axe.violations(tab) == []

    # The last picture stays when the desk is away, and says since when.
    editor.context.route("**/preview/**", lambda route: route.fulfill(status=503))
    editor.fill("#id_title", "Not seen")
    expect(tab.locator("[data-preview-state]")).to_contain_text("Shown as of")
    expect(shown.locator(".as-result__title")).to_have_text("Followed elsewhere")
    editor.context.unroute("**/preview/**")
    assert [line for line in problems if "503" not in line] == []
    problems.clear()
    tab.get_by_role("button", name="Try again").click()
    expect(shown.locator(".as-result__title")).to_have_text("Not seen")
    editor.close()
    expect(tab.locator("[data-preview-state]")).to_contain_text("Its form was left.")


def test_settings_mark_what_changed_and_readers_have_it_after_the_save(
    editor: Page, page: Page
) -> None:
    editor.goto("/admin/publication/publication/")
    said = editor.locator("[data-settings-changed]")
    before = editor.input_value("#id_tagline")
    editor.fill("#id_tagline", "For those who sit up.")
    editor.fill("#id_postal_address", "P.O. Box, Anytown")
    editor.get_by_label("Saturday").check(force=True)
    expect(said).to_have_text("3 changes not saved yet")
    assert axe.violations(editor) == []
    editor.get_by_role("button", name="Save settings").click()
    # Nothing is saved, everything is there, and the list of what is wrong leads to the field.
    expect(editor.locator("[data-problems]")).to_be_focused()
    expect(said).to_have_text("3 changes not saved yet")
    editor.locator("[data-problems] a").click()
    expect(editor.locator("#id_postal_address")).to_be_focused()
    page.goto("/")
    expect(page.locator("h1")).to_have_text(before)
    editor.get_by_role("button", name="Discard").click()
    expect(editor.locator("#id_tagline")).to_have_value(before)
    expect(editor.get_by_label("Thursday")).to_be_checked()
    expect(said).to_have_text("")
    editor.fill("#id_tagline", "For those who sit up.")
    editor.get_by_role("button", name="Save settings").click()
    expect(editor.locator(".messagelist")).to_contain_text("Saved.")
    page.goto("/")
    expect(page.locator("h1")).to_have_text("For those who sit up.")
    editor.fill("#id_tagline", before)
    editor.get_by_role("button", name="Save settings").click()
    expect(editor.locator(".messagelist")).to_contain_text("Saved.")
