"""`python -m bench.search_fill COUNT`: add articles until there are COUNT.

The texts use the words of the demo's articles with the same frequencies, and a long tail of rare
words. So a common word is in every article, as on a real site.
"""

import random
import re
import sys
from datetime import timedelta
from itertools import batched

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 (needs the settings)
from django.utils import timezone  # noqa: E402  (likewise)
from django.utils.html import strip_tags  # noqa: E402  (likewise)

from bench.scratch import ROOT  # noqa: E402  (likewise)
from posts.models import Author, Post, Tag  # noqa: E402  (likewise)
from posts.models.body import serve  # noqa: E402  (likewise)

PARAGRAPHS = 10
WORDS = 60
TAGS = 40
BATCH = 500


def vocabulary() -> list[str]:
    texts = (ROOT / "alarmroom/development/demo/articles").glob("*.html")
    return re.findall(r"[a-z]+", " ".join(strip_tags(t.read_text()) for t in sorted(texts)).lower())


def write(number: int, common: list[str]) -> Post:
    pick = random.Random(number)
    title = " ".join(pick.choices(common, k=6)).capitalize()
    paragraphs = []
    for _ in range(PARAGRAPHS):
        words = pick.choices(common, k=WORDS)
        words[7] = f"<strong>{words[7]}</strong>"
        # Half of the different words of a text are in hardly any other text.
        words[20] = f"rare{int(pick.paretovariate(0.7))}"
        words[30] = f'<a href="https://example.org/{number}">{words[30]}</a>'
        paragraphs.append(f"<p>{' '.join(words)}.</p>")
    body = "\n".join(paragraphs)
    served = serve(body)  # As save() does, which bulk_create() does not call.
    return Post(
        title=title,
        slug=f"post-{number}",
        summary=" ".join(pick.choices(common, k=25)).capitalize(),
        body=body,
        body_served=served.html,
        served_of=served.made_of,
        author_id=1,
        published_at=timezone.now() - timedelta(hours=number * 3 % 90_000, minutes=number),
    )


def fill(count: int) -> None:
    common = vocabulary()
    Author.objects.get_or_create(pk=1, defaults={"name": "Ruth", "slug": "ruth"})
    tags = [Tag.objects.get_or_create(name=f"Topic {n}")[0] for n in range(TAGS)]
    link = Post.tags.through
    for numbers in batched(range(Post.objects.count(), count), BATCH, strict=False):
        with transaction.atomic():
            posts = Post.objects.bulk_create([write(number, common) for number in numbers])
            link.objects.bulk_create(
                link(post=post, tag=tags[which])
                for post in posts
                for which in {post.pk % TAGS, post.pk // 3 % TAGS, post.pk // 40 % TAGS}
            )
    with connection.cursor() as cursor:
        # On a running site, the database does this by itself.
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


if __name__ == "__main__":
    fill(int(sys.argv[1]))
