"""`python -m audit.looks [word …]`: all pages and mails side by side, for whoever designs next.

Takes a screenshot of each page type of a scratch installation with the demo at 320, 390, 768 and
1440 px, light and dark. Writes them, and one HTML page that shows them side by side, to looks/,
which git ignores. So does it with each kind of mail, in every look that a mail program gives it
(audit/mails.py). With words, only what has one in its name; each mail has the word "mail".
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from audit import mails
from audit.pages import ROOT, PageType
from audit.site import collect_static, site
from audit.tools import chromium

LOOKS = ROOT / "looks"
WIDTHS = (320, 390, 768, 1440)
SCHEMES = ("light", "dark")
HEIGHT = {320: 640, 390: 844, 768: 1024, 1440: 900}
# Lazy pictures, as a reader who has scrolled sees them.
ALL_PICTURES = """() => Promise.all([...document.images].map((image) => {
    image.loading = "eager";
    return image.complete || new Promise((done) => { image.onload = image.onerror = done; });
}))"""
SHEET = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The looks of The Alarm Room</title>
<style>
body {{ margin: 2rem; background: #777; color: #fff; font: 1rem/1.4 system-ui, sans-serif; }}
h2 {{ margin: 3rem 0 0.5rem; }}
.row {{ display: flex; gap: 1rem; align-items: flex-start; overflow-x: auto; }}
figure {{ margin: 0; flex: none; }}
figcaption {{ font-size: 0.8125rem; }}
img {{ display: block; height: auto; box-shadow: 0 0 1rem rgb(0 0 0 / 40%); }}
</style>
<h1>{count} pictures</h1>
{rows}</html>
"""


def take(words: list[str]) -> Path:
    """Take the screenshots whose names contain a word, or all of them; return the sheet."""
    LOOKS.mkdir(exist_ok=True)
    rows: list[str] = []
    count = 0
    letters: dict[str, str] = {}

    def collect(env: dict[str, str]) -> None:
        collect_static(env)
        letters.update(mails.mails(env))

    with site(collect) as (url, types), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        for each in types:
            if words and not any(word in each.name for word in words):
                continue
            shots = list(shots_of(browser, url, each))
            count += len(shots)
            rows.append(f'<h2>{escape(each.name)}</h2>\n<div class="row">{"".join(shots)}</div>\n')
            print(each.name)
        for name, html in letters.items():
            if words and not any(word in f"mail {name}" for word in words):
                continue
            found = list(mails.rows(browser, {name: html}, LOOKS))
            count += sum(row.count("<figure>") for row in found)
            rows += found
            print(f"mail {name}")
        browser.close()
    sheet = LOOKS / "index.html"
    sheet.write_text(SHEET.format(count=count, rows="".join(rows)), "utf-8")
    return sheet


def shots_of(browser: Browser, url: str, each: PageType) -> Iterator[str]:
    """Take the screenshots of one page type; yield the HTML of each."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            context = browser.new_context(
                base_url=url,
                viewport={"width": width, "height": HEIGHT[width]},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.goto(each.path)
            page.wait_for_load_state("networkidle")
            page.evaluate(ALL_PICTURES)
            name = "".join(one if one.isalnum() else "-" for one in each.name)
            file = f"{name}-{width}-{scheme}.png"
            page.screenshot(path=LOOKS / file, full_page=True)
            context.close()
            yield (
                f"<figure><figcaption>{width} px, {scheme}</figcaption>"
                f'<a href="{file}"><img src="{file}" width="{min(width, 480)}" alt=""'
                f' loading="lazy"></a></figure>'
            )


if __name__ == "__main__":
    print(take(sys.argv[1:]).relative_to(ROOT))
