"""Reading: by keyboard, on phones and desktops, with light and dark colours, and in print."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import chromium, note_problems
from tests.browser.stack import Stack

ARTICLE = "/articles/the-chair-is-the-career/"
PAGES = [
    "/",
    ARTICLE,
    "/weekly-alarm/",
    "/weekly-alarm/1/",
    "/topics/",
    "/tags/leadership/",
    "/authors/ruth-halloran/",
    "/subscribe/",
    "/search/?q=fire",
]


@pytest.fixture
def visitor(browser: Browser, stack: Stack, problems: list[str]) -> Iterator[Any]:
    """Return a function that makes a page of a new visitor with the given browser options."""
    contexts = []

    def arrive(**options: Any) -> Page:
        given = {"viewport": {"width": 1280, "height": 900}, **options}
        context = browser.new_context(base_url=stack.url, **given)
        context.on("page", lambda page: note_problems(page, problems))
        contexts.append(context)
        return context.new_page()

    yield arrive
    for context in contexts:
        context.close()


def background(page: Page) -> str:
    color: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return color


def focused(page: Page) -> str:
    """Return the name or text of the focused element."""
    name: str = page.evaluate(
        "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
        " || document.activeElement.name || '').trim()"
    )
    return name


def tab_to(page: Page, name: str, *, limit: int = 120) -> None:
    """Press Tab until the focus is on what has this name."""
    seen = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        seen.append(focused(page))
        if seen[-1] == name:
            return
    raise AssertionError(f"{name!r} is not reached by Tab: {seen}")


# By the keyboard alone


def test_the_first_stop_skips_to_the_text(page: Page) -> None:
    page.goto(ARTICLE)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the text"
    expect(page.locator(".skip-link")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    # The menu was skipped; the next stop is the first link of the article.
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_every_stop_shows_where_the_focus_is(page: Page) -> None:
    page.goto(ARTICLE)
    for _ in range(25):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => {
                let element = document.activeElement;
                const framed = (e) => getComputedStyle(e).outlineStyle !== "none";
                return framed(element) || framed(element.closest(".card, .lead") ?? element);
            }"""
        )
        assert shown, focused(page)


def test_the_menu_leads_to_the_topics_and_says_where_one_is(page: Page) -> None:
    page.goto("/")
    current = page.locator("nav [aria-current=page]")
    expect(current).to_have_text("Articles")
    tab_to(page, "Topics")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/topics/$"))
    expect(current).to_have_text("Topics")
    page.goto(ARTICLE)
    expect(current).to_have_count(0)


