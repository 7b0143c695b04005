"""axe-core in a page that is open in Playwright, and whether the page scrolls sideways."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

SOURCE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# WCAG 2.2 A and AA hold what 2.0 and 2.1 ask for; axe's best practices come on top.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
# Those whose result depends on colours: nothing else differs between light and dark.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
RUN = """([type, values, within]) => axe.run(within ?? document, {
    runOnly: {type, values}, resultTypes: ["violations"],
})"""
SIDEWAYS = """() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    const wide = [...document.body.querySelectorAll("*")].filter(
        element => element.getBoundingClientRect().right > room + 0.5);
    return ["scrolls sideways: " + document.documentElement.scrollWidth + " px in " + room,
        ...wide.slice(0, 5).map(element => "  " + element.outerHTML.slice(0, 120))];
}"""
# Colours fade within some milliseconds. What moves without an end stays as it is.
END_FADING = """() => {
    for (const one of document.getAnimations()) {
        if (one.effect.getComputedTiming().endTime !== Infinity) one.finish();
    }
}"""
# Text in a box that hides its overflow. Text for screen readers only is in boxes of one pixel.
CUT_OFF = """() => [...document.body.querySelectorAll("*")].filter(element => {
    const style = getComputedStyle(element);
    const hides = [style.overflowX, style.overflowY].some(x => x === "hidden" || x === "clip");
    return hides && element.clientWidth > 2 && element.clientHeight > 2
        && element.innerText && element.innerText.trim() && !element.closest("svg")
        && (element.scrollWidth > element.clientWidth + 1
            || element.scrollHeight > element.clientHeight + 1);
}).map(element => "cuts text off: " + element.outerHTML.slice(0, 120))"""
# All sizes in the style sheets are relative to the reader's font size in the browser.
DOUBLE = """() => {
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
    document.documentElement.style.fontSize = 2 * size + "px";
}"""


def violations(
    page: Page, *, only: list[str] | None = None, within: str | None = None
) -> list[str]:
    """Return one line for each element of the page that breaks a rule.

    `only` names the rules to ask for; without it, all of RULES are. `within` is a selector: what
    lies dimmed behind a window, for example, is not looked at.

    Playwright runs the script outside the page's Content-Security-Policy, which stays unchanged.
    """
    # After a click, the address is the new page's while its elements are still on their way.
    page.wait_for_load_state()
    page.evaluate(SOURCE)
    page.evaluate(END_FADING)
    found = page.evaluate(RUN, [*(["rule", only] if only else ["tag", RULES]), within])
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: "
        + node["failureSummary"].replace("\n", " ")
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def sideways(page: Page) -> list[str]:
    """Return the elements that make the page scroll sideways, or an empty list."""
    found: list[str] = page.evaluate(SIDEWAYS)
    return found


def cut_off(page: Page) -> list[str]:
    """Return the elements that cut off a part of their text."""
    found: list[str] = page.evaluate(CUT_OFF)
    return found


def double_text(page: Page) -> None:
    """Set the text to 200 %, as a reader does in the browser."""
    page.evaluate(DOUBLE)
