"""The library: pictures go in, get their words, and are cropped, by hand and by keys."""

import re
from pathlib import Path

import pytest
from PIL import Image as Pillow
from playwright.sync_api import Browser, Locator, Page, Route, StorageState, expect

from audit import axe
from tests.browser.conftest import note_problems
from tests.browser.stack import Stack
from tests.browser.test_editor import open_editor

LIST = "/admin/posts/image/"
DROP_ALL = """(named) => {
  const files = new DataTransfer();
  for (const [name, bytes] of named) {
    files.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  }
  for (const kind of ["dragover", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }),
    );
  }
}"""
DROP = """async ([name, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  for (const kind of ["dragover", "drop"]) {
    document.body.dispatchEvent(
      new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }),
    );
  }
}"""


def picture(folder: Path, name: str, colour: tuple[int, int, int]) -> Path:
    path = folder / name
    Pillow.new("RGB", (600, 400), colour).save(path)
    return path


def row(page: Page, name: str) -> Locator:
    return page.locator(".upload").filter(has_text=name)


def choose(page: Page, *files: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("link", name="Add pictures…").click()
    chooser.value.set_files(files)


def test_pictures_go_in_together_and_get_their_words_at_once(editor: Page, tmp_path: Path) -> None:
    editor.goto(LIST)
    one = picture(tmp_path, "night-desk.png", (12, 40, 90))
    big = tmp_path / "poster.png"
    big.write_bytes(bytes(13_000_000))
    choose(editor, one, big)
    expect(row(editor, "night-desk.png")).to_contain_text("Added: night desk")
    expect(row(editor, "poster.png")).to_contain_text("This picture is 13 MB; the limit is 12 MB")
    expect(editor.locator("#uploads-title")).to_have_text("1 picture added, 1 not added")
    words = editor.get_by_label("Alt text of night desk")
    words.fill("A desk at night")
    words.press("Enter")
    expect(row(editor, "night-desk.png").get_by_role("status")).to_have_text("Saved")

    # Dropped somewhere on the page, it is recognised.
    editor.evaluate(DROP, ["again.png", list(one.read_bytes())])
    expect(row(editor, "again.png")).to_contain_text("This picture is here already: night desk")

    # One that is stopped is not lost, and goes again.
    held: list[Route] = []
    editor.route("**/desk/upload/", lambda route: held.append(route))
    choose(editor, picture(tmp_path, "console.png", (90, 12, 40)))
    slow = row(editor, "console.png")
    slow.get_by_role("button", name="Stop: console.png").click()
    expect(slow).to_contain_text("Stopped")
    editor.unroute("**/desk/upload/")
    slow.get_by_role("button", name="Try again: console.png").click()
    # The first try may have reached the server before it was stopped.
    expect(slow).to_contain_text(re.compile("(Added|here already): console"))

    editor.get_by_role("link", name="Show them in the library").click()
    card = editor.locator(".picture").filter(has_text="night desk")
    expect(card).to_contain_text("600 × 400 · used nowhere")
    expect(card).not_to_contain_text("Needs alt text")
    editor.get_by_role("link", name=re.compile("Without alt text")).click()
    expect(editor.locator(".picture").filter(has_text="night desk")).to_have_count(0)
    console = editor.get_by_role("link", name="console", exact=True)
    expect(editor.locator(".picture").filter(has=console)).to_be_visible()


def test_twenty_are_dropped_at_once_each_with_its_progress(
    editor: Page, tmp_path: Path, problems: list[str]
) -> None:
    editor.goto(LIST)
    files = []
    for number in range(20):
        made = picture(tmp_path, f"shift-{number:02}.png", (number * 12, 60, 200 - number * 9))
        files.append([made.name, list(made.read_bytes())])
    files[7][1] = list(b"This is no picture.")
    held: list[Route] = []
    goes_on = False
    editor.route(
        "**/desk/upload/", lambda route: route.continue_() if goes_on else held.append(route)
    )
    editor.evaluate(DROP_ALL, files)
    expect(editor.locator(".upload")).to_have_count(20)
    # Three go at once, and each has its own progress; the others wait.
    expect(editor.locator(".upload").get_by_role("progressbar")).to_have_count(3)
    expect(editor.locator(".upload--waiting")).to_have_count(17)
    expect(editor.locator("#uploads-title")).to_have_text("Adding 20 pictures")
    goes_on = True
    for route in held:
        route.continue_()
    expect(editor.locator("#uploads-title")).to_have_text("19 pictures added, 1 not added")
    for number in range(20):
        words = "not a picture we can read" if number == 7 else f"Added: shift {number:02}"
        expect(row(editor, f"shift-{number:02}.png")).to_contain_text(words)
    # The browser reports the answer about the bad one.
    [refused] = problems
    assert "400" in refused
    problems.clear()
    editor.goto(f"{LIST}?q=shift")
    expect(editor.locator(".picture")).to_have_count(19)


def test_a_picture_is_cropped_by_dragging_and_put_back(editor: Page, tmp_path: Path) -> None:
    editor.goto(LIST)
    choose(editor, picture(tmp_path, "wide-room.png", (40, 90, 12)))
    editor.get_by_role("link", name="wide room").click()
    editor.get_by_role("link", name="Crop, turn or replace…").click()
    stage = editor.locator(".crop__stage--live")
    box = stage.bounding_box()
    assert box
    editor.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    editor.mouse.down()
    editor.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.75, steps=4)
    editor.mouse.up()
    assert 45 <= float(editor.get_by_label("Width").input_value()) <= 55
    # By the keyboard, more exactly.
    for name, value in (("From the left", "25"), ("Width", "50"), ("Height", "50")):
        editor.get_by_label(name).fill(value)
    editor.get_by_label("From the top").fill("0")
    editor.get_by_role("button", name="Save this part").click()
    expect(editor.locator(".messagelist")).to_contain_text("Texts, covers and lists show the new")
    expect(editor.locator(".field-size")).to_contain_text("300 × 200")
    editor.get_by_role("link", name="Crop, turn or replace…").click()
    expect(editor.get_by_label("From the left")).to_have_value("25.0")
    editor.get_by_role("button", name="Use this again").click()
    expect(editor.locator(".field-size")).to_contain_text("600 × 400")


