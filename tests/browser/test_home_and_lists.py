"""Home and the lists, by hand and by keys: what is scheduled moves, many are chosen at once."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from audit import axe
from tests import helpers
from tests.browser.stack import Stack

MAKE = """
import datetime as dt
from django.utils import timezone
from newsletter.models import Issue, IssuePost
from posts.models import Author, Post
author = Author.objects.first()
tomorrow = timezone.localdate() + dt.timedelta(days=1)
nine = timezone.make_aware(dt.datetime.combine(tomorrow, dt.time(9)))
for number in (1, 2):
    Post.objects.create(title=f"Walk {number}", slug=f"walk-{number}", summary="A dek.",
        body="<p>Text.</p>", author=author, published_at=nine)
issue = Issue.objects.create(subject="The walk", state="scheduled", scheduled_for=nine)
IssuePost.objects.create(issue=issue, post=Post.objects.published().first())
print(tomorrow, issue.pk)
"""
DRAFTS = """
from posts.models import Author, Post
author = Author.objects.first()
for number in range(60):
    Post.objects.create(title=f"Pile {number:02}", slug=f"pile-{number}", summary="A dek.",
        body="<p>Text.</p>", author=author)
"""
WHEN = "from posts.models import Post; from django.utils import timezone;"


def when(stack: Stack, title: str) -> dt.datetime:
    """Return for when an article is scheduled, on the site's clock."""
    code = f"print(timezone.localtime(Post.objects.get(title={title!r}).published_at).isoformat())"
    return dt.datetime.fromisoformat(helpers.shell(WHEN + code, env=stack.env))


def day_of(page: Page, day: dt.date) -> Locator:
    return page.locator(f'[data-months] td[data-day="{day}"]')


def row_of(page: Page, title: str) -> Locator:
    return page.locator(".coming__row").filter(has_text=title)