def test_the_contents_open_and_lead_to_their_part(visitor: Any) -> None:
    page = visitor(viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    page.goto(ARTICLE)
    contents = page.locator("[data-contents]")
    expect(contents).not_to_have_attribute("open", "")
    tab_to(page, "In this article")
    page.keyboard.press("Enter")
    expect(contents).to_have_attribute("open", "")
    tab_to(page, "Begin with one conversation")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#s-begin-with-one-conversation$"))
    heading = page.get_by_role("heading", name="Begin with one conversation")
    expect(heading).to_be_in_viewport()
    current = contents.locator("[aria-current]")
    expect(current).to_have_text("Begin with one conversation")


def test_the_contents_stand_beside_the_text_and_mark_what_is_read(visitor: Any) -> None:
    page = visitor(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.goto(ARTICLE)
    contents = page.locator("[data-contents]")
    expect(contents).to_have_attribute("open", "")
    expect(contents.locator("[aria-current]")).to_have_count(0)
    heading = page.get_by_role("heading", name="The fight outside is real, too")
    heading.evaluate("element => element.scrollIntoView()")
    expect(contents.locator("[aria-current]")).to_have_text("The fight outside is real, too")
    expect(contents).to_be_in_viewport()


def test_contents_longer_than_the_screen_follow_the_reader(visitor: Any) -> None:
    page = visitor(viewport={"width": 1440, "height": 240}, reduced_motion="reduce")
    page.goto(ARTICLE)
    contents = page.locator("[data-contents]")
    expect(contents).to_have_attribute("open", "")
    assert contents.evaluate("list => list.scrollHeight > list.clientHeight")
    for heading in [*page.locator(".prose h2").all(), page.locator(".prose h2").first]:
        heading.evaluate("element => element.scrollIntoView()")
        top = page.evaluate("scrollY")
        current = contents.locator("[aria-current]")
        expect(current).to_have_text(heading.inner_text())
        listed, marked = contents.bounding_box(), current.bounding_box()
        assert listed and marked
        assert listed["y"] <= marked["y"] + 1
        assert marked["y"] + marked["height"] <= listed["y"] + listed["height"] + 1
        assert page.evaluate("scrollY") == top


def test_the_section_in_the_address_is_marked(visitor: Any) -> None:
    page = visitor(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.goto("/articles/specialized-fire-dispatchers/")
    contents = page.locator("[data-contents]")
    current = contents.locator("[aria-current]")
    links = contents.locator("a").all()
    for link in [*links, *reversed(links)]:
        link.click()
        expect(current).to_have_text(link.inner_text())
    # Jump past all headings and back. By script, because the browser may drop one of two fast keys.
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(current).to_have_text(links[-1].inner_text())
    page.evaluate("scrollTo(0, 0)")
    expect(current).to_have_count(0)


def test_in_large_type_the_contents_stand_above_the_text(visitor: Any) -> None:
    page = visitor(viewport={"width": 1280, "height": 900})
    page.goto("/articles/specialized-fire-dispatchers/")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    contents, text = page.locator("[data-contents]"), page.locator(".article > .prose")
    listed, read = contents.bounding_box(), text.bounding_box()
    assert listed["y"] + listed["height"] <= read["y"]
    assert listed["width"] > read["width"] / 2


@pytest.mark.parametrize("address", ["/", ARTICLE])
def test_large_type_breaks_no_word_and_cuts_no_date_off(visitor: Any, address: str) -> None:
    for width, type_size in ((320, 150), (390, 200)):
        page = visitor(viewport={"width": width, "height": 800})
        page.goto(address)
        page.evaluate(f"document.documentElement.style.fontSize = '{type_size}%'")
        broken = page.evaluate(
            """() => {
                const found = [], range = document.createRange();
                const parts = ".card__title, .card .eyebrow, .card__dek, .meta > *";
                for (const part of document.querySelectorAll(parts)) {
                    const edge = part.getBoundingClientRect().left
                        + parseFloat(getComputedStyle(part).paddingInlineStart);
                    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
                    while (texts.nextNode()) {
                        const text = texts.currentNode;
                        for (const word of text.data.matchAll(/[^\\s-]+/g)) {
                            range.setStart(text, word.index);
                            range.setEnd(text, word.index + word[0].length);
                            const lines = [...range.getClientRects()];
                            if (lines.length > 1 || lines[0].left < edge - 0.5)
                                found.push(word[0]);
                        }
                    }
                }
                return found;
            }"""
        )
        assert broken == [], (width, type_size)


def test_copying_the_link_is_said(visitor: Any) -> None:
    page = visitor(permissions=["clipboard-read", "clipboard-write"])
    page.goto(ARTICLE)
    tab_to(page, "Copy the link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The link is copied.")
    # Our pages may not read the clipboard, but pasting works.
    page.locator("input[name=address]").first.press("Control+V")
    address = page.locator("link[rel=canonical]").get_attribute("href")
    assert page.locator("input[name=address]").first.input_value() == address
    assert address.endswith(ARTICLE)


def test_the_devices_share_dialog_gets_the_title_and_the_address(visitor: Any) -> None:
    page = visitor()
    page.add_init_script("navigator.share = async (given) => { window.given = given; };")
    page.goto(ARTICLE)
    tab_to(page, "Share…")
    page.keyboard.press("Enter")
    page.wait_for_function("window.given")
    assert page.evaluate("window.given") == {
        "title": page.locator("h1").inner_text(),
        "url": page.locator("link[rel=canonical]").get_attribute("href"),
    }
    assert page.evaluate("window.given.url").endswith(ARTICLE)


def test_closing_the_share_dialog_shows_no_message(visitor: Any) -> None:
    page = visitor()
    page.add_init_script(
        """navigator.share = async () => {
            window.asked = true;
            throw new DOMException("closed", "AbortError");
        };"""
    )
    page.goto(ARTICLE)
    page.get_by_role("button", name="Share…").press("Enter")
    page.wait_for_function("window.asked")
    expect(page.locator("[data-share-said]")).to_be_empty()


def test_signing_up_needs_no_mouse(page: Page) -> None:
    page.goto(ARTICLE)
    tab_to(page, "address")
    page.keyboard.type("keyboard@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="check your mail")).to_be_visible()
    # Whoever typed the address sees it. A reload sends no form again, and shows none.
    expect(page.locator(".sent__address")).to_have_text("keyboard@example.org")
    expect(page).to_have_url(re.compile("/subscribe/check-your-mail/$"))
    page.reload()
    expect(page.get_by_role("heading", name="check your mail")).to_be_visible()
    assert "keyboard@example.org" not in page.content()


def test_a_table_is_a_stop_only_where_it_scrolls(visitor: Any) -> None:
    for width, stops in ((390, 1), (1280, 0)):
        page = visitor(viewport={"width": width, "height": 800})
        page.goto(ARTICLE)
        page.evaluate(
            """() => {
                const box = document.createElement("div");
                box.className = "box";
                box.tabIndex = 0;
                box.innerHTML = `<table><tr>${"<td>Word word</td>".repeat(5)}</tr></table>`;
                document.querySelector(".prose").prepend(box);
            }"""
        )
        # The script observes the boxes that exist when it loads; load it again for this one.
        page.add_script_tag(url="/static/js/boxes.js", type="module")
        expect(page.locator(".box[tabindex]")).to_have_count(stops)


# Light and dark


@pytest.mark.parametrize("device", ["light", "dark"])
def test_the_switch_turns_the_theme_and_is_remembered(visitor: Any, device: str) -> None:
    other = {"light": "dark", "dark": "light"}[device]
    page = visitor(color_scheme=device)
    page.goto("/")
    before = background(page)
    switch = page.get_by_role("button", name="Dark colors")
    expect(switch).to_have_attribute("aria-pressed", str(device == "dark").lower())
    tab_to(page, "Dark colors")
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-pressed", str(other == "dark").lower())
    turned = background(page)
    assert turned != before
    page.goto(ARTICLE)
    expect(page.locator("html")).to_have_attribute("data-theme", other)
    assert background(page) == turned
    assert page.context.cookies() == []
    # Back to the device's own theme: nothing is stored, so the page follows the device again.
    page.get_by_role("button", name="Dark colors").press("Enter")
    assert background(page) == before
    assert page.evaluate("localStorage.getItem('theme')") is None
    page.emulate_media(color_scheme=other)  # type: ignore[arg-type]  # light or dark
    expect(page.locator("html")).to_have_attribute("data-theme", other)


def test_what_was_chosen_is_there_before_the_first_paint(visitor: Any) -> None:
    page = visitor(color_scheme="light")
    page.goto("/")
    page.get_by_role("button", name="Dark colors").click()
    page.add_init_script(
        """
        window.seen = [];
        const look = () => {
            if (document.body) {
                window.seen.push(getComputedStyle(document.body).backgroundColor);
            }
            if (window.seen.length < 20) requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
        """
    )
    page.goto(ARTICLE)
    page.wait_for_timeout(1500)
    assert len(page.evaluate("window.seen")) > 5
    assert set(page.evaluate("window.seen")) == {"rgb(13, 19, 29)"}


def test_without_script_the_device_decides_and_the_switch_is_hidden(visitor: Any) -> None:
    colors = set()
    for scheme in ("light", "dark"):
        page = visitor(java_script_enabled=False, color_scheme=scheme)
        page.goto(ARTICLE)
        expect(page.get_by_role("button", name="Dark colors")).to_be_hidden()
        expect(page.get_by_role("button", name="Copy the link")).to_be_hidden()
        for link in page.get_by_role("link", name="LinkedIn").all():
            expect(link).to_be_visible()
        # The menu ends at the edge of the text.
        invitation = page.locator(".masthead__subscribe").bounding_box()
        frame = page.locator(".article").bounding_box()
        assert invitation
        assert frame
        right = invitation["x"] + invitation["width"]
        assert right == pytest.approx(frame["x"] + frame["width"], abs=1)
        colors.add(page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor"))
    assert len(colors) == 2


# Any screen


@pytest.mark.parametrize("address", PAGES)
def test_nothing_scrolls_sideways_on_a_small_phone_or_in_large_type(
    visitor: Any, address: str
) -> None:
    for width, type_size in ((320, 100), (768, 100), (1280, 200), (768, 200), (390, 200)):
        page = visitor(viewport={"width": width, "height": 800})
        page.goto(address)
        # Some names are long.
        page.evaluate(
            """for (const name of document.querySelectorAll(".meta > :first-child, .byline a"))
                name.textContent = "Maria Guadalupe Hernandez-Villanueva";
            for (const title of document.querySelectorAll(".turn__title"))
                title.textContent = "Donaudampfschifffahrtsgesellschaftskapitän";"""
        )
        page.evaluate(f"document.documentElement.style.fontSize = '{type_size}%'")
        too_wide = page.evaluate(
            """() => document.documentElement.scrollWidth > innerWidth
                ? [...document.querySelectorAll("body *")]
                    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
                    .map((e) => e.className || e.tagName).slice(0, 5)
                : []"""
        )
        assert too_wide == [], (width, type_size)


def test_a_device_with_large_type_and_a_small_screen_scrolls_nothing_sideways(
    browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    """The font size is set in the browser, not by a style, because media queries use that one."""
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text('{"webkit": {"webprefs": {"default_font_size": 32}}}')
    with browser.browser_type.launch_persistent_context(
        tmp_path, **chromium(), base_url=stack.url, viewport={"width": 320, "height": 700}
    ) as context:
        page = context.new_page()
        for address in PAGES:
            page.goto(address)
            assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
            assert page.evaluate("document.documentElement.scrollWidth") == 320, address


def test_a_card_is_one_link_and_its_byline_stands_below_its_text(visitor: Any) -> None:
    page = visitor(viewport={"width": 600, "height": 900}, reduced_motion="reduce")
    page.goto("/")
    for card in page.locator(".card").all():
        edges = card.evaluate(
            """card => [".card__title", ".meta > :first-child"].map((part) => {
                const range = document.createRange();
                range.selectNodeContents(card.querySelector(part));
                return Math.min(...[...range.getClientRects()].map((each) => each.left));
            })"""
        )
        assert edges == pytest.approx([edges[0]] * 2, abs=1)
    byline = page.locator(".card .meta").first
    title = page.locator(".card__title").first.inner_text()
    byline.scroll_into_view_if_needed()
    box = byline.bounding_box()
    page.mouse.click(box["x"] + 40, box["y"] + box["height"] / 2)
    expect(page.locator("h1")).to_have_text(title)


def test_forced_colors_leave_every_control_visible(visitor: Any) -> None:
    page = visitor(forced_colors="active")
    page.goto(ARTICLE)
    expect(page.get_by_role("button", name="Dark colors")).to_be_hidden()
    border = page.locator(".signup__button").evaluate("e => getComputedStyle(e).borderTopStyle")
    assert border == "solid"


def test_reduced_motion_stops_every_animation(visitor: Any) -> None:
    page = visitor(reduced_motion="reduce")
    page.goto(ARTICLE)
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].filter((e) => {
            const style = getComputedStyle(e);
            return parseFloat(style.transitionDuration) > 0 || style.animationName !== "none"
                || style.scrollBehavior === "smooth";
        }).length"""
    )
    assert moving == 0


# On paper


def test_only_the_article_is_printed_with_its_address_and_code(page: Page) -> None:
    page.goto(ARTICLE)
    page.emulate_media(media="print")
    for shown in (
        ".wordmark",
        ".article__title",
        ".prose",
        ".on-paper__code",
        ".on-paper__address",
    ):
        expect(page.locator(shown)).to_be_visible()
    hidden = ".menu .masthead__subscribe .byline__ways .colophon .signup .related .share .contents"
    hidden += " .turn .skip-link"
    for selector in hidden.split():
        for element in page.locator(selector).all():
            expect(element).to_be_hidden()
    drawn = "code => code.querySelector('path').getTotalLength() * code.clientWidth"
    assert page.locator(".on-paper__code").evaluate(drawn) > 0
    assert background(page) in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")


# The top of a page


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_the_masthead_has_one_row_and_a_menu_that_needs_no_script(
    visitor: Any, width: int, script: bool
) -> None:
    page = visitor(viewport={"width": width, "height": 844}, java_script_enabled=script)
    page.goto("/")
    masthead = page.locator(".masthead")
    assert masthead.bounding_box()["height"] <= 60
    topics = masthead.get_by_role("link", name="Topics")
    expect(topics).to_be_hidden()
    expect(masthead.get_by_role("link", name="Subscribe")).to_be_visible()
    masthead.locator("summary").press("Enter")
    expect(topics).to_be_visible()
    assert topics.bounding_box()["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if script:
        topics.press("Escape")
        expect(topics).to_be_hidden()
        assert focused(page) == "Menu"
        masthead.locator("summary").press("Enter")
        page.mouse.click(40, 700)
        expect(topics).to_be_hidden()
    else:
        topics.click()
        expect(page).to_have_url(re.compile("/topics/$"))


@pytest.mark.parametrize("path", [ARTICLE, "/authors/ruth-halloran/"])
def test_the_copies_of_a_photo_take_no_room_of_their_own(visitor: Any, path: str) -> None:
    page = visitor(viewport={"width": 390, "height": 844})
    page.goto(path)
    photo = page.locator("main :is(.byline__photo, .page-head__photo)").bounding_box()
    assert photo["x"] == page.locator("h1").bounding_box()["x"]


# For readers who return, on their own device


def remembered(page: Page) -> Any:
    return page.evaluate("JSON.parse(localStorage.getItem('reader'))")


def test_a_reader_goes_on_where_they_were_and_forgets_it_with_one_click(visitor: Any) -> None:
    page = visitor(reduced_motion="reduce")
    page.goto(ARTICLE)
    expect(page.locator(".resume")).to_have_count(0)
    middle = page.locator(".prose h2").nth(1)
    middle.evaluate("(heading) => scrollTo(0, heading.getBoundingClientRect().top + scrollY)")
    before = page.evaluate("scrollY")
    # What remembers is fetched with the first move, and not before.
    expect(page.locator(".share [data-save]")).to_be_visible()
    page.goto("/")
    page.goto(ARTICLE)
    page.get_by_role("button", name="Go on where you were").press("Enter")
    expect(page.locator(".resume")).to_have_count(0)
    # The heading was at the top of the screen; what was a third of a screen below it is there now.
    assert abs(page.evaluate("scrollY") - before) < 5
    page.locator(".byline").get_by_role("button", name="Save for later").press("Enter")
    for button in page.locator("[data-save]").all():
        expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("link", name="Reading list")).to_have_attribute("href", "/saved/")
    page.goto("/saved/")
    expect(page.locator("[data-list=saved] a")).to_have_attribute("href", ARTICLE)
    expect(page.locator("[data-list=places] a")).to_have_attribute("href", ARTICLE)
    page.locator("[data-list=saved] button").press("Enter")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    page.get_by_role("button", name="Forget all of this").press("Enter")
    expect(page.get_by_role("status")).to_have_text("All of it is forgotten.")
    assert remembered(page) is None
    page.get_by_role("button", name="keep nothing from now on").press("Enter")
    page.goto(ARTICLE)
    page.locator(".tape").first.scroll_into_view_if_needed()
    page.goto("/")
    expect(page.locator("[data-save]")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('reader')") == "off"
    page.goto("/saved/")
    page.get_by_role("button", name="Remember again").press("Enter")
    expect(page.get_by_role("button", name="Forget all of this")).to_be_visible()


def test_what_is_new_since_the_last_visit_is_marked(visitor: Any) -> None:
    page = visitor()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Reading list")).to_be_attached()
    expect(page.locator("[data-new]")).to_have_count(0)
    days = 24 * 60 * 60 * 1000
    page.evaluate(
        "(ago) => localStorage.setItem('reader', JSON.stringify({ seen: Date.now() - ago }))",
        10 * days,
    )
    page.goto("/")
    new = page.locator("[data-new] time")
    expect(new.first).to_be_visible()
    assert new.count() < page.locator(":is(.card, .lead) time").count()
    page.goto("/topics/")
    page.goto("/")
    expect(new.first).to_be_visible()


@pytest.mark.parametrize("fault", ["disabled", "full", "strange"])
def test_whatever_storage_does_the_pages_work(visitor: Any, fault: str) -> None:
    page = visitor()
    page.add_init_script(
        {
            "disabled": "Object.defineProperty(window, 'localStorage', { get() { throw 1; } });",
            "full": "Storage.prototype.setItem = () => { throw new Error('full'); };",
            "strange": "localStorage.setItem('reader', '[{\"places\": 7}, null');",
        }[fault]
    )
    for path in ("/", ARTICLE, "/search/?q=fire", "/saved/"):
        page.goto(path)
        page.evaluate("scrollTo(0, 2000)")
        expect(page.locator("[data-save]:visible, .resume")).to_have_count(0)
    if fault != "full":
        expect(page.get_by_text("This browser keeps nothing")).to_be_visible()


def test_what_is_stored_is_shown_as_text_and_leads_only_to_articles(visitor: Any) -> None:
    page = visitor()
    page.goto("/saved/")
    page.evaluate(
        """(path) => localStorage.setItem("reader", JSON.stringify({
            saved: {
                [path]: ["<img src=x onerror=alert(1)>", 3],
                "javascript:alert(1)": ["No article", 2],
                "//evil.example/articles/x/": ["Elsewhere", 1],
                "/articles/odd/": "not a list",
            },
        }))""",
        ARTICLE,
    )
    page.reload()
    links = page.locator("[data-list=saved] a")
    expect(links).to_have_text(["<img src=x onerror=alert(1)>"])
    expect(page.locator("[data-saved] img")).to_have_count(0)
