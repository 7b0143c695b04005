"""Nothing that was typed is lost: the browser, the server, the session or the network may go.

Each test is one walk. What is checked at its end is read from the server again.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
    StorageState,
    expect,
)

from audit import axe
from tests.browser.conftest import chromium, sign_in
from tests.browser.stack import Stack
from tests.browser.test_editor import more, open_section
from tests.helpers import start

ADD = "/admin/posts/post/add/"
NO_CONNECTION = "Not saved: no connection, kept on this computer"
COPIES = """async () => {
    const database = await new Promise((resolve, reject) => {
        const request = indexedDB.open("desk", 1);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const reading = database.transaction("copies").objectStore("copies").getAll();
    await new Promise((resolve) => { reading.onsuccess = resolve; });
    database.close();
    return reading.result;
}"""

type OpenDesk = Callable[..., Page]


def watch(page: Page, problems: list[str]) -> None:
    """Record errors of scripts and of the policy. That requests fail is what these tests do."""

    def console(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            problems.append(f"{page.url}: {message.text}")

    page.on("console", console)
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))


@pytest.fixture
def open_desk(
    browser: Browser, stack: Stack, signed_in: StorageState, problems: list[str]
) -> Iterator[OpenDesk]:
    """Return an empty page in a browser of its own; with a name, in a session of its own too."""
    contexts: list[BrowserContext] = []

    def open_one(name: str = "") -> Page:
        state = sign_in(browser, stack.url, stack.password, name) if name else signed_in
        context = browser.new_context(
            base_url=stack.url, viewport={"width": 1280, "height": 900}, storage_state=state
        )
        contexts.append(context)
        context.on("page", lambda page: watch(page, problems))
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def draft(open_desk: OpenDesk) -> str:
    """The address of the form of a new draft."""
    page = open_desk()
    page.goto(ADD)
    page.wait_for_function("() => window.CKEDITOR?.instances.id_body?.status === 'ready'")
    page.fill("#id_title", f"Draft {time.monotonic_ns()}")
    page.fill("#id_summary", "A dek.")
    choose_author(page)
    write(page, "As it was saved.")
    page.click("[name=_continue]:visible")
    expect(page.locator(".messagelist")).to_contain_text("Saved as a draft")
    address = re.sub("^https?://[^/]*", "", page.url).partition("?")[0]
    page.context.close()
    return address


def choose_author(page: Page) -> None:
    page.locator("#id_author + .select2 .select2-selection").click()
    page.locator(".select2-results__option").first.click()


def open_form(page: Page, address: str) -> Page:
    page.goto(address)
    page.wait_for_function("() => window.CKEDITOR?.instances.id_body?.status === 'ready'")
    return page


def surface(page: Page) -> Locator:
    return page.frame_locator("iframe.cke_wysiwyg_frame").locator("body")


def write(page: Page, words: str, **options: Any) -> None:
    """Type at the beginning of the text."""
    surface(page).click()
    page.keyboard.press("Control+Home")
    page.keyboard.type(words, **options)


def bar(page: Page) -> Locator:
    return page.locator("#desk-saving .desk-saving__seen")


def wait_until_saved(page: Page) -> None:
    expect(bar(page)).to_have_text(re.compile(r"^Saved \d\d:\d\d$"))


def newer(page: Page) -> Locator:
    return page.locator("#desk-newer")


def copies(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(COPIES)
    return found


def wait_until_nothing_waits(page: Page) -> None:
    """Wait until nothing is kept in the browser that the server lacks."""
    deadline = time.monotonic() + 20
    while copies(page):
        assert time.monotonic() < deadline, "A text stayed in the browser."
        page.wait_for_timeout(100)


def wait_until_kept(page: Page, words: str) -> None:
    deadline = time.monotonic() + 10
    while words not in str(copies(page)):
        assert time.monotonic() < deadline, "The browser did not keep it."


def bring_back(page: Page) -> None:
    newer(page).get_by_text("Bring back").first.click()
    page.wait_for_url(re.compile(r"[?&]copy="))
    page.wait_for_function("() => window.CKEDITOR?.instances.id_body?.status === 'ready'")


def saved(page: Page, address: str) -> dict[str, str]:
    """Return what the server has, as a new browser sees it."""
    open_form(page, address)
    return {
        "title": page.input_value("#id_title"),
        "summary": page.input_value("#id_summary"),
        "text": page.evaluate("() => CKEDITOR.instances.id_body.getData()"),
    }


def sign_out_elsewhere(page: Page) -> None:
    """End the session, as if it had expired."""
    other = page.context.new_page()
    other.goto("/admin/")
    other.locator("#logout-form").evaluate("form => form.requestSubmit()")
    other.wait_for_url("**/logout/")
    other.close()


def is_working_copy(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/working-copy/")


# The browser


def test_a_browser_that_is_killed_without_a_connection_loses_no_key(
    browser: Browser, stack: Stack, draft: str, open_desk: OpenDesk, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    cookies = open_desk().context.cookies()

    def launch() -> BrowserContext:
        context = browser.browser_type.launch_persistent_context(
            profile, base_url=stack.url, **chromium()
        )
        context.add_cookies(cookies)  # type: ignore[arg-type]  # as they were read
        return context

    context = launch()
    page = open_form(context.pages[0], draft)
    context.set_offline(True)
    write(page, "The last words before the crash. ")
    page.fill("#id_title", "A title before the crash")
    expect(bar(page)).to_have_text(NO_CONNECTION)
    page.fill("#id_summary", "And its dek")
    wait_until_kept(page, "And its dek")
    kill(profile)

    context = launch()
    page = context.pages[0]
    # Any page of the desk brings the text to the server.
    page.goto("/admin/")
    page.wait_for_function("() => document.readyState === 'complete'")
    wait_until_nothing_waits(page)
    context.close()
    # So it is found on another computer too.
    page = open_form(open_desk(), draft)
    expect(newer(page)).to_be_visible()
    assert page.input_value("#id_title") != "A title before the crash"
    bring_back(page)
    assert page.input_value("#id_title") == "A title before the crash"
    assert page.input_value("#id_summary") == "And its dek"
    expect(surface(page)).to_contain_text("The last words before the crash. As it was saved.")


def kill(profile: Path) -> None:
    """End every process of a browser at once, as a power cut would."""
    mark = f"--user-data-dir={profile}".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark in path.read_bytes().split(b"\0"):
                os.kill(int(path.parent.name), signal.SIGKILL)
        except OSError:  # It has ended.
            continue


def test_what_is_typed_is_in_the_browser_before_the_next_key(
    open_desk: OpenDesk, draft: str
) -> None:
    """The tab ends while somebody types: half a second is not waited for."""
    page = open_form(open_desk(), draft)
    page.route("**/working-copy/", lambda route: route.abort())
    photo = {"name": "night shift.jpg", "mimeType": "image/jpeg", "buffer": b"not looked at yet"}
    page.set_input_files("#id_cover_file", photo)  # type: ignore[arg-type]  # a dict is taken
    write(page, "Typed and gone. ")
    page.close(run_before_unload=False)
    page = page.context.new_page()
    page.goto("/admin/")
    page.click("#user-tools summary")  # Somebody was at work on the page before, not on this one.
    open_form(page, draft)
    expect(newer(page)).to_be_visible()
    assert page.evaluate("scrollY") == 0, "The panel is pushed out of sight."
    bring_back(page)
    notices = page.locator("#desk-notices")
    expect(notices).to_contain_text("This is what you typed")
    expect(notices).not_to_contain_text("another tab")
    # It was read from the editing frame, and nothing of the editor's own is left in it.
    text = page.evaluate("() => CKEDITOR.instances.id_body.getData()")
    assert text.replace("&nbsp;", " ").strip() == "<p>Typed and gone. As it was saved.</p>"
    # The file that was chosen is chosen again.
    page.wait_for_function(
        "() => document.getElementById('id_cover_file').files[0]?.name === 'night shift.jpg'"
    )
    # The way back, and forwards again: what was gone on with is offered, and only that.
    page.fill("#id_title", "Gone on with")
    wait_until_saved(page)
    notices.get_by_role("link", name="Show what is on the desk instead").click()
    page.wait_for_url(f"**{draft}")
    expect(newer(page)).to_contain_text("Gone on with")
    expect(newer(page).get_by_text("Bring back")).to_have_count(1)
    expect(surface(page)).to_have_text("As it was saved.")


def test_a_form_that_was_only_opened_is_never_sent(open_desk: OpenDesk, draft: str) -> None:
    page = open_desk()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if is_working_copy(request) else 0)
    open_form(page, draft)
    page.click("#id_title")
    surface(page).click()
    page.keyboard.press("ArrowDown")
    page.click("#id_summary")
    page.keyboard.type("x")
    page.keyboard.press("Backspace")
    with page.expect_request("**/presence/**"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(700)
    page.goto("/admin/")
    assert sent == []
    assert copies(page) == []
    open_form(page, draft)
    expect(newer(page)).to_have_count(0)


def test_a_change_that_is_undone_is_sent_too(open_desk: OpenDesk, draft: str) -> None:
    page = open_form(open_desk(), draft)
    before = page.input_value("#id_title")
    with page.expect_request(is_working_copy):
        page.fill("#id_title", "Changed")
    wait_until_saved(page)
    with page.expect_request(is_working_copy) as again:
        page.fill("#id_title", before)
    assert re.search(r"(^|&)title=([^&]*)", again.value.post_data or "")
    wait_until_saved(page)
    page.reload()
    page.wait_for_load_state("networkidle")
    expect(newer(page)).to_have_count(0)


def test_every_kind_of_change_is_kept(open_desk: OpenDesk, draft: str) -> None:
    page = open_form(open_desk(), draft)
    sent: list[str] = []
    page.on(
        "request",
        lambda request: sent.append(request.post_data or "") if is_working_copy(request) else 0,
    )

    def is_sent(part: str) -> None:
        deadline = time.monotonic() + 10
        while not (sent and part in sent[-1]):
            assert time.monotonic() < deadline, (part, sent[-1:])
            page.wait_for_timeout(50)

    # A picker, which changes its field through jQuery.
    open_section(page, "Cover")
    page.locator("#id_cover + .select2 .select2-selection").click()
    page.locator(".select2-results__option").first.click()
    is_sent(f"&cover={page.input_value('#id_cover')}&")
    # Topics, chosen by typing.
    open_section(page, "Author and topics")
    page.locator("#id_tags_typed").click()
    page.get_by_role("option").first.click()
    is_sent("&tags=")
    # A row of an inline.
    rows = page.locator("[name$=TOTAL_FORMS]").first
    name, before = rows.get_attribute("name"), int(rows.input_value())
    open_section(page, "Related")
    page.get_by_role("combobox", name="Add an article").fill("call")
    page.get_by_role("option").first.click()
    is_sent(f"&{name}={before + 1}&")
    # The source of the text.
    more(page, "Source")
    page.locator("textarea.cke_source").fill("<p>From the source</p>")
    is_sent("From+the+source")
    page.click(".cke_button__source")
    wait_until_saved(page)
    assert "csrfmiddlewaretoken" not in str(copies(page))


@pytest.mark.parametrize(
    "how",
    [
        "Object.defineProperty(window, 'indexedDB',"
        " {get() { throw new DOMException('Not here', 'SecurityError'); }})",
        "IDBFactory.prototype.open = () => ({})",  # It never answers.
    ],
)
def test_a_browser_that_keeps_nothing_says_so_and_saves_nevertheless(
    open_desk: OpenDesk, draft: str, how: str
) -> None:
    page = open_form(open_desk(), draft)
    page.fill("#id_title", "Of an earlier tab")
    wait_until_saved(page)
    page.add_init_script(how)
    open_form(page, draft)
    # What the desk has is offered all the same.
    expect(newer(page)).to_contain_text("Of an earlier tab")
    newer(page).get_by_text("Keep what is on the desk").click()
    expect(page.locator(".messagelist")).to_contain_text("set aside")
    page.wait_for_function("() => window.CKEDITOR?.instances.id_body?.status === 'ready'")
    write(page, "Without a store. ")
    wait_until_saved(page)
    page.context.set_offline(True)
    page.fill("#id_title", "Nowhere kept")
    expect(bar(page)).to_have_text("Not saved: no connection, do not close this tab")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("() => document.querySelector('.eh__back').click()")
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    page.context.set_offline(False)
    wait_until_saved(page)
    page.click("[name=_continue]:visible")
    expect(page.locator(".messagelist")).to_contain_text("Saved")
    assert saved(page, draft)["title"] == "Nowhere kept"


def test_a_form_saves_without_the_script(open_desk: OpenDesk, draft: str) -> None:
    page = open_desk()
    page.route("**/js/desk/*.js", lambda route: route.abort())
    open_form(page, draft)
    write(page, "No script. ")
    page.dblclick("[name=_continue]:visible")
    expect(page.locator(".messagelist")).to_contain_text("Saved")
    page.unroute_all()
    assert "No script. As it was saved." in saved(page, draft)["text"].replace("&nbsp;", " ")


def test_a_comment_and_a_note_that_were_not_sent_stand_in_their_field_again(
    open_desk: OpenDesk, draft: str
) -> None:
    page = open_form(open_desk(), draft)
    open_section(page, "Comments")
    comment = page.locator("#comment-new")
    comment.fill("Is this still so at night?")
    page.goto("/admin/")
    open_form(page, draft)
    expect(comment).to_have_value("Is this still so at night?")
    open_section(page, "Comments")
    page.get_by_role("button", name="Add the comment").click()
    expect(page.locator(".cm:not(.cm--new)")).to_contain_text("Is this still so at night?")
    # It was sent: the field is empty, and stays so.
    open_form(page, draft)
    expect(comment).to_have_value("")
    # A note is sent with the whole page; here the session has ended.
    review = draft.replace("change", "review")
    page.goto(review)
    page.fill("#id_note", "Look at the figures.")
    page.context.clear_cookies(name=re.compile("session"))
    page.get_by_role("button", name="Submit for review").click()
    page.wait_for_url("**/login/**")
    page.context.add_cookies(open_desk().context.cookies())  # type: ignore[arg-type]  # as they were read
    page.goto(review)
    expect(page.locator("#id_note")).to_have_value("Look at the figures.")
    page.get_by_role("button", name="Submit for review").click()
    # What says that it has arrived lets the browser forget it.
    expect(page.locator(".messagelist .success")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.goto(review)
    page.get_by_role("button", name="Take it back").click()
    page.goto(review)
    expect(page.locator("#id_note")).to_have_value("")


# The server


def test_a_server_that_goes_while_somebody_types_and_saves_costs_nothing(
    open_desk: OpenDesk, draft: str, stack: Stack
) -> None:
    page = open_form(open_desk(), draft)
    write(page, "Before. ")
    wait_until_saved(page)
    stack.stop()
    try:
        write(page, "While it was away. ")
        expect(bar(page)).to_have_text(NO_CONNECTION)
        page.click("[name=_continue]:visible")
        notice = page.locator("#desk-not-saved")
        expect(notice).to_contain_text("Your text is kept on this computer")
        expect(notice.get_by_role("button", name="Try again")).to_be_focused()
        write(page, "And after. ")
    finally:
        stack.start()
    # It is tried again by itself, with growing pauses.
    expect(bar(page)).to_have_text(re.compile("^Saved"), timeout=70_000)
    wait_until_nothing_waits(page)
    notice.get_by_role("button", name="Try again").click()
    expect(page.locator(".messagelist")).to_contain_text("Saved")
    text = saved(page, draft)["text"].replace("&nbsp;", " ")
    assert "And after. While it was away. Before. As it was saved." in text
    expect(newer(page)).to_have_count(0)


def test_a_server_in_trouble_and_a_role_that_is_gone_are_named_and_lose_nothing(
    open_desk: OpenDesk, draft: str
) -> None:
    page = open_form(open_desk(), draft)
    answers: list[dict[str, Any]] = [{"status": 500}]  # Its disk is full, for example.
    page.route("**/working-copy/", lambda route: route.fulfill(**answers[0]))
    page.fill("#id_title", "Typed meanwhile")
    expect(bar(page)).to_have_text("Not saved: the desk is in trouble, kept on this computer")
    page.keyboard.press("Control+s")
    expect(page.locator("#desk-not-saved")).to_contain_text("the desk is in trouble")
    answers[0] = {
        "status": 403,
        "json": {"state": "refused", "error": "You may not change this any more."},
    }
    page.fill("#id_title", "Typed afterwards")
    expect(bar(page)).to_have_text(
        "Not saved: you may not change this any more, kept on this computer"
    )
    # It is over: what was typed is brought to the desk, by any page.
    page.unroute_all()
    page.goto("/admin/")
    open_form(page, draft)
    expect(newer(page)).to_contain_text("Typed afterwards")


def test_a_slow_server_gets_one_request_at_a_time(open_desk: OpenDesk, draft: str) -> None:
    page = open_desk()
    under_way: set[Request] = set()
    most, count = [0], [0]

    def slowly(route: Route) -> None:
        under_way.add(route.request)
        most[0] = max(most[0], len(under_way))
        count[0] += 1
        page.wait_for_timeout(1500)
        route.continue_()

    def ended(request: Request) -> None:
        under_way.discard(request)

    open_form(page, draft)
    page.route("**/working-copy/", slowly)
    page.on("requestfinished", ended)
    page.on("requestfailed", ended)
    write(page, "One key after another, without any pause at all. " * 4, delay=60)
    wait_until_saved(page)
    wait_until_nothing_waits(page)
    assert most == [1]
    # Twelve seconds of typing: one at least every five seconds, and no flood.
    assert 2 <= count[0] <= 8


def test_what_is_typed_after_save_was_pressed_is_offered(open_desk: OpenDesk, draft: str) -> None:
    page = open_form(open_desk(), draft)
    write(page, "Saved. ")
    wait_until_saved(page)

    def slowly(route: Route) -> None:
        if route.request.method == "POST":
            page.wait_for_timeout(1500)
        route.continue_()

    page.route(f"**{draft}", slowly)
    # As soon as the form is on its way.
    page.evaluate(
        """() => addEventListener("submit", (event) => event.defaultPrevented || setTimeout(
            () => CKEDITOR.instances.id_body.insertText("Too late for it. "), 100))"""
    )
    page.click("[name=_continue]:visible")
    expect(page.locator(".messagelist")).to_contain_text("Saved")
    expect(newer(page)).to_be_visible()
    bring_back(page)
    expect(surface(page)).to_contain_text("Too late for it. ")


def test_a_save_that_is_refused_keeps_the_text_for_later(open_desk: OpenDesk, draft: str) -> None:
    page = open_form(open_desk(), draft)
    write(page, "Refused once. ")
    open_section(page, "Address and search title")
    page.fill("#id_slug", "no address!")
    page.click("[name=_continue]:visible")
    expect(page.locator(".field-slug .errorlist")).to_be_visible()
    page.wait_for_function("() => window.CKEDITOR?.instances.id_body?.status === 'ready'")
    # It is the same form again: its own text is not offered to it.
    page.wait_for_load_state("networkidle")
    expect(newer(page)).to_have_count(0)
    write(page, "And more. ")
    wait_until_saved(page)
    page.goto("/admin/")
    open_form(page, draft)
    expect(newer(page)).to_be_visible()
    bring_back(page)
    expect(surface(page)).to_contain_text("And more. Refused once. As it was saved.")


# The session


def test_a_session_that_ended_asks_for_the_password_over_the_form(
    open_desk: OpenDesk, draft: str, stack: Stack
) -> None:
    page = open_form(open_desk("editor"), draft)
    sign_out_elsewhere(page)
    write(page, "After twelve hours. ")
    window = page.locator("dialog.desk-sign-in")
    expect(window).to_be_visible()
    assert window.locator("[name=username]").input_value() == "editor"
    window.get_by_role("button", name="Later").click()
    expect(window).to_have_count(0)
    expect(bar(page)).to_have_text("Not saved: you are signed out, kept on this computer")
    # It asks again at the next save.
    page.fill("#id_title", "Saved after signing in")
    page.click("[name=_continue]:visible")
    expect(window).to_be_visible()
    window.locator("[name=password]").fill("wrong")
    page.keyboard.press("Enter")
    expect(window.locator("[role=alert]")).to_contain_text("The password is wrong")
    window.locator("[name=password]").fill(stack.password)
    page.keyboard.press("Enter")
    # The save goes on by itself.
    expect(page.locator(".messagelist")).to_contain_text("Saved")
    found = saved(page, draft)
    assert found["title"] == "Saved after signing in"
    assert "After twelve hours." in found["text"]


def test_somebody_else_who_signs_in_gets_none_of_it(
    open_desk: OpenDesk, draft: str, stack: Stack
) -> None:
    make_account(stack, "dele", "Dele", "Marchetti")
    page = open_form(open_desk("editor"), draft)
    page.route("**/working-copy/", lambda route: route.abort())
    write(page, "Of the editor. ")
    expect(bar(page)).to_have_text(NO_CONNECTION)
    # The same browser, another account.
    sign_out_elsewhere(page)
    other = page.context.new_page()
    other.goto("/admin/")
    other.fill("#id_username", "dele")
    other.fill("#id_password", stack.password)
    other.click("[type=submit]")
    other.wait_for_selector("#user-tools")
    open_form(other, draft)
    other.wait_for_load_state("networkidle")
    expect(newer(other)).to_have_count(0)
    assert [copy["account"] for copy in copies(other)] == [
        page.locator("[data-account][data-object]").get_attribute("data-account")
    ]
    # The form that is still open stores and saves nothing in the other's name: it asks.
    page.unroute_all()
    window = page.locator("dialog.desk-sign-in")
    page.evaluate("() => document.querySelector('[name=_continue]').click()")
    expect(window).to_be_visible()
    window.locator("[name=password]").fill(stack.password)
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("Saved")
    expect(page.locator("#desk-account")).to_have_attribute("data-username", "editor")


def make_account(stack: Stack, name: str, first: str, last: str) -> None:
    code = (
        "from django.contrib.auth.models import User\n"
        f"user, _ = User.objects.get_or_create(username={name!r}, first_name={first!r},"
        f" last_name={last!r}, is_staff=True, is_superuser=True)\n"
        f"user.set_password({stack.password!r})\n"
        "user.save()\n"
    )
    made = start("manage.py", "shell", "-c", code, env=stack.env, stdout=subprocess.DEVNULL)
    assert made.wait(60) == 0


# Two tabs, two people


def test_two_tabs_and_two_people_see_each_other_and_overwrite_nothing(
    open_desk: OpenDesk, draft: str, stack: Stack
) -> None:
    make_account(stack, "dele", "Dele", "Marchetti")
    first = open_form(open_desk(), draft)
    second = open_form(first.context.new_page(), draft)
    theirs = open_form(open_desk("dele"), draft)
    first.fill("#id_title", "The first tab's title")
    wait_until_saved(first)
    second.fill("#id_summary", "The second tab's dek")
    wait_until_saved(second)
    notices = second.locator("#desk-notices")
    expect(notices).to_contain_text("You have this open in another tab.")
    write(theirs, "Dele wrote this. ")
    wait_until_saved(theirs)
    first.fill("#id_title", "The first tab's new title")
    expect(first.locator("#desk-notices")).to_contain_text(
        re.compile(r"Dele Marchetti is editing this too\. Last change \d+ s ago\.")
    )
    for page in (first, second, theirs):
        page.click("[name=_continue]:visible")
        expect(page.locator(".messagelist")).to_contain_text("Saved")
    found = saved(first, draft)
    assert found["title"] == "The first tab's new title"
    assert found["summary"] == "The second tab's dek"
    assert "Dele wrote this." in found["text"]


# A choice between two texts, with a file


def objections(page: Page, within: str | None = None) -> list[str]:
    """Return what axe objects to, light and dark, wide and narrow; in the whole page, or a part."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            lines = axe.violations(page, within=within)
            found += [f"{page.url}, {scheme}, {width}: {one}" for one in lines]
            found += axe.sideways(page)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    return found


def test_a_file_that_was_chosen_outlives_the_choice_between_two_texts(
    open_desk: OpenDesk, draft: str, tmp_path: Path
) -> None:
    photo = tmp_path / "Console at night.jpg"
    Image.effect_noise((640, 480), 80).convert("RGB").save(photo)
    first = open_form(open_desk(), draft)
    second = open_form(first.context.new_page(), draft)
    first.fill("#id_title", "As the first tab has it")
    first.click("[name=_continue]:visible")
    expect(first.locator(".messagelist")).to_contain_text("Saved")
    second.fill("#id_title", "As the second tab has it")
    open_section(second, "Cover")
    second.set_input_files("#id_cover_file", photo)
    # It is seen before it is saved.
    expect(second.locator(".cover canvas")).to_be_visible()
    expect(second.locator(".cover")).to_contain_text("Console at night.jpg")
    second.fill("#id_cover_alt", "Noise")
    wait_until_saved(second)
    second.click("[name=_continue]:visible")
    expect(second.locator(".collision__file")).to_contain_text(
        "You also chose Console at night.jpg"
    )
    assert objections(second) == []
    second.get_by_label("Mine", exact=False).first.check()
    second.get_by_role("button", name="Save this text").click()
    # The words are saved, and the file is chosen again.
    expect(second.locator("#id_title")).to_have_value("As the second tab has it")
    expect(second.locator(".cover")).to_contain_text("Console at night.jpg")
    second.wait_for_function("() => window.CKEDITOR?.instances.id_body?.status === 'ready'")
    second.click("[name=_continue]:visible")
    expect(second.locator(".messagelist")).to_contain_text("Saved")
    expect(second.locator("#id_cover + .select2")).to_contain_text("Console at night")
    other = second.context.new_page()
    for page in ("history/", "compare/?from=readers&to=now"):
        other.goto(draft.replace("change/", page))
        assert objections(other) == []
    other.goto("/admin/newsletter/issue/add/")
    assert objections(other) == []
