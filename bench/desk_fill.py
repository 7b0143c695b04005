"""`python -m bench.desk_fill ARTICLES READERS`: fill a site for the benchmark of the desk.

Besides the articles of bench/search_fill.py: readers in batches, issues, an article of 5,000 words,
and somebody who is signed in. It prints JSON: the session's key, and the keys of what is opened.
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
from posts.models import Post  # noqa: E402  (likewise)
from subscribers.models import Subscriber  # noqa: E402  (likewise)

BATCH = 5000
ISSUES = 100
WORDS, PARAGRAPH = 5000, 50


def readers(count: int) -> None:
    now = timezone.now()
    for numbers in batched(range(count), BATCH):
        with transaction.atomic():
            Subscriber.objects.bulk_create(
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
    return made[-1]


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
        "readers_end": -(-Subscriber.objects.count() // 50),
        "reader": Subscriber.objects.first().pk,  # type: ignore[union-attr]  # likewise
    }
    print(json.dumps(made))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
