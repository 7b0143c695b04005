"""`python -m bench.desk_fill ARTICLES READERS`: fill a site for the benchmark of the desk.

Besides the articles of bench/search_fill.py: readers and what they agreed to, issues and the ledger
of the last ones, pictures, results of checks, what is scheduled and submitted, an article of 5,000
words, and somebody who is signed in. It prints JSON: the session's key, and the keys of what is
opened.
"""

import json
import sys
from datetime import timedelta
from itertools import batched

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402 (needs the settings)
from django.db import connection, transaction  # noqa: E402  (likewise)
from django.test import Client  # noqa: E402  (likewise)
from django.utils import timezone  # noqa: E402  (likewise)

from bench import search_fill  # noqa: E402  (likewise)
from newsletter.models import Issue, IssuePost  # noqa: E402  (likewise)
from posts.models import CheckResult, Image, Post, Review  # noqa: E402  (needs the settings)
from posts.models.picture_use import note_uses  # noqa: E402  (needs the settings)
from subscribers.models import ConsentEvent, Notice, Subscriber  # noqa: E402  (needs the settings)

BATCH = 5000
ISSUES = 100
LEDGERS = 3  # issues whose deliveries are still there
PICTURES = 5000
WORDS, PARAGRAPH = 5000, 50


def readers(count: int) -> None:
    """Three of five are subscribed, and came within the last twenty weeks or so."""
    now, kinds = timezone.now(), ConsentEvent.Kind
    for numbers in batched(range(count), BATCH):
        with transaction.atomic():
            made = Subscriber.objects.bulk_create(
                Subscriber(
                    address=f"dispatcher.{number}@county-{number % 3000}.example",
                    state=("confirmed", "confirmed", "confirmed", "pending", "unsubscribed")[
                        number % 5
                    ],
                    confirmed_at=now - timedelta(minutes=number) if number % 5 < 3 else None,
                    unsubscribed_at=now if number % 5 == 4 else None,
                )
                for number in numbers
            )
            ConsentEvent.objects.bulk_create(
                ConsentEvent(
                    subscriber=reader,
                    address=reader.address,
                    kind=kind,
                    at=now - timedelta(minutes=number),
                    where="/",
                )
                for number, reader in zip(numbers, made, strict=True)
                for kind in (kinds.REQUESTED, kinds.CONFIRMED, kinds.UNSUBSCRIBED)[
                    : {"pending": 1, "confirmed": 2, "unsubscribed": 3}[reader.state]
                ]
            )
    Notice.objects.bulk_create(
        Notice(subscriber=reader, kind="welcome", state="failed" if number % 50 == 0 else "sent")
        for number, reader in enumerate(Subscriber.objects.confirmed()[:BATCH])
    )


def issues() -> Issue:
    now = timezone.now()
    articles = list(Post.objects.newest_first().values_list("pk", flat=True)[: ISSUES * 5])
    made = Issue.objects.bulk_create(
        Issue(
            number=number,
            subject=f"What the night taught us, part {number}",
            state=Issue.State.SENT,
            started_at=now - timedelta(weeks=ISSUES - number),
            sent_at=now - timedelta(weeks=ISSUES - number),
        )
        for number in range(1, ISSUES + 1)
    )
    IssuePost.objects.bulk_create(
        IssuePost(issue=issue, post_id=pk, position=place)
        for issue, pks in zip(made, batched(articles, 5), strict=False)
        for place, pk in enumerate(pks, start=1)
    )
    ledger = """
        INSERT INTO newsletter_delivery
            (issue_id, subscriber_id, state, leased_by, tries, due_at, changed_at, code, reply)
        SELECT %s, id, CASE WHEN id %% 9000 = 1 THEN 'uncertain' WHEN id %% 700 = 1 THEN 'failed'
            ELSE 'sent' END, '', 1, %s, %s, 250, '' FROM subscribers_subscriber
        WHERE state = 'confirmed'
    """
    with connection.cursor() as cursor:
        for issue in made[-LEDGERS:]:
            cursor.execute(ledger, [issue.pk, now, now])
            issue.recipients = cursor.rowcount
            issue.save(update_fields=["recipients"])
    draft = Issue.objects.create(subject="The next one")
    IssuePost.objects.bulk_create(
        IssuePost(issue=draft, post_id=pk, position=place)
        for place, pk in enumerate(articles[-4:], start=1)
    )
    return made[-1]


def desk_of_articles() -> None:
    """What lists and Home show of articles besides their texts."""
    now = timezone.now()
    pks = list(Post.objects.order_by("-pk").values_list("pk", flat=True))
    CheckResult.objects.bulk_create(
        CheckResult(
            post_id=pk,
            checked_at=now,
            errors=number % 50 == 0,
            warnings=number % 3,
            first="A link leads to no article." if number % 50 == 0 else "",
        )
        for number, pk in enumerate(pks)
    )
    for days, pk in enumerate(pks[:40], start=1):
        Post.objects.filter(pk=pk).update(published_at=now + timedelta(days=days))
    writer = User.objects.create_user("writer", is_staff=True)
    for pk in pks[40:60]:
        Post.objects.filter(pk=pk).update(published_at=None, owner=writer)
    Review.objects.bulk_create(Review(post_id=pk, submitted_by=writer) for pk in pks[40:50])


def pictures() -> None:
    """A library whose rows are real, and whose files are not there: pages open none of them."""
    with transaction.atomic():
        made = Image.objects.bulk_create(
            Image(
                file=f"images/bench-{number}.webp",
                title=f"Console {number}",
                sha256=f"{number:064x}",
                width=1600,
                height=1067,
                alt="" if number % 7 == 0 else f"A dispatcher at console {number}",
                renditions_due_at=None,
            )
            for number in range(PICTURES)
        )
        posts = list(Post.objects.order_by("pk")[:1000])
        for number, post in enumerate(posts):
            post.cover, post.cover_alt = made[number % PICTURES], "A dispatcher at a console"
            note_uses(post, [made[(number * 3 + more) % PICTURES] for more in range(3)])
        Post.objects.bulk_update(posts, ["cover", "cover_alt"], batch_size=200)


def long_article() -> Post:
    common = search_fill.vocabulary()
    paragraphs = [
        f"<p>{' '.join(common[at : at + PARAGRAPH])}.</p>" for at in range(0, WORDS, PARAGRAPH)
    ]
    author = Post.objects.first().author  # type: ignore[union-attr]  # there are thousands
    post = Post(title="Five thousand words", summary="Long.", body="".join(paragraphs))
    post.author, post.slug = author, "five-thousand-words"
    post.save()
    return post


def main(articles: int, subscribers: int) -> None:
    search_fill.fill(articles)
    readers(subscribers)
    issue, post = issues(), long_article()
    desk_of_articles()
    pictures()
    person = User.objects.create_superuser("bench", password="bench")
    client = Client()
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    made = {
        "session": client.cookies["sessionid"].value,
        "article": post.pk,
        "issue": issue.pk,
        "articles_end": -(-Post.objects.count() // 50),
        "pictures_end": -(-PICTURES // 40),
        "picture": Image.objects.order_by("pk")[0].pk,
        "readers_end": -(-Subscriber.objects.count() // 50),
        "reader": Subscriber.objects.first().pk,  # type: ignore[union-attr]  # likewise
    }
    print(json.dumps(made))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
