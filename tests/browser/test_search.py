"""Searching with the keyboard only, with and without script."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.stack import Stack


def test_suggestions_are_chosen_by_keyboard(page: Page) -> None:
    page.goto("/search/")
    field = page.get_by_role("combobox", name="Words to look for")
    field.focus()
    page.keyboard.type("dispatch")
    expect(page.get_by_role("option").first).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = page.get_by_role("option").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", second.get_attribute("id") or "-")
    page.keyboard.press("Enter")
    page.wait_for_url("**/articles/**")


def test_typing_after_selecting_a_suggestion_searches_for_the_text(page: Page) -> None:
    page.goto("/search/")
    field = page.get_by_role("combobox", name="Words to look for")
    field.focus()
    page.keyboard.type("dispatch")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    # Before the next suggestions can have arrived.
    field.evaluate(
        """field => {
          field.value += "ers";
          field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        }"""
    )
    expect(field).not_to_have_attribute("aria-activedescendant", re.compile("."))
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=dispatchers**")


def test_escape_closes_the_suggestions_and_enter_searches(page: Page) -> None:
    page.goto("/search/")
    field = page.get_by_role("combobox", name="Words to look for")
    field.focus()
    page.keyboard.type("dispatch")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(field).to_have_value("dispatch")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=dispatch**")
    expect(page.locator(".hit mark").first).to_be_visible()


def test_a_suggestion_is_chosen_with_the_pointer(page: Page) -> None:
    page.goto("/search/")
    page.get_by_role("combobox").press_sequentially("fire")
    page.get_by_role("option", name="Fire dispatch").first.click()
    page.wait_for_url("**/tags/fire-dispatch/")


def test_without_script_it_is_a_plain_form(browser: Browser, stack: Stack) -> None:
    context = browser.new_context(base_url=stack.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/search/")
    page.get_by_label("Words to look for").fill("dispatchers")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=dispatchers**")
    expect(page.locator(".hit").first).to_be_visible()
    page.get_by_role("link", name="Newest first").click()
    page.locator(".filters__link", has_text="Leadership").click()
    page.wait_for_url("**tag=leadership**sort=date**")
    expect(page.locator(".hit").first).to_be_visible()
    context.close()


def test_the_slash_key_leads_to_the_field_and_can_be_switched_off(page: Page) -> None:
    page.goto("/topics/")
    page.keyboard.press("/")
    page.wait_for_url("**/search/#q")
    field = page.get_by_role("combobox", name="Words to look for")
    expect(field).to_be_focused()
    page.keyboard.type("a/b")
    expect(field).to_have_value("a/b")
    page.get_by_role("button", name="Switch it off").press("Enter")
    page.goto("/topics/")
    page.keyboard.press("/")
    page.goto("/search/")
    expect(field).not_to_be_focused()
    page.get_by_role("button", name="Switch it on").press("Enter")
    page.keyboard.press("/")
    expect(field).to_be_focused()


def test_the_field_holds_twelve_characters_at_twice_the_type(
    browser: Browser, stack: Stack
) -> None:
    context = browser.new_context(base_url=stack.url, viewport={"width": 390, "height": 844})
    page = context.new_page()
    for path in ("/search/", "/search/?q=marcheti"):
        page.goto(path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        characters = page.locator("main input[type=search]").evaluate(
            """(field) => {
                const style = getComputedStyle(field);
                const pen = document.createElement("canvas").getContext("2d");
                pen.font = style.font;
                const inside = field.clientWidth
                    - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
                return inside / pen.measureText("0").width;
            }"""
        )
        assert characters >= 12, path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    context.close()


def test_filters_are_folded_on_a_phone_and_open_beside_the_results(
    browser: Browser, stack: Stack
) -> None:
    for scripts in (True, False):
        context = browser.new_context(
            base_url=stack.url,
            viewport={"width": 390, "height": 844},
            java_script_enabled=scripts,
        )
        page = context.new_page()
        page.goto("/search/?q=dispatch&tag=training")
        link = page.get_by_role("link", name="All topics")
        expect(page.get_by_text("Filter: Training")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_contain_text("in Training")
        expect(link).to_be_hidden()
        page.get_by_text("Filter: Training").click()
        expect(link).to_be_visible()
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto("/search/?q=dispatch")
        expect(link).to_be_visible()
        context.close()
