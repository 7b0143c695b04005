"""The `sizes` attribute of each picture matches the width that the style sheet gives it."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from audit.pages import PageType

WIDTHS = (320, 390, 768, 1024, 1280, 1440)
# For each picture with several widths: its source, its width by `sizes`, and the width in which it
# is drawn. A cropped picture is drawn wider than its box.
PICTURES = r"""() => {
    const probe = document.body.appendChild(document.createElement("div"));
    probe.style.position = "absolute";
    const said = (sizes) => {
        for (const entry of sizes.split(/,\s*(?![^(]*\))/)) {
            const [, condition, length] = entry.match(/^(\([^)]*\))?\s*(.+)$/);
            if (condition && !matchMedia(condition).matches) continue;
            probe.style.width = length;
            return probe.getBoundingClientRect().width;
        }
    };
    const found = [...document.querySelectorAll("main img[sizes]")].map((img) => {
        const { width, height } = img.getBoundingClientRect();
        const across = height * img.getAttribute("width") / img.getAttribute("height");
        const fit = getComputedStyle(img).objectFit;
        const drawn = { cover: Math.max(width, across), contain: Math.min(width, across) };
        return {
            at: `${img.closest("[class]:not(img)").className} (${img.className})`,
            said: said(img.sizes),
            drawn: drawn[fit] ?? width,
        };
    });
    probe.remove();
    return found;
}"""


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("front", {"lead__cover", "card__cover"}),
        ("article", {"cover", "card__cover"}),
        ("article, everything", {"cover", "wide", "prose"}),
        ("article, tall", {"cover", "wide", "prose", "card__cover"}),
        ("topic", {"card__cover"}),
        ("author", {"page-head", "card__cover"}),
        ("topics", {"topic-list__cover"}),
        ("search, results", {"hit__cover"}),
        ("weekly alarm", {"sample__cover"}),
        ("subscribe", {"sample__cover"}),
        ("year", {"card__cover"}),
        ("month", {"card__cover"}),
    ],
)
def test_a_browser_is_told_how_wide_each_picture_stands(
    browser: Browser, deployed: tuple[str, list[PageType]], name: str, parts: set[str]
) -> None:
    """3 % too little cannot be seen. A width that follows the text's may be 20 % too large, because
    that depends on the fonts of this machine.
    """
    url, types = deployed
    context = browser.new_context(base_url=url, reduced_motion="reduce")
    page = context.new_page()
    page.goto(next(each.path for each in types if each.name == name))
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        pictures: list[dict[str, Any]] = page.evaluate(PICTURES)
        seen = " ".join(picture["at"] for picture in pictures)
        assert all(part in seen for part in parts), seen
        wrong += [
            f"{width} px, {each['at']}: {each['drawn']:.0f}, not {each['said']:.0f}"
            for each in pictures
            if not 0.97
            <= each["said"] / each["drawn"]
            <= (1.2 if {"prose", "wide"} & {*each["at"].split()} else 1.15)
        ]
    context.close()
    assert not wrong, "\n".join(wrong)


def test_a_portrait_is_no_higher_than_the_screen_and_whole_at_a_desk_and_on_paper(
    browser: Browser, deployed: tuple[str, list[PageType]]
) -> None:
    url, types = deployed
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(next(each.path for each in types if each.name == "article, tall"))
    tall = page.locator("img.tall")
    assert tall.count() == 3
    for width, height, fit in ((1280, 900, "contain"), (1280, 720, "contain"), (390, 640, "cover")):
        page.set_viewport_size({"width": width, "height": height})
        # On a phone, pictures in the text are not cropped.
        for image in tall.all() if fit == "contain" else [page.locator(".cover img.tall")]:
            box = image.bounding_box()
            assert box
            assert box["height"] == pytest.approx(0.8 * height, abs=1)
            for name, value in (
                ("objectFit", fit),
                ("objectPosition", "50% 50%" if fit == "contain" else "20% 30%"),
            ):
                assert (
                    image.evaluate("(image, name) => getComputedStyle(image)[name]", name) == value
                )
    # A sheet of A4 between its margins.
    page.set_viewport_size({"width": 643, "height": 950})
    page.emulate_media(media="print")
    for image in tall.all():
        image.scroll_into_view_if_needed()
        box = image.bounding_box()
        assert box
        assert box["height"] <= 303  # px: 80 mm
        assert box["width"] / box["height"] == pytest.approx(2 / 3, abs=0.01)
    context.close()
