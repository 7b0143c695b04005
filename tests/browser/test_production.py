"""Production as docs/deploying.md says: gunicorn, DEBUG off, collected and pruned static files."""

import base64
import json
import os
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Browser, Page, Request, Response, StorageState, expect

from tests import production
from tests.browser.conftest import note_problems
from tests.browser.stack import own_database
from tests.browser.test_editor import more, open_dialog, open_section
from tests.browser.test_nothing_is_lost import objections, sign_out_elsewhere
from tests.helpers import free_port, start, wait_for_port

PASSWORD = "only-for-this-test"
ONE_ARTICLE = """
from django.contrib.auth.models import User
from django.utils import timezone
from newsletter.models import Issue
from posts.models import Author, Post
User.objects.create_superuser("publisher", password="{password}")
Issue.objects.create(number=1, subject="A draft")
Post.objects.create(
    title="The chair", slug="the-chair", summary="A dek.", body="<p>The first words.</p>",
    author=Author.objects.create(name="Ruth"), published_at=timezone.now(),
)
"""


@contextmanager
def gunicorn(env: dict[str, str]) -> Iterator[str]:
    """Yield the address of the site under gunicorn."""
    server = start("-m", "gunicorn", "alarmroom.wsgi", env=env)
    try:
        wait_for_port(int(env["PORT"]), server)
        yield f"http://localhost:{env['PORT']}"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A freshly deployed site with an editor, a publisher, one article and one issue."""
    data_dir = tmp_path_factory.mktemp("production")
    port = free_port()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with own_database(f"production_{worker}") as database:
        env = production.environment(
            str(data_dir),
            ALLOWED_HOSTS="localhost",
            SITE_URL=f"http://localhost:{port}",
            PORT=str(port),
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
            LOG_LEVEL="WARNING",
            **database,
        )
        production.migrate(env)
        production.collect_static(env)
        production.manage(
            env, "createsuperuser", "--noinput", "--username=editor", "--email=editor@example.org"
        )
        made = ONE_ARTICLE.format(password=PASSWORD)
        production.manage(env, "shell", "--no-imports", "-c", made)
        with gunicorn(env) as url:
            yield url


@dataclass(frozen=True)
class Editor:
    """An editor who set up a second factor at the first sign-in, as production asks for."""

    state: StorageState
    key: str
    recovery_codes: list[str]

    def code(self) -> str:
        """The code of the next half minute: that of this one may be used already."""
        return totp(self.key, ahead=1)


def totp(key: str, ahead: int = 0) -> str:
    made = TOTP(base64.b32decode(key))
    made.time = time.time() + 30 * ahead
    return f"{made.token():06d}"


def type_password(page: Page, name: str = "editor") -> None:
    page.goto("/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")


@pytest.fixture(scope="module")
def account(browser: Browser, site: str) -> Iterator[Editor]:
    problems: list[str] = []
    with browser.new_context(base_url=site) as context:
        page = context.new_page()
        note_problems(page, problems)
        type_password(page)
        page.get_by_text("Type the key in place of the picture").click()
        shown = page.locator("code").text_content() or ""
        key = shown.replace(" ", "").upper()
        page.get_by_label("Code").fill(totp(key))
        page.get_by_role("button", name="Set up and sign in").click()
        shown_codes = page.locator(".account__codes code")
        expect(shown_codes).to_have_count(10)
        codes = shown_codes.all_text_contents()
        page.get_by_role("button", name="I have kept them").click()
        page.wait_for_selector("#user-tools")
        yield Editor(context.storage_state(), key, codes)
    assert problems == []


@pytest.fixture(scope="module")
def signed_in(account: Editor) -> StorageState:
    return account.state


def test_a_code_signs_in_once_and_so_does_a_recovery_code(
    browser: Browser, site: str, account: Editor, problems: list[str]
) -> None:
    def second_step(code: str, *, recovery: bool = False) -> Page:
        page = browser.new_context(base_url=site).new_page()
        type_password(page)
        if recovery:
            page.get_by_role("link", name="Use a recovery code").click()
        field = page.get_by_label("Recovery code" if recovery else "Code", exact=True)
        expect(field).to_be_focused()
        field.fill(code)
        page.get_by_role("button", name="Sign in").click()
        return page

    code = account.code()
    page = second_step(f"{code[:3]} {code[3:]}")
    expect(page.locator("#user-tools")).to_be_visible()
    page = second_step(code)
    expect(page.get_by_role("alert")).to_contain_text("That code was not right")
    page.goto("/admin/")
    expect(page.get_by_label("User name")).to_be_visible()
    recovery = account.recovery_codes[0]
    page = second_step(recovery.upper(), recovery=True)
    expect(page.locator("#user-tools")).to_be_visible()
    page.goto("/admin/account/")
    expect(page.get_by_text("9 left")).to_be_visible()
    expect(page.get_by_text("This one")).to_have_count(1)
    page = second_step(recovery, recovery=True)
    expect(page.get_by_role("alert")).to_contain_text("works once")
    for context in browser.contexts:
        context.close()


def plug_in(page: Page, transport: str) -> None:
    """Give the browser a passkey's home that says yes by itself."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": transport,
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_passkey_is_the_second_factor_wherever_one_is_asked(browser: Browser, site: str) -> None:
    problems: list[str] = []
    context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    note_problems(page, problems)
    use = page.get_by_role("button", name="Use your passkey")
    inside = page.locator("#user-tools")

    # The first sign-in sets one up.
    plug_in(page, "internal")
    type_password(page, "publisher")
    page.get_by_role("link", name="Use a passkey instead").click()
    assert objections(page) == []
    page.get_by_label("Name").fill("Office computer")
    page.get_by_role("button", name="Add it and sign in").click()
    codes = page.locator(".account__codes code")
    expect(codes).to_have_count(10)
    recovery = codes.all_text_contents()
    page.get_by_role("button", name="I have kept them").click()
    expect(inside).to_be_visible()

    # Signing in.
    sign_out_elsewhere(page)
    type_password(page, "publisher")
    expect(use).to_be_focused()
    assert objections(page) == []
    use.click()
    expect(inside).to_be_visible()

    # Over a form whose session has ended.
    page.goto("/admin/posts/post/1/change/")
    assert problems == []
    sign_out_elsewhere(page)
    page.locator("#id_summary").fill("A dek that outlives the session.")
    window = page.get_by_role("dialog", name="Sign in again to go on")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Go on writing").click()
    again = window.get_by_role("button", name="Use your passkey")
    expect(again).to_be_focused()
    expect(window.get_by_label("Or a recovery code")).to_be_visible()
    assert objections(page, within=".desk-sign-in") == []
    again.click()
    expect(window).to_have_count(0)
    page.get_by_role("button", name="Update article").click()
    expect(page.locator(".messagelist")).to_contain_text("The chair: Published")
    page.goto("/admin/posts/post/1/change/")
    expect(page.locator("#id_summary")).to_have_value("A dek that outlives the session.")
    assert all("401" in problem for problem in problems)

    # Before sending: the form has two buttons, so it waits for one of them.
    problems.clear()
    page.goto("/admin/newsletter/issue/1/send/")
    use.click()
    password = page.get_by_label("Your password")
    expect(password).to_be_focused()
    password.fill(PASSWORD)
    use.click()
    expect(page.get_by_text("Your passkey has answered.")).to_be_visible()
    page.get_by_role("button", name="Schedule").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(password).to_have_count(0)

    # Another one, which needs the first.
    page.goto("/admin/account/")
    assert objections(page) == []
    page.get_by_role("button", name="Add a passkey…").click()
    assert objections(page) == []
    password.fill(PASSWORD)
    use.click()
    page.get_by_label("Name").fill("Key ring")
    assert objections(page) == []
    # The computer has one already and makes no other.
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_text("There is a passkey of this account in it already.")).to_be_visible()
    plug_in(page, "usb")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_text("The passkey “Key ring” is added.")).to_be_visible()

    # Removing the first; then a recovery code, where nothing is plugged in and nothing runs.
    page.get_by_role("button", name="Remove Office computer…").click()
    assert objections(page) == []
    password.fill(PASSWORD)
    use.click()
    expect(page.get_by_text("Removed the passkey “Office computer”.")).to_be_visible()
    expect(page.get_by_text("Key ring")).to_be_visible()
    assert problems == []
    context.close()
    with browser.new_context(base_url=site, java_script_enabled=False) as plain:
        page = plain.new_page()
        type_password(page, "publisher")
        expect(page.get_by_text("A passkey needs JavaScript")).to_be_visible()
        expect(page.get_by_role("button", name="Use your passkey")).to_be_hidden()
        page.get_by_role("link", name="Use a recovery code").click()
        page.get_by_label("Recovery code").fill(recovery[0])
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#user-tools")).to_be_visible()


