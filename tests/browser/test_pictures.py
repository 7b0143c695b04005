"""What a phone loads: few bytes and the right copy of each picture, without layout shifts."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Response

from audit.pages import PageType
from tests.browser.conftest import note_problems


@pytest.fixture
def phone(
    browser: Browser, deployed: tuple[str, list[PageType]], problems: list[str]
) -> Iterator[Page]:
    """A reader's phone: 375 px wide, two pixels of the screen for each."""
    context = browser.new_context(
        base_url=deployed[0], viewport={"width": 375, "height": 844}, device_scale_factor=2
    )
    page = context.new_page()
    note_problems(page, problems)
    yield page
    context.close()


def pictures(page: Page, path: str) -> list[tuple[str, Response]]:
    """Open a page, scroll through it, and return the pictures that it fetched, by their paths."""
    got: list[tuple[str, Response]] = []

    def note(response: Response) -> None:
        if urlsplit(response.url).path.startswith("/media/"):
            got.append((urlsplit(response.url).path, response))

    page.on("response", note)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    for _ in range(30):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(50)
    page.wait_for_load_state("networkidle")
    page.remove_listener("response", note)
    return got


def test_a_phone_takes_the_avif_that_fits_its_screen(phone: Page) -> None:
    got = [path for path, _ in pictures(phone, "/")]
    # Each cover of the demo once: the first three as wide as the screen, the others beside text.
    assert len(got) >= 8
    copies = [path for path in got if path.startswith("/media/renditions/")]
    lead = [path for path in copies if path.endswith("-750.avif")]
    assert len(lead) == 3
    # A drawing that is smaller as WebP has no AVIF.
    others = {path.rsplit("-", 1)[1] for path in copies if path not in lead}
    assert others <= {"320.avif", "320.webp"}
    assert len([path for path in copies if path.endswith(".avif")]) >= 6
    # The others are the covers of the sign-up box, at 2x density.
    covers = [path for path in got if path not in copies]
    assert len(covers) == 2
    assert all(path.endswith("-160.avif") for path in covers)


def test_an_article_on_a_phone_takes_the_cover_in_the_width_of_its_screen(phone: Page) -> None:
    phone.goto("/")
    address = phone.locator("main .lead a").first.get_attribute("href")
    assert address
    got = pictures(phone, address)
    paths = [path for path, _ in got]
    assert [path for path in paths if path.endswith("-750.avif")]
    assert not [path for path in paths if path.endswith(("-1200.avif", "-1600.avif"))]
    for _, response in got:
        assert response.headers["content-type"] in {"image/avif", "image/jpeg"}
        assert "immutable" in response.headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "lead", "/weekly-alarm/"])
def test_every_picture_has_its_size_and_no_page_jumps(phone: Page, path: str) -> None:
    phone.goto("/")
    if path == "lead":
        path = phone.locator("main .lead a").first.get_attribute("href") or ""
    phone.add_init_script(
        "window.jumps = 0; new PerformanceObserver((list) => { for (const entry of "
        "list.getEntries()) if (!entry.hadRecentInput) window.jumps += entry.value; })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    pictures(phone, path)
    assert phone.evaluate("window.jumps") < 0.01
    for image in phone.locator("img").all():
        assert int(image.get_attribute("width") or 0) > 0
        assert int(image.get_attribute("height") or 0) > 0
        assert image.get_attribute("alt") is not None
    first = phone.locator("img[fetchpriority=high]")
    assert first.count() <= 1


def test_an_article_reaches_a_phone_in_four_requests_and_25_kilobytes(
    phone: Page, deployed: tuple[str, list[PageType]]
) -> None:
    asked: dict[str, int] = {}

    def note(request: Request) -> None:
        if request.resource_type != "image":
            sizes = request.sizes()
            asked[request.url] = sizes["responseHeadersSize"] + sizes["responseBodySize"]

    path = next(each.path for each in deployed[1] if each.name == "article")
    # A kept page is compressed harder than the one that nobody asked for before.
    phone.request.get(path)
    phone.on("requestfinished", note)
    phone.goto(path)
    phone.wait_for_load_state("networkidle")
    assert len(asked) == 4, asked
    assert sum(asked.values()) <= 25_000, asked
