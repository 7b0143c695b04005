"""Chromium against the whole running site."""

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
    sync_playwright,
)

from audit.pages import PageType
from audit.site import site
from tests import parts
from tests.browser.stack import ROOT, Stack, own_database, running
from tests.production import collect_static

HERE = ROOT / "tests" / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium() -> dict[str, Any]:
    """How to start it, with or without a person's own settings."""
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


# Package scope, not session: Playwright keeps an event loop running in this thread, in
# which Django refuses to touch the database, and other tests come after these.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, without a network of its own to talk to."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        yield browser
        browser.close()


@pytest.fixture(scope="package", autouse=True)
def patience() -> Iterator[None]:
    """A click waits until the page stands still, as a person does.

    When its script runs, the admin's sidebar moves all that stands beside it: a button that was
    pressed before and let go of after that was never clicked.
    """
    with pytest.MonkeyPatch.context() as patch:
        for what in (Page, Locator):
            patch.setattr(what, "click", patient(what.click))
        yield


def patient(click: Callable[..., None]) -> Callable[..., None]:
    def wait_and_click(self: Page | Locator, *given: Any, **named: Any) -> None:
        (self if isinstance(self, Page) else self.page).wait_for_load_state()
        click(self, *given, **named)

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

    Its address and its page types. Tests only read there: what they see is the demo, whatever
    was published on the other site before them.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with own_database(f"audit_{worker}") as database, site(collect_static, **database) as found:
        yield found


@pytest.fixture
def problems() -> Iterator[list[str]]:
    """What went wrong in the pages: errors, CSP violations, missing files. Must end up empty."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def page(browser: Browser, stack: Stack, problems: list[str]) -> Iterator[Page]:
    """A fresh visitor: no cookies, addresses relative to the site, every problem noted."""
    context = browser.new_context(base_url=stack.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    context.on("page", lambda page: note_problems(page, problems))
    yield context.new_page()
    context.close()


@pytest.fixture(scope="package")
def signed_in(browser: Browser, stack: Stack) -> StorageState:
    """What a browser keeps of an editor who has signed in."""
    return sign_in(browser, stack.url, stack.password)


@pytest.fixture
def editor(
    browser: Browser, stack: Stack, signed_in: StorageState, problems: list[str]
) -> Iterator[Page]:
    """An editor who has signed in to the admin, before the first page."""
    context = browser.new_context(
        base_url=stack.url, viewport={"width": 1280, "height": 900}, storage_state=signed_in
    )
    context.set_default_timeout(15_000)
    context.on("page", lambda page: note_problems(page, problems))
    yield context.new_page()
    context.close()


def sign_in(browser: Browser, url: str, password: str) -> StorageState:
    """Sign in as `editor`; once for many tests, because passwords are hashed slowly."""
    problems: list[str] = []
    context = browser.new_context(base_url=url)
    context.set_default_timeout(15_000)
    page = context.new_page()
    note_problems(page, problems)
    page.goto("/admin/")
    page.fill("#id_username", "editor")
    page.fill("#id_password", password)
    page.click("[type=submit]")
    page.wait_for_selector("#user-tools")
    state = context.storage_state()
    context.close()
    assert problems == []
    return state


def note_problems(page: Page, problems: list[str]) -> None:
    """Write down whatever a page complains about."""

    def console(message: ConsoleMessage) -> None:
        # CSP violations come as errors too.
        if message.type == "error":
            problems.append(f"{page.url}: {message.text}")

    def failed(request: Request) -> None:
        # A page that is left takes its unfinished requests with it.
        if request.failure != "net::ERR_ABORTED":
            problems.append(f"{page.url}: {request.url} {request.failure}")

    def answered(response: Response) -> None:
        if response.status >= 500:
            problems.append(f"{page.url}: {response.url} answered {response.status}")

    page.on("console", console)
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("requestfailed", failed)
    page.on("response", answered)
