"""Types into an article of 5,000 words in Chromium, and says for how long a key blocks the page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.conftest import chromium

KEYS = "Dispatchers answer the call, and stay on the line. "
# Work of more than 50 ms in one piece is a long task: the browser can draw nothing meanwhile.
WATCH = """() => {
  window.benchTasks = [];
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) window.benchTasks.push(each.duration);
  }).observe({type: "longtask", buffered: false});
}"""
# How long the handlers of a key run, in the frame of the text.
HANDLERS = """() => {
  window.benchKeys = [];
  const begin = {};
  addEventListener("keydown", () => { begin.at = performance.now(); }, true);
  addEventListener("keyup", () => {}, true);
  document.addEventListener("input", () => {
    setTimeout(() => window.benchKeys.push(performance.now() - begin.at), 0);
  });
}"""


def longest_block(url: str, session: str, article: int) -> dict[str, float]:
    """Return how long a key kept the page busy, in milliseconds, and how often it was saved."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
        page = context.new_page()
        saves: list[str] = []
        page.on("request", lambda sent: _note(sent, saves))
        page.goto(f"/admin/posts/post/{article}/change/")
        frame_element = page.wait_for_selector("iframe.cke_wysiwyg_frame")
        frame: Any = frame_element.content_frame() if frame_element else None
        frame.wait_for_selector("p")
        page.wait_for_timeout(3000)
        frame.locator("p").nth(40).click()
        frame.evaluate(HANDLERS)
        page.evaluate(WATCH)
        saves.clear()
        page.keyboard.type(KEYS, delay=90)
        page.wait_for_timeout(2500)
        tasks = page.evaluate("() => window.benchTasks")
        keys = frame.evaluate("() => window.benchKeys")
        browser.close()
    return {
        "keys": len(keys),
        "median": sorted(keys)[len(keys) // 2],
        "longest": max([*keys, *tasks]),
        "saves": len(saves),
    }


def _note(sent: Any, saves: list[str]) -> None:
    if sent.method == "POST" and "working-copy" in sent.url:
        saves.append(sent.url)
