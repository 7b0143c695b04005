"""`python -m tests.migrating empty|filled`: migrate a scratch database, and look at what is there.

In a process of its own, for it migrates the database that DATABASE_URL names. `filled` stops at
every migration of the project's apps, and writes what a site of that day could have: so every
row goes through all the migrations that came after it.
"""

import sys
from datetime import UTC, datetime
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402 (needs the settings)
from django.core.management import call_command  # noqa: E402  (likewise)
from django.db import IntegrityError, connection, transaction  # noqa: E402  (likewise)
from django.db.migrations.executor import MigrationExecutor  # noqa: E402  (likewise)

from posts.search.finding import search  # noqa: E402  (likewise)

ROOMS = ("posts", "subscribers", "newsletter")
DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
# What a row keeps through all migrations; the texts are such as migrations have changed.
KEPT = {
    "posts.author": ("name", "slug"),
    "posts.tag": ("name", "slug"),
    "posts.image": ("sha256", "width", "height"),
    "posts.post": ("title", "slug", "summary", "body", "published_at", "author_id", "cover_id"),
    "posts.page": ("title", "slug", "body"),
    "posts.formerslug": ("slug",),
    "subscribers.subscriber": ("address", "state"),
    "subscribers.consentevent": ("address", "kind", "wording"),
    "subscribers.suppression": ("address", "reason"),
    "subscribers.notice": ("kind", "state"),
    "subscribers.resource": ("title", "slug"),
    "newsletter.issue": ("number", "subject", "intro", "state"),
    "newsletter.issuepost": ("blurb", "post_id"),
    "newsletter.content": ("sha256", "text"),
    "newsletter.delivery": ("state", "subscriber_id"),
}


class Site:
    """The rows that were written, by their model."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, dict[str, Any]]] = []

    def fill(self, state: Any, mark: str) -> None:
        """Write one row of every model that there is at this state of the migrations."""
        made: dict[str, Any] = {}

        def make(label: str, **fields: Any) -> Any:
            try:
                model = state.get_model(label)
            except LookupError:
                return None
            known = {field.name for field in model._meta.get_fields()}
            row = model.objects.create(**{n: v for n, v in fields.items() if n in known})
            made[label] = row
            kept = {name: getattr(row, name) for name in KEPT[label]}
            self.rows.append((label, row.pk, kept))
            return row

        author = make("posts.author", name=f"Ruth {mark}", slug=f"ruth-{mark}")
        tag = make("posts.tag", name=f"Topic {mark}", slug=f"topic-{mark}")
        image = make(
            "posts.image", file=f"images/{mark}.png", width=60, height=40, sha256=mark.zfill(64)
        )
        if author:
            post = make(
                "posts.post",
                title=f"Written at {mark}",
                slug=f"written-{mark}",
                summary="A summary.",
                body=f"<p>The body<em>guard</em> of {mark}.[^1]</p>",
                author=author,
                cover=image,
                cover_alt="A headset.",
                published_at=DAY,
            )
            post.tags.add(tag)
            make("posts.formerslug", slug=f"before-{mark}", post=post)
        make("posts.page", title=f"Page {mark}", slug=f"page-{mark}", body="<p>x</p>")
        address = f"{mark}@example.org"
        subscriber = make(
            "subscribers.subscriber",
            address=address,
            state="confirmed",
            confirmed_at=DAY,
            key=f"key{mark}".ljust(32, "x"),
            confirm_key=f"confirm{mark}".ljust(32, "x"),
        )
        make(
            "subscribers.consentevent",
            address=address,
            kind="confirmed",
            wording="Yes.",
            subscriber=subscriber,
        )
        make("subscribers.suppression", address=f"no-{address}", reason="request")
        make("subscribers.notice", subscriber=subscriber, kind="welcome", state="sent")
        make(
            "subscribers.resource",
            title=f"Card {mark}",
            slug=f"card-{mark}",
            description="x",
            file=f"resources/{mark}.pdf",
        )
        issue = make(
            "newsletter.issue",
            number=len(self.rows),
            subject=f"Issue {mark}",
            intro="<p>Hello.</p>",
            state="sent",
        )
        if issue:
            make("newsletter.issuepost", issue=issue, post=made["posts.post"], blurb="Read it.")
            make(
                "newsletter.content",
                issue=issue,
                mime=b"x",
                sha256=mark.zfill(64),
                web_html='<img src="/media/x.jpg" alt="x" width="1" height="1">',
                text="Hello.",
            )
            make(
                "newsletter.delivery",
                issue=issue,
                subscriber=subscriber,
                state="sent",
                due_at=DAY,
                changed_at=DAY,
            )

    def check(self) -> None:
        """Find every row as it was, and every article by its words, its topic and its author."""
        for label, pk, kept in self.rows:
            row = apps.get_model(label)._base_manager.get(pk=pk)
            assert {name: getattr(row, name) for name in kept} == kept, label
        for label, pk, kept in self.rows:
            if label == "posts.post":
                mark = kept["slug"].removeprefix("written-")
                for text in (mark, f'"bodyguard of {mark}"', f"ruth {mark}", f'"topic {mark}"'):
                    assert [hit.post.pk for hit in search(text).hits] == [pk], text
        unseen = set(KEPT) - {label for label, *_ in self.rows}
        assert not self.rows or not unseen, unseen


def check_database() -> None:
    """The constraints hold, the models are those of the migrations, and search is kept."""
    connection.check_constraints()
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    executor = MigrationExecutor(connection)
    assert not executor.migration_plan(executor.loader.graph.leaf_nodes())
    for model in (model for room in ROOMS for model in apps.get_app_config(room).get_models()):
        for row in model._base_manager.all():
            row.validate_constraints()
    author = apps.get_model("posts.author").objects.create(name="Newest Author")
    post = apps.get_model("posts.post")
    fresh = post.objects.create(
        title="Newest", summary="x", body="<p>Lighthouse.</p>", author=author, published_at=DAY
    )
    assert [hit.post for hit in search("lighthouse author").hits] == [fresh]
    refused = (
        "INSERT INTO posts_tag (name, slug, description) SELECT name, slug, '' FROM posts_tag",
        "UPDATE posts_post SET title = ''",
        "UPDATE subscribers_subscriber SET state = 'unknown'",
        "UPDATE subscribers_suppression SET address = 'Upper@example.org'",
        "UPDATE subscribers_consentevent SET wording = 'Something else.'",
        "DELETE FROM subscribers_consentevent",
        "UPDATE newsletter_delivery SET state = 'unknown'",
    )
    for sql in refused:
        table = sql.replace("INSERT INTO", "UPDATE").replace("DELETE FROM", "UPDATE").split()[1]
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            if not cursor.fetchone()[0]:
                continue
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
        except IntegrityError:
            continue
        raise AssertionError(f"Nothing refused: {sql}")


def migrate(*target: str) -> None:
    call_command("migrate", *target, verbosity=0, interactive=False)


def main(how: str) -> None:
    site = Site()
    if how == "filled":
        loader = MigrationExecutor(connection).loader
        plan = MigrationExecutor(connection).migration_plan(loader.graph.leaf_nodes())
        steps = [(one.app_label, one.name) for one, _ in plan if one.app_label in ROOMS]
        for number, step in enumerate(steps, start=1):
            migrate(*step)
            executor = MigrationExecutor(connection)
            state = executor.loader.project_state(list(executor.loader.applied_migrations))
            site.fill(state.apps, f"at{number:02}")
    migrate()
    site.check()
    check_database()
    sys.stdout.write(f"{len(site.rows)} rows\n")


if __name__ == "__main__":
    main(sys.argv[1])