@pytest.fixture
def desk(
    browser: Browser, site: str, signed_in: StorageState, problems: list[str]
) -> Iterator[Page]:
    """A page of an editor who has signed in; every requested file must exist."""

    def answered(response: Response) -> None:
        if response.status >= 400:
            problems.append(f"{response.url} answered {response.status}")

    context = browser.new_context(base_url=site, storage_state=signed_in)
    context.on("page", lambda page: note_problems(page, problems))
    context.on("response", answered)
    yield context.new_page()
    context.close()


def test_the_editor_and_all_its_dialogs_find_their_files(desk: Page) -> None:
    desk.goto("/admin/posts/post/add/")
    text = desk.frame_locator("#cke_id_body iframe").locator("body")
    text.fill("Some words to work on")
    for button in ("inserttable", "Special character…", "Find and replace…"):
        open_dialog(desk, button)
        dialog = desk.locator(".cke_dialog:visible")
        expect(dialog).to_be_visible()
        dialog.locator(".cke_dialog_close_button").click()
        expect(dialog).to_have_count(0)
    more(desk, "Show blocks")
    more(desk, "Source")
    expect(desk.locator("textarea.cke_source")).to_be_visible()
    desk.locator("#cke_id_body .cke_button__source").click()
    expect(text).to_have_text("Some words to work on")


