"""The grid: two left edges, three sizes of titles, rows of equal tiles, the first screen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from audit.pages import PageType

WIDTHS = (320, 390, 768, 1440)
GUTTER, RAIL, GAP, FRAME = 32, 264, 32, 1152  # px, from 64rem up
# The left edge of each thing in a page's body that is text or a picture by itself.
EDGES = """() => {
    const parts = "h1, .prose > p, .prose > h2, .label, .card__title, .lead__title, .tape,"
        + " .page-head__facts, .contents__title, .byline__who, .topics__list, .cover img,"
        + " .signup__title, .wordmark";
    const inside = ".cards > :not(:nth-child(3n + 1)), .front__seconds, .invite, .panel";
    return [...document.querySelectorAll(parts)]
        .filter(part => part.checkVisibility() && !part.closest(inside))
        .map(part => {
            const { left } = part.getBoundingClientRect();
            return [part.getAttribute("class") || part.tagName, Math.round(left)];
        });
}"""
ROWS = """() => [...document.querySelectorAll(".cards > .card")].map((card) => {
    const { width, left, top } = card.getBoundingClientRect();
    return [Math.round(width), Math.round(left), Math.round(top)];
})"""
SHIFT = """window.moved = 0; new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.moved += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture
def reader(browser: Browser, deployed: tuple[str, list[PageType]]) -> Iterator[Page]:
    context = browser.new_context(base_url=deployed[0], reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture
def types(deployed: tuple[str, list[PageType]]) -> list[PageType]:
    return deployed[1]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_type_has_the_same_two_left_edges(
    reader: Page, types: list[PageType], width: int
) -> None:
    reader.set_viewport_size({"width": width, "height": 900})
    side = max((width - FRAME) // 2, GUTTER) if width >= 1024 else None
    wrong = []
    for each in types:
        reader.goto(each.path)
        edges = reader.evaluate(EDGES)
        gutter = round(min(max(16, 0.052 * width), 32))
        allowed = {gutter} if side is None else {side, side + RAIL + GAP}
        # On a phone the cover is as wide as the screen. Without a rail, an author's name stands
        # beside the photo.
        wrong += [
            f"{each.name}: {name} at {left}"
            for name, left in edges
            if not any(abs(left - edge) <= 1 for edge in allowed)
            and not (width < 768 and left == 0)
            and not (side is None and each.name == "author" and name.startswith("page-head"))
        ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", WIDTHS)
def test_titles_of_pages_have_three_sizes(reader: Page, types: list[PageType], width: int) -> None:
    reader.set_viewport_size({"width": width, "height": 900})
    sizes: dict[float, set[str]] = {}
    for each in types:
        reader.goto(each.path)
        size = reader.locator("h1").evaluate("h1 => getComputedStyle(h1).fontSize")
        sizes.setdefault(round(float(size.removesuffix("px")), 1), set()).add(each.name)
    assert len(sizes) == 3, sizes
    if width == 390:
        assert max(sizes) == pytest.approx(32, abs=0.5)
    if width == 1440:
        assert max(sizes) == pytest.approx(48, abs=0.5)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_last_row_of_tiles_is_as_large_as_the_others(reader: Page, width: int) -> None:
    """The tiles are those of the front page, in every number from 1 to 13."""
    reader.set_viewport_size({"width": width, "height": 900})
    reader.goto("/")
    for count in range(1, 14):
        reader.evaluate(
            """count => {
                const list = document.querySelector(".cards");
                const one = list.firstElementChild;
                list.replaceChildren(...Array.from({length: count}, () => one.cloneNode(true)));
            }""",
            count,
        )
        tiles = reader.evaluate(ROWS)
        assert len({tile[0] for tile in tiles}) == 1, (count, tiles)
        across = 3 if width >= 768 else 1
        assert len({tile[1] for tile in tiles}) == min(across, count), (count, tiles)
        assert len({tile[2] for tile in tiles}) == -(-count // across), (count, tiles)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_the_text_of_every_article_begins_on_the_first_screen(
    reader: Page, width: int, height: int
) -> None:
    reader.set_viewport_size({"width": width, "height": height})
    reader.goto("/")
    links = reader.locator(".card__title a, .lead__title a").all()
    paths = [link.get_attribute("href") or "" for link in links]
    paths = [path for path in paths if "audit" not in path]
    assert len(paths) >= 6
    late = []
    for path in paths:
        reader.goto(path)
        box = reader.locator(".prose > p").first.bounding_box()
        line = float(
            reader.locator(".prose > p")
            .first.evaluate("p => getComputedStyle(p).lineHeight")
            .removesuffix("px")
        )
        assert box
        if box["y"] + line > height:
            late.append(f"{path}: {box['y'] + line:.0f}")
    assert not late, "\n".join(late)


@pytest.mark.parametrize("path", ["/", "article"])
@pytest.mark.parametrize("held", [0, 2500])  # ms
def test_nothing_moves_when_the_typeface_comes_late_or_at_once(
    browser: Browser, deployed: tuple[str, list[PageType]], path: str, held: int
) -> None:
    url, types = deployed
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked: list[str] = []

    def hold(route: Route) -> None:
        asked.append(route.request.url)
        page.wait_for_timeout(held) if held else None
        route.continue_()

    context.route(re.compile(r"\.woff2$"), hold)
    context.add_init_script(SHIFT)
    address = path if path == "/" else next(each.path for each in types if each.name == path)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    assert len(asked) == 1
    assert page.evaluate("window.moved") == 0
    context.close()
