"""Every kind of mail of a site with the demo, and how it looks to each reader.

`python -m audit.mails` runs in the audited installation and prints the HTML of each kind as JSON;
nothing is stored. `shots()` shows each at every width, in every look.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, Page

from audit.pages import ROOT

if TYPE_CHECKING:
    from posts.models import Post

WIDTHS = (320, 375, 600)  # px
AT_A_DESK = 700  # px, Outlook's
COUNTS = (1, 2, 3, 4, 8)  # articles of an issue

# What mail programs do. Some force a dark mode of their own: they flip light grounds and dark words
# (Outlook, Gmail on Android), or everything but pictures (Gmail on iOS).
LOOKS = ("light", "dark", "no pictures", "no styles", "forced dark", "inverted", "Outlook")

FLIP = """everything => {
    const parse = words => (words.match(/[\\d.]+/g) || []).map(Number);
    const flipped = ([r, g, b]) => {
        const sum = Math.max(r, g, b) + Math.min(r, g, b);
        return [r, g, b].map(one => one + 255 - sum);
    };
    const lightness = ([r, g, b]) => (Math.max(r, g, b) + Math.min(r, g, b)) / 510;
    const todo = [];
    for (const element of document.querySelectorAll("body, body *")) {
        if (element.tagName === "IMG") continue;
        const style = getComputedStyle(element);
        for (const name of ["backgroundColor", "color", "borderTopColor", "borderLeftColor"]) {
            const ground = name === "backgroundColor";
            const colour = parse(style[name]);
            if (colour[3] === 0) continue;
            if (everything || (lightness(colour) > 0.5) === ground) {
                todo.push([element, name, `rgb(${flipped(colour).join()})`]);
            }
        }
    }
    document.documentElement.style.background = "#121212";
    for (const [element, name, colour] of todo) {
        const css = name.replace(/[A-Z]/g, letter => "-" + letter.toLowerCase());
        element.style.setProperty(css, colour, "important");
    }
}"""

# Outlook for Windows sets a mail by Word: it reads what stands in comments for it, takes widths
# from attributes, and knows no widest width and no space within anything but cells.
FOR_OUTLOOK = re.compile(r"<!--\[if (?:lte )?mso[^]]*\]>(.*?)<!\[endif\]-->", re.DOTALL)
NOT_FOR_OUTLOOK = re.compile(r"<!--\[if !mso[^]]*\]><!-->.*?<!--<!\[endif\]-->", re.DOTALL)
AS_WORD = """<style>
    * { max-width: none !important; min-width: 0 !important; border-radius: 0 !important; }
    div { display: block !important; width: auto !important; margin: 0 !important; }
    div, a, h1, h2, h3 { padding: 0 !important; }
    a { display: inline !important; }
    .button { padding: 14px 26px !important; }
    .preheader { display: none !important; }
</style>"""
WIDTHS_FROM_ATTRIBUTES = """() => {
    for (const image of document.images) image.style.width = image.getAttribute("width") + "px";
    for (const cell of document.querySelectorAll("td[width], table[width]")) cell.style.width = "";
}"""

LONG_WORD = "Telecommunicatorsupervisor" * 3 + "ab"  # 80 letters
HARD_TITLES = (
    f"A title of two hundred characters, {'and of many words, ' * 8}<script>x</script>"[:200],
    LONG_WORD,
    "عاجل: البلاغ الثاني على الراديو",
    "🚨👩🏽‍🚒 Sirens, and what comes after them",
    "911: a title whose beginning says too little",
)

# An introduction with everything that one may hold.
EVERYTHING = (
    "<p>A question for your newest hire, and <strong>perhaps for you</strong>.</p><h2>To try</h2>"
    '<section class="key-points"><ul><li>Six decisions need <a href="/about/">no vote</a>.</li>'
    "<li>Most who leave do so before their fourth year.</li></ul></section>"
    '<table class="figures"><caption>Who has left, of every hundred</caption><tbody>'
    '<tr><th scope="row"><strong>In the first year</strong></th><td>34 %</td></tr>'
    '<tr><th scope="row">In the second year</th><td>12 %</td></tr>'
    '<tr><th scope="row">Later</th><td>4.5 %</td></tr></tbody>'
    '<tfoot><tr><td colspan="2">Source: our survey of 41 centers</td></tr></tfoot></table>'
    '<blockquote class="pull"><p>Nobody told me that I was allowed to ask.</p></blockquote>'
    '<ul class="checklist"><li>Headset, and its spare foam</li><li>The read-back card</li></ul>'
    '<section class="case-example"><h3>A quiet night</h3><p>Nobody rang until four.</p></section>'
    "<blockquote><p>A plain quotation.</p></blockquote><ol><li>One</li><li>Two</li></ol>"
)


@dataclass(frozen=True)
class Shot:
    """A picture of a mail, as PNG."""

    mail: str
    width: int
    look: str
    png: bytes
    sideways: int
    """By how many pixels it is wider than the screen."""


def mails(env: Mapping[str, str]) -> dict[str, str]:
    """Return the HTML of each kind of mail of the installation with this environment."""
    done = subprocess.run(
        [sys.executable, "-m", "audit.mails"],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "alarmroom.settings", **env},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"The mails could not be made:\n{done.stderr}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def shots(
    browser: Browser,
    found: Mapping[str, str],
    *,
    widths: tuple[int, ...] = WIDTHS,
    looks: tuple[str, ...] = LOOKS,
) -> Iterator[Shot]:
    """Yield a picture of each mail at each width, in each look. The site must be running."""
    for look in looks:
        context = browser.new_context(
            color_scheme="dark" if look == "dark" else "light", device_scale_factor=1
        )
        if look == "no pictures":
            context.route(re.compile(r"\.(png|jpe?g|gif)$"), lambda route: route.abort())
        page = context.new_page()
        for name, html in found.items():
            for width in (AT_A_DESK,) if look == "Outlook" else widths:
                page.set_viewport_size({"width": width, "height": 700})
                show(page, html, look)
                sideways = page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                png = page.screenshot(full_page=True, animations="disabled")
                yield Shot(name, width, look, png, sideways)
        context.close()


def rows(browser: Browser, found: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Store the pictures of each mail in a folder; yield the HTML of a row of a sheet for each.

    The site must be running.
    """
    for name, html in found.items():
        figures = []
        for shot in shots(browser, {name: html}):
            file = "".join(one if one.isalnum() else "-" for one in f"mail {name} {shot.look}")
            file = f"{file}-{shot.width}.png"
            (folder / file).write_bytes(shot.png)
            figures.append(
                f"<figure><figcaption>{shot.width} px, {shot.look}</figcaption>"
                f'<a href="{file}"><img src="{file}" width="{min(shot.width, 480)}" alt=""'
                f' loading="lazy"></a></figure>'
            )
        yield f'<h2>Mail: {escape(name)}</h2>\n<div class="row">{"".join(figures)}</div>\n'


