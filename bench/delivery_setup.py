"""Fill a scratch installation with subscribers and an issue whose delivery is started."""

import sys
from itertools import batched

import django

django.setup()

from django.utils import timezone  # noqa: E402  (the settings come first)

from newsletter.delivery import starting  # noqa: E402  (likewise)
from newsletter.models import Issue, IssuePost  # noqa: E402  (likewise)
from posts.models import Author, Post  # noqa: E402  (likewise)
from subscribers.models import Subscriber  # noqa: E402  (likewise)

PARAGRAPH = "The caller hears one voice, and the crew hears the same one. " * 6


def main(count: int) -> None:
    now = timezone.now()
    for numbers in batched(range(count), 5_000):
        Subscriber.objects.bulk_create(
            Subscriber(address=f"reader{n}@example.org", state="confirmed", confirmed_at=now)
            for n in numbers
        )
    author = Author.objects.create(name="Bench Author")
    issue = Issue.objects.create(subject="A full issue", intro=f"<p>{PARAGRAPH}</p>")
    for position in range(6):
        post = Post.objects.create(
            title=f"Article {position}",
            summary=PARAGRAPH[:300],
            body=f"<p>{PARAGRAPH}</p>",
            author=author,
            published_at=now,
        )
        IssuePost.objects.create(issue=issue, post=post, position=position)
    starting.start(issue)


if __name__ == "__main__":
    main(int(sys.argv[1]))
