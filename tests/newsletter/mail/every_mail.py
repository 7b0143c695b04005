"""One mail of each kind, as the mail server received it."""

from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from alarmroom.desk import letters
from alarmroom.desk.signing_in import reset
from newsletter.delivery import starting, worker
from newsletter.models import Issue
from subscribers import notices
from subscribers.models import Notice
from tests.factories import (
    make_author,
    make_image,
    make_issue,
    make_pending,
    make_post,
    make_resource,
    make_subscriber,
)
from tests.smtp import MailServer, Received

TO_READERS = ("confirm", "already", "welcome", "issue", "test")
TO_EDITORS = ("desk_note", "password_reset")
EVERY_KIND = (*TO_READERS, *TO_EDITORS)
INTRODUCTION = (
    "<p>This week is about the person at the next console. A new dispatcher learns more from "
    'whoever sits beside them than from any binder: see <a href="/tags/training/">all that we '
    "have on training</a>, and tell us what helped you.</p>"
    "<h2>Two things to try</h2><ul><li>Ask your trainee what they would have asked the caller "
    "before you say it.</li><li>Listen to one call together, once a shift.</li></ul>"
    "<blockquote><p>Nobody told me that I was allowed to ask.</p></blockquote>"
    '<section class="key-points"><ul><li>Ask early.</li><li>Ask twice.</li></ul></section>'
    '<blockquote class="pull"><p>Every trainer was once a trainee.</p></blockquote>'
    '<ul class="checklist"><li>Headset</li><li>The read-back card</li></ul>'
    '<table class="figures"><caption>Who has left</caption><tbody>'
    '<tr><th scope="row"><strong>Year 1</strong></th><td>34 %</td></tr>'
    '<tr><th scope="row">Year 2</th><td>12 %</td></tr></tbody>'
    '<tfoot><tr><td colspan="2">Source: our survey</td></tr></tfoot></table>'
)


def make_full_issue() -> Issue:
    """An issue with every optional part."""
    author = make_author(name="Ruth Halloran")
    titles = (
        "Who is sitting next to your trainee?",
        "A review that does not feel like a trial",
        "The twelfth hour: what a schedule can do before a tired mind mishears an address",
        "After the call",
        "Five minutes at the podium",
    )
    posts = [
        make_post(
            title=title,
            author=author,
            summary="What a good trainer does in the first ninety days, and how to tell.",
            cover=make_image(1600, 900),
            cover_alt="Two dispatchers at one console, at night",
        )
        for title in titles
    ]
    return make_issue(
        posts=posts,
        subject="The second chair: choosing your trainers",
        preheader="Choosing trainers, and reviewing calls without fear.",
        intro=INTRODUCTION,
    )


def receive(server: MailServer, kind: str) -> Received:
    """Send one mail of a kind, and return it as the server received it."""
    address = f"{kind}@psap.example"
    if kind in Notice.Kind.values:
        for title in ("The first ninety days", "A checklist for reviewing calls"):
            make_resource(
                title, cover=ContentFile(make_image(1600, 900).file.read(), name="cover.jpg")
            )
        make = make_pending if kind == Notice.Kind.CONFIRM else make_subscriber
        Notice.objects.create(subscriber=make(address), kind=kind)
        notices.send_due()
    elif kind == "issue":
        make_subscriber(address)
        issue = make_full_issue()
        starting.start(issue)
        worker.deliver(issue.pk)
    elif kind == "desk_note":
        to = User.objects.create_user(kind, address, "pw", is_staff=True)
        letters.write(
            to,
            "every-mail",
            heading="Dele asks for changes to “The second chair”",
            about="The second chair: choosing your trainers",
            said="Who counted the centers?\nPlease name the source, and the year.",
            url="/admin/posts/post/1/change/",
            link="Go on writing",
        )
        letters.send_due()
    elif kind == "test":
        starting.send_test(make_full_issue(), address)
    else:
        reset.send_link(User.objects.create_user(kind, address, "pw", is_staff=True))
    return server.to(address)[-1]


def receive_each(server: MailServer) -> dict[str, Received]:
    """Send one mail of each kind, and return the received mails by kind."""
    return {kind: receive(server, kind) for kind in EVERY_KIND}