def test_an_open_text_shows_what_a_picture_became(editor: Page, tmp_path: Path) -> None:
    editor.goto(LIST)
    choose(editor, picture(tmp_path, "map-table.png", (20, 20, 120)))
    expect(row(editor, "map-table.png")).to_contain_text("Added: map table")
    address = editor.get_by_role("link", name="map table").get_attribute("href") or ""
    open_editor(editor)
    editor.get_by_role("button", name="Picture", exact=False).first.click()
    window = editor.get_by_role("dialog", name="Choose a picture")
    window.get_by_role("radio", name="map table").check()
    window.get_by_label("Alternative text").fill("A table with a map")
    window.get_by_role("button", name="Put it into the text").click()
    shown = editor.frame_locator("iframe.cke_wysiwyg_frame").locator(
        'img[alt="A table with a map"]'
    )
    expect(shown).to_be_visible()
    former = shown.get_attribute("src")
    other = editor.context.new_page()
    other.goto(address)
    other.get_by_role("link", name="Crop, turn or replace…").click()
    other.get_by_label("Width").fill("50")
    other.get_by_role("button", name="Save this part").click()
    expect(other.locator(".field-size")).to_contain_text("300 × 400")
    other.close()
    # Headless Chromium hides no tab, so the page is told that somebody came back to it.
    editor.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(shown).not_to_have_attribute("src", former or "")
    text = editor.evaluate("() => Object.values(CKEDITOR.instances)[0].getData()")
    assert former and former in text
    assert shown.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 300


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_objects_to_nothing_in_the_library(
    browser: Browser,
    stack: Stack,
    signed_in: StorageState,
    problems: list[str],
    width: int,
    scheme: str,
    tmp_path: Path,
) -> None:
    context = browser.new_context(
        base_url=stack.url,
        viewport={"width": width, "height": 900},
        storage_state=signed_in,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.on("page", lambda page: note_problems(page, problems))
    page = context.new_page()
    page.goto(LIST)
    name = f"axe-{width}-{scheme}.png"
    choose(page, picture(tmp_path, name, (width % 250, 20 if scheme == "dark" else 200, 9)))
    expect(row(page, name)).to_contain_text("Added")
    seen = [look(page)]
    page.get_by_role("link", name=f"axe {width} {scheme}").first.click()
    page.wait_for_url("**/change/")
    seen.append(look(page))
    page.get_by_role("link", name="Crop, turn or replace…").click()
    expect(page.locator(".crop__stage--live")).to_be_visible()
    seen.append(look(page))
    assert seen == [[]] * 3
    context.close()


def look(page: Page) -> list[str]:
    """Return what is wrong with a page, and what makes it wider than the screen."""
    return [*axe.violations(page), *axe.sideways(page)]