def show(page: Page, html: str, look: str) -> None:
    """Show a mail as a program does that has this look."""
    if look == "no styles":
        html = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    if look == "Outlook":
        html = FOR_OUTLOOK.sub(r"\1", NOT_FOR_OUTLOOK.sub("", html))
        html = re.sub(r"<style[^>]*>(?:(?!</style>).)*@media.*?</style>", "", html, flags=re.DOTALL)
        html = html.replace("</head>", f"{AS_WORD}</head>", 1)
    page.set_content(html, wait_until="load")
    if look == "Outlook":
        page.evaluate(WIDTHS_FROM_ATTRIBUTES)
    if look in {"forced dark", "inverted"}:
        page.evaluate(FLIP, look == "inverted")


def find() -> dict[str, str]:
    """Return the HTML of each kind of mail of the installation that this process runs in."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.mail import EmailMultiAlternatives
    from django.db import transaction

    from alarmroom.mail import transactional
    from posts.models import Post
    from subscribers.models import Notice, Subscriber
    from subscribers.notices import build

    def html_of(message: EmailMultiAlternatives) -> str:
        return str(message.alternatives[0].content)

    found: dict[str, str] = {}
    posts = list(Post.objects.published().newest_first().filter(cover__isnull=False)[: COUNTS[-1]])
    with transaction.atomic():
        for count in COUNTS:
            found[f"issue of {count}"] = _issue_of(posts[:count])
        found["issue, everything"] = _issue_of(posts[:1], EVERYTHING)
        found["issue, hard"] = _issue_of(_hard(posts))
        reader = Subscriber.objects.create(
            address=f"{'a-long-name.' * 4}reader@a-county-with-a-long-name.example",
            state=Subscriber.State.PENDING,
        )
        for notice in (Notice.Kind.CONFIRM, Notice.Kind.WELCOME, Notice.Kind.ALREADY):
            found[notice.value] = html_of(build(Notice(pk=1, subscriber=reader, kind=notice)))
        desk = f"{settings.SITE_URL}/admin/"
        note = {
            "heading": "Dele asks for changes to “The second chair”",
            "about": "The second chair: choosing your trainers",
            "said": "Who counted the centers?\nPlease name the source, and the year.",
            "url": desk,
            "link": "Go on writing",
        }
        found["desk_note"] = html_of(transactional("desk_note", "", note))
        reset = {"person": User(username="ruth"), "link": desk}
        found["password_reset"] = html_of(transactional("password_reset", "", reset))
        transaction.set_rollback(True)
    return found


def _hard(posts: list[Post]) -> list[Post]:
    """Change articles into those that are hard to set, and return them."""
    for post, title in zip(posts, HARD_TITLES, strict=False):
        post.title = title
        post.summary = LONG_WORD if post is posts[1] else ""
        if post is posts[2]:
            post.cover = None
        post.save(update_fields=["title", "summary", "cover"])
    return posts[: len(HARD_TITLES)]


def _issue_of(posts: list[Post], intro: str = "") -> str:
    from newsletter.mail import rendering
    from newsletter.models import Issue, IssuePost

    model = Issue.objects.newest_first().exclude(intro="")[0]
    issue = Issue.objects.create(
        subject=model.subject, preheader=model.preheader, intro=intro or model.intro
    )
    for position, post in enumerate(posts, start=1):
        IssuePost.objects.create(issue=issue, post=post, position=position)
    return rendering.preview(issue, rendering.render(issue)).html


def main() -> None:
    import django

    django.setup()
    print(json.dumps(find()))


if __name__ == "__main__":
    main()
