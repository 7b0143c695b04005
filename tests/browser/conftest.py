"""Fixtures for tests in Chromium, against a running site."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    StorageState,
    expect,
    sync_playwright,
)

from audit.pages import PageType
from audit.site import site
from tests import parts
from tests.browser.stack import Stack, own_database, running
from tests.helpers import ROOT
from tests.production import collect_static

HERE = ROOT / "tests" / "browser"

# A page or a state is waited for as long as a step of Playwright: on a busy machine a save may
# take more than the five seconds that a comparison is given by default.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium() -> dict[str, Any]:
    """Return the launch options of Chromium."""
    return {
        "executable_path": parts.chromium(),
        "args": [
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            # Chromium's sandbox does not work for root, which CI machines often are.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
        ],
    }


# Package scope, not session: while Playwright's event loop runs in this thread, Django refuses
# database access, which the tests after these need.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, with its own background requests switched off."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        yield browser
        browser.close()


@pytest.fixture(scope="package", autouse=True)
def click_after_load() -> Iterator[None]:
    """Make every click wait until the page is loaded.

    The script of the admin's sidebar moves the content. If a button moves between mouse down and
    mouse up, there is no click.
    """
    with pytest.MonkeyPatch.context() as patch:
        for what in (Page, Locator):
            patch.setattr(what, "click", waiting_for_load(what.click))
        yield


def waiting_for_load(click: Callable[..., None]) -> Callable[..., None]:
    def wait_and_click(self: Page | Locator, *args: Any, **kwargs: Any) -> None:
        (self if isinstance(self, Page) else self.page).wait_for_load_state()
        click(self, *args, **kwargs)

    return wait_and_click


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole site with its demo, as `make run` starts it, on SQLite or PostgreSQL."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with (
        own_database(f"browser_{worker}") as database,
        running(tmp_path_factory.mktemp("stack") / "data", **database) as stack,
    ):
        yield stack


@pytest.fixture(scope="package")
def deployed() -> Iterator[tuple[str, list[PageType]]]:
    """A site under production settings with the demo, whose pictures have their copies.

    Returns its address and its page types. Tests must not change this site, so that it always
    shows the demo only.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with own_database(f"audit_{worker}") as database, site(collect_static, **database) as found:
        yield found


@pytest.fixture
def problems() -> Iterator[list[str]]:
    """Errors, CSP violations and missing files of the pages. The list must be empty at the end."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def page(browser: Browser, stack: Stack, problems: list[str]) -> Iterator[Page]:
    """A new visitor: no cookies, addresses relative to the site, every problem recorded."""
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 900})
    context.on("page", lambda page: note_problems(page, problems))
    yield context.new_page()
    context.close()


@pytest.fixture(scope="package")
def signed_in(browser: Browser, stack: Stack) -> StorageState:
    """The cookies of an editor who has signed in."""
    return sign_in(browser, stack.url, stack.password)


@pytest.fixture
def editor(
    browser: Browser, stack: Stack, signed_in: StorageState, problems: list[str]
) -> Iterator[Page]:
    """An empty page of an editor who has signed in to the admin."""
    context = browser.new_context(
        base_url=stack.url, viewport={"width": 1280, "height": 900}, storage_state=signed_in
    )
    context.on("page", lambda page: note_problems(page, problems))
    yield context.new_page()
    context.close()


def sign_in(browser: Browser, url: str, password: str, name: str = "editor") -> StorageState:
    """Sign in; once for many tests, because passwords are hashed slowly."""
    problems: list[str] = []
    context = browser.new_context(base_url=url)
    page = context.new_page()
    note_problems(page, problems)
    page.goto("/admin/")
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    page.click("[type=submit]")
    page.wait_for_selector("#user-tools")
    state = context.storage_state()
    context.close()
    assert problems == []
    return state


def note_problems(page: Page, problems: list[str]) -> None:
    """Record the errors of a page."""

    def console(message: ConsoleMessage) -> None:
        # A CSP violation is a console error too.
        if message.type == "error":
            problems.append(f"{page.url}: {message.text} ({message.location.get('url')})")

    def failed(request: Request) -> None:
        # Leaving a page aborts its unfinished requests.
        if request.failure != "net::ERR_ABORTED":
            problems.append(f"{page.url}: {request.url} {request.failure}")

    def answered(response: Response) -> None:
        if response.status >= 500:
            problems.append(f"{page.url}: {response.url} answered {response.status}")

    page.on("console", console)
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("requestfailed", failed)
    page.on("response", answered)