def drag(page: Page, what: Locator, to: Locator) -> None:
    what.scroll_into_view_if_needed()
    begin, end = what.bounding_box(), to.bounding_box()
    assert begin
    assert end
    page.mouse.move(begin["x"] + begin["width"] / 2, begin["y"] + begin["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=8)
    # Playwright says only with the next move that the mouse is over it.
    page.mouse.move(end["x"] + end["width"] / 2 + 3, end["y"] + end["height"] / 2)
    expect(to).to_have_class(re.compile("month__target"))
    page.mouse.up()


def test_what_is_scheduled_is_moved_by_hand_and_by_keys(editor: Page, stack: Stack) -> None:
    first, issue = helpers.shell(MAKE, env=stack.env).split()
    tomorrow = dt.date.fromisoformat(first)
    editor.set_viewport_size({"width": 1280, "height": 1400})
    editor.goto("/admin/")

    # A row of the list, dragged to a day of the calendar; Undo takes it back.
    there = tomorrow + dt.timedelta(days=1)
    drag(editor, row_of(editor, "Walk 1").locator(".coming__when"), day_of(editor, there))
    expect(editor.locator(".messagelist")).to_contain_text("“Walk 1” is scheduled for")
    assert when(stack, "Walk 1").date() == there
    editor.get_by_role("button", name="Undo").click()
    expect(editor.locator(".messagelist")).to_contain_text("“Walk 1” is scheduled for")
    assert when(stack, "Walk 1").date() == tomorrow

    # By keys: M on its day, an arrow, Enter. The focus is on what was moved, at its new place.
    editor.goto("/admin/")
    day_of(editor, tomorrow).get_by_role("link").focus()
    editor.keyboard.press("m")
    expect(editor.get_by_role("link", name="Keep: Walk 1")).to_be_focused()
    editor.keyboard.press("m")  # What else stands on that day.
    expect(editor.get_by_role("link", name="Keep: Walk 2")).to_be_focused()
    editor.keyboard.press("ArrowDown")
    later = tomorrow + dt.timedelta(days=7)
    expect(row_of(editor, "Walk 2")).to_contain_text("Enter keeps it, Esc puts it back.")
    editor.keyboard.press("Enter")
    expect(editor.locator(".messagelist")).to_contain_text("“Walk 2” is scheduled for")
    expect(editor.get_by_role("link", name="Move… Walk 2")).to_be_focused()
    moved = when(stack, "Walk 2")
    assert (moved.date(), moved.hour) == (later, 9)
    editor.keyboard.press(" ")
    editor.keyboard.press("ArrowRight")
    editor.keyboard.press("Escape")
    expect(editor.get_by_role("link", name="Move… Walk 2")).to_be_focused()
    assert when(stack, "Walk 2").date() == later

    # An issue decides when readers get a mail: its page asks for the password.
    drag(editor, row_of(editor, "The walk").locator(".coming__when"), day_of(editor, there))
    editor.wait_for_url(f"**/newsletter/issue/{issue}/move/?day={there}")
    expect(editor.get_by_label("Day")).to_have_value(str(there))
    assert axe.violations(editor) == []
    editor.get_by_label("Your password").fill(stack.password)
    editor.get_by_role("button", name="Move it").click()
    expect(editor.locator(".messagelist")).to_contain_text("Move it back…")
    expect(row_of(editor, "The walk")).to_contain_text(f"{there:%b} {there.day}")


def test_many_are_chosen_by_keys_and_the_page_says_what_will_happen(
    editor: Page, stack: Stack
) -> None:
    helpers.shell(DRAFTS, env=stack.env)
    editor.goto("/admin/posts/post/?state=draft&q=pile")
    boxes = editor.locator("#result_list .choose")
    expect(boxes).to_have_count(50)
    titles = editor.locator("#result_list .row-title a")
    titles.nth(1).focus()
    editor.keyboard.press("x")
    expect(editor.locator("[data-bulk-count]")).to_have_text("1 chosen")
    titles.nth(4).focus()
    editor.keyboard.press("Shift+X")
    expect(editor.locator("[data-bulk-count]")).to_have_text("4 chosen")
    editor.keyboard.press("x")
    expect(editor.locator("[data-bulk-count]")).to_have_text("3 chosen")
    # All of the page, then all that are found.
    editor.get_by_role("checkbox", name=re.compile("all", re.IGNORECASE)).first.focus()
    editor.keyboard.press(" ")
    everything = editor.get_by_role("button", name="Choose all 60")
    everything.focus()
    editor.keyboard.press("Enter")
    expect(editor.locator("[data-bulk-count]")).to_have_text("All 60 chosen")
    editor.get_by_role("button", name="Move to the bin…").focus()
    editor.keyboard.press("Enter")
    expect(editor.get_by_role("main")).to_contain_text("60")
    editor.get_by_role("button", name=re.compile("^Move .* to the bin")).focus()
    editor.keyboard.press("Enter")
    expect(editor.locator(".messagelist")).to_contain_text("60")
    # What the address names is shown: there are none left. Undo brings all of them back.
    editor.get_by_role("button", name="Undo").focus()
    editor.keyboard.press("Enter")
    expect(editor.locator(".messagelist")).to_be_visible()
    editor.goto("/admin/posts/post/?state=draft&q=pile")
    expect(boxes).to_have_count(50)


LISTS = {
    "articles": "/admin/posts/post/",
    "issues": "/admin/newsletter/issue/",
    "readers": "/admin/subscribers/subscriber/",
    "pages": "/admin/posts/page/",
    "topics": "/admin/posts/tag/",
    "authors": "/admin/posts/author/",
    "resources": "/admin/subscribers/resource/",
    "pictures": "/admin/posts/image/",
}
# Cells and links whose words are cut off by their own box, or stand outside the screen.
CUT = """() => [...document.querySelectorAll("#result_list :is(th, td), .list :is(a, button)")]
  .filter((one) => one.checkVisibility() && !one.closest(".visually-hidden, .views"))
  .filter((one) => {
    const box = one.getBoundingClientRect();
    return box.left < -1 || box.right > innerWidth + 1 || one.scrollWidth > one.clientWidth + 1 &&
      getComputedStyle(one).overflowX !== "visible";
  }).map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_list_is_cut_or_wider_than_the_screen_and_axe_objects_to_none(
    editor: Page, width: int
) -> None:
    editor.set_viewport_size({"width": width, "height": 900})
    wrong = {}
    for name, address in LISTS.items():
        editor.goto(address)
        wrong[name] = [*axe.violations(editor), *axe.sideways(editor), *editor.evaluate(CUT)]
    assert wrong == {name: [] for name in LISTS}