@pytest.mark.parametrize("path", ["/", "/subscribe/", "/weekly-alarm/", "/admin/posts/post/"])
def test_a_page_finds_its_files(desk: Page, path: str) -> None:
    desk.goto(path)
    # Each of our style sheets and scripts has a content hash in its name.
    plain = desk.eval_on_selector_all(
        "link[rel=stylesheet], script[src]",
        "found => found.map(e => e.href || e.src)"
        ".filter(url => url.includes('/static/') && !/\\.[0-9a-f]{12}\\./.test(url))",
    )
    assert plain == []


def test_a_static_file_comes_compressed_and_may_be_kept_for_ever(desk: Page, site: str) -> None:
    desk.goto("/")
    sheet = desk.eval_on_selector("link[rel=stylesheet]", "e => e.href")
    request = urllib.request.Request(sheet, headers={"Accept-Encoding": "br"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Content-Encoding"] == "br"
        assert "immutable" in answer.headers["Cache-Control"]


def test_other_sites_may_show_our_icons_and_nothing_else_of_ours(site: str) -> None:
    with urllib.request.urlopen(f"{site}/feeds/feed.json", timeout=30) as answer:
        feed = json.load(answer)
    with urllib.request.urlopen(f"{site}/", timeout=30) as answer:
        html = answer.read().decode()
    policies = {}
    shared = re.findall(f'content="({re.escape(site)}[^"]*share[^"]*)"', html)
    sheets = re.findall('rel="stylesheet" href="([^"]*)"', html)
    for url in [feed["icon"], feed["favicon"], *shared, *(site + sheet for sheet in sheets)]:
        with urllib.request.urlopen(url, timeout=30) as answer:
            policies[url] = answer.headers["Cross-Origin-Resource-Policy"]
    assert list(policies.values()) == [*["cross-origin"] * 3, *["same-origin"] * len(sheets)]


def test_nothing_of_development_is_there(site: str, tmp_path: Path) -> None:
    for path in ("/dev/mail/", "/media/x.jpg"):
        with pytest.raises(URLError, match="404"):
            urllib.request.urlopen(site + path, timeout=30)


def test_a_very_long_search_is_an_answer_like_any_other(site: str) -> None:
    with urllib.request.urlopen(f"{site}/search/?q={'a' * 8000}") as response:
        assert response.status == 200
        assert b"Nothing found" in response.read()


def edit(desk: Page, address: str, **fields: str) -> None:
    """Change fields of the one article, and give them to the readers."""
    desk.goto("/admin/posts/post/1/change/")
    open_section(desk, "Address and search title")
    for name, value in fields.items():
        desk.locator(f"#id_{name}").fill(value)
    desk.get_by_role("button", name="Update article").click()
    link = desk.locator(".messagelist").get_by_role("link", name="Read it on the site")
    expect(link).to_have_attribute("href", address)


def test_no_header_says_in_which_folder_the_site_stands(site: str) -> None:
    """gunicorn accepts such a header from a proxy on its host, which may pass on a visitor's."""
    for path, folder in (("/zz/archive/", "/zz"), ("/archive/", "/zz"), ("/archive/", "//evil")):
        asked = urllib.request.Request(f"{site}{path}", headers={"SCRIPT_NAME": folder})
        with suppress(URLError):
            urllib.request.urlopen(asked, timeout=30).close()
    with urllib.request.urlopen(f"{site}/archive/", timeout=30) as answer:
        html = answer.read().decode()
    assert 'href="/archive/2' in html
    assert not re.search("zz|evil", html)


def test_an_editor_reads_on_the_site_what_was_just_saved(desk: Page) -> None:
    path = "/articles/the-chair/"
    for dek in ("A better dek.", "The best dek."):
        desk.goto(path)
        # For browsers that show the cached page once more while they fetch the new one.
        with desk.expect_request(lambda asked: is_fetch_of(asked, path)):
            edit(desk, path, summary=dek)
        desk.get_by_role("link", name="Read it on the site").click()
        expect(desk.locator(".article__dek")).to_have_text(dek)


def is_fetch_of(asked: Request, path: str) -> bool:
    return asked.resource_type == "fetch" and asked.url.endswith(path)


def test_an_address_that_is_changed_and_changed_back_locks_nobody_out(
    desk: Page, browser: Browser, site: str
) -> None:
    first, second = "/articles/the-chair/", "/articles/a-profession/"
    # A reader's browser may use its cache; the editor's fetches the saved page again.
    with browser.new_context(base_url=site) as context:
        reader = context.new_page()
        reader.goto(first)
        for new, old in ((second, first), (first, second), (second, first), (first, second)):
            edit(desk, new, slug=new.split("/")[2])
            for path in (old, new):
                answer = reader.goto(path)
                assert answer and answer.status == 200
                assert reader.url.endswith(new)
