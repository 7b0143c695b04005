"""`python -m audit.guide [word …]`: take the screenshots of docs/editors-guide.md anew.

Each is taken on a scratch installation with the demo, by the steps that an editor would take, and
stored in docs/guide/ as WebP. With words, only those whose name contains one.
"""

from __future__ import annotations

import io
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from audit.lighthouse import FLAGS
from audit.site import collect_static, site
from audit.tools import chromium
from bench.scratch import manage

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "guide"
WIDTH = 1280  # px
QUALITY = 72  # of WebP: letters stay sharp, and a picture has some 40 kB
NAME = "ruth"


def nothing(page: Page) -> None:
    """Take the page as it opens."""


@dataclass(frozen=True)
class Shot:
    """One screenshot: its name, the page, what is done on it, and how much of it is shown."""

    name: str
    path: str
    do: Callable[[Page], None] = nothing
    height: int = 800


def preview(page: Page) -> None:
    page.click("[data-preview]")
    page.wait_for_timeout(2500)  # ms: the frame's own pictures


def blocks(page: Page) -> None:
    page.frame_locator("iframe.cke_wysiwyg_frame").locator("blockquote").first.evaluate(
        "quote => quote.scrollIntoView({block: 'center'})"
    )


def publish(page: Page) -> None:
    page.fill("#id_title", "The Quiet Hour Before the Day Shift")
    page.fill("#id_summary", "What a handover needs, and how four minutes are enough for it.")
    page.wait_for_timeout(2500)  # ms: the checks follow what is typed
    page.click("[data-menu-name]")


def history(page: Page) -> None:
    """Change a sentence, save it for later, and compare it with what readers see."""
    page.goto("/admin/posts/post/1/change/")
    page.wait_for_load_state("networkidle")
    page.fill(
        "#id_summary", "Elected officials fund what they can picture. Show it in five minutes."
    )
    with page.expect_navigation():
        page.get_by_role("button", name="Save for later").click()
    page.goto("/admin/posts/post/1/compare/?from=readers&to=now")
    page.wait_for_load_state("networkidle")


SHOTS: tuple[Shot, ...] = (
    Shot("home", "/admin/"),
    Shot("write", "/admin/posts/post/1/change/"),
    Shot("blocks", "/admin/posts/post/1/change/", blocks),
    Shot("library", "/admin/posts/image/"),
    Shot("preview", "/admin/posts/post/1/change/", preview),
    Shot("publish", "/admin/posts/post/add/", publish, height=560),
    Shot("history", "/admin/", history),
    Shot("articles", "/admin/posts/post/", height=700),
    Shot("issue", "/admin/newsletter/issue/3/change/"),
    Shot("settings", "/admin/publication/publication/1/change/"),
    Shot("signing-in", "/admin/account/", height=640),
)


def take(words: list[str]) -> None:
    """Take the screenshots whose names contain a word; all of them without words."""
    wanted = [shot for shot in SHOTS if not words or any(word in shot.name for word in words)]
    password = secrets.token_urlsafe(12)

    def prepare(env: dict[str, str]) -> None:
        account = {"USERNAME": NAME, "EMAIL": "ruth@example.org", "PASSWORD": password}
        values = {f"DJANGO_SUPERUSER_{name}": value for name, value in account.items()}
        manage({**env, **values}, "createsuperuser", "--no-input")
        collect_static(env)

    PICTURES.mkdir(exist_ok=True)
    with site(prepare, SECOND_FACTOR_REQUIRED="off") as (url, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS.split()[1:])
        context = browser.new_context(base_url=url, viewport={"width": WIDTH, "height": 800})
        page = context.new_page()
        page.goto("/admin/")
        page.fill("#id_username", NAME)
        page.fill("#id_password", password)
        page.keyboard.press("Enter")
        page.wait_for_url(url + "/admin/")
        for shot in wanted:
            page.set_viewport_size({"width": WIDTH, "height": shot.height})
            page.goto(shot.path)
            page.wait_for_load_state("networkidle")
            shot.do(page)
            page.wait_for_timeout(400)  # ms, for what fades in
            store(page.screenshot(animations="disabled"), shot.name)
            print(shot.name)
        browser.close()


def store(png: bytes, name: str) -> None:
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    take(sys.argv[1:])
