"""Each role over every address of the desk, with articles of its own and of others."""

import json
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from alarmroom.desk import revisions, roles
from alarmroom.desk.bin import move_to_bin
from alarmroom.desk.content import content_of
from alarmroom.desk.models import Binned, Revision, WorkingCopy
from posts.models import Post, RelatedPost
from tests.factories import make_author, make_image, make_post, make_tag
from tests.posts.admin.desk import change, form, said
from tests.posts.admin.members import member

pytestmark = pytest.mark.django_db

OWN, OTHERS, OWN_ON_SITE, ON_SITE = "own draft", "their draft", "own on the site", "on the site"
SCHEDULED = "their scheduled"
SECRET = "Marker of somebody else"


def signed_in(user: User) -> Client:
    client = Client()
    client.raise_request_exception = False
    client.force_login(user)
    return client


@pytest.fixture
def posts(request: Any) -> dict[str, Post]:
    author = make_author(name="Ruth")
    colleague = member(roles.WRITER, "colleague")
    soon = timezone.now() + timedelta(days=1)
    made = {
        OWN: make_post(title="My draft", author=author, published_at=None),
        OTHERS: make_post(
            title=SECRET, slug="marker", author=author, owner=colleague, published_at=None
        ),
        OWN_ON_SITE: make_post(title="Mine on the site", author=author),
        ON_SITE: make_post(title="Theirs on the site", author=author, owner=colleague),
        SCHEDULED: make_post(title="Theirs soon", author=author, owner=colleague),
    }
    Post.objects.filter(pk=made[SCHEDULED].pk).update(published_at=soon)
    for post in made.values():
        revisions.record(post, content_of(post), Revision.Kind.SAVED, by=post.owner)
    return made


def own(posts: dict[str, Post], user: User) -> None:
    for what in (OWN, OWN_ON_SITE):
        Post.objects.filter(pk=posts[what].pk).update(owner=user)


def page(post: Post, what: str) -> str:
    return reverse(f"admin:posts_post_{what}", args=[post.pk])


def article_data(post: Post | None = None, **fields: Any) -> dict[str, Any]:
    """What a browser sends of an article's form."""
    if post:
        fields = {"title": post.title, "slug": post.slug, "author": post.author_id, **fields}
    return form(**fields)


def titles(response: HttpResponse) -> list[str]:
    return sorted(post.title for post in response.context["cl"].queryset)


# Which of these a role sees on the desk, and which it changes there.
SEES = {
    roles.WRITER: {OWN, OWN_ON_SITE},
    roles.EDITOR: {OWN, OTHERS, OWN_ON_SITE, ON_SITE, SCHEDULED},
    roles.PUBLISHER: {OWN, OTHERS, OWN_ON_SITE, ON_SITE, SCHEDULED},
    roles.ADMINISTRATOR: {OWN, OTHERS, OWN_ON_SITE, ON_SITE, SCHEDULED},
}
CHANGES = {**SEES, roles.WRITER: {OWN}}
BINS = {**SEES, roles.WRITER: {OWN}, roles.EDITOR: {OWN, OTHERS}}
READING = ("change", "history", "compare")
CHANGING = (
    *("restore", "drop", "working_copy", "newer", "presence", "set_aside", "take_up", "checks"),
)


@pytest.mark.parametrize("role", roles.ROLES)
def test_each_role_opens_what_it_may(posts: dict[str, Post], role: str) -> None:
    user = member(role)
    own(posts, user)
    client = signed_in(user)
    for what, post in posts.items():
        sees = what in SEES[role]
        for name in READING:
            assert client.get(page(post, name)).status_code == (200 if sees else 403), (what, name)
        preview = client.get(reverse("posts:preview", args=[post.pk]))
        assert preview.status_code == (200 if sees else 404), what
        kind = ContentType.objects.get_for_model(Post).pk
        away = client.get(f"/admin/r/{kind}/{post.pk}/")
        assert (away.status_code == 302) == sees, what
        for name in CHANGING:
            status = client.post(page(post, name)).status_code
            if status == 405:
                status = client.get(page(post, name)).status_code
            assert (status not in (403, 404, 410)) == (what in CHANGES[role]) or (
                # Asked for a revision that does not exist.
                name == "restore" and status == 404 and what in CHANGES[role]
            ), (what, name, status)
        live = client.post(reverse("posts:preview", args=[post.pk]), {"title": "x"})
        assert (live.status_code == 200) == (what in CHANGES[role]), what
        assert (client.get(page(post, "delete")).status_code == 200) == (what in BINS[role]), what
        again = client.post(page(post, "publish_again")).status_code
        assert (again == 302) == (role in (roles.PUBLISHER, roles.ADMINISTRATOR)), what


@pytest.mark.parametrize("role", roles.ROLES)
def test_lists_autocompletes_and_the_bin_show_no_more(posts: dict[str, Post], role: str) -> None:
    user = member(role)
    own(posts, user)
    client = signed_in(user)
    found = client.get(reverse("admin:posts_post_changelist"))
    assert titles(found) == sorted(posts[what].title for what in SEES[role])
    # An article that readers see may be named by everybody who writes.
    asked = f"{reverse('admin:autocomplete')}?app_label=posts&model_name=relatedpost"
    offered = client.get(f"{asked}&field_name=related&term=").json()["results"]
    names = {each["text"] for each in offered}
    seen = {posts[what].title for what in (*SEES[role], OWN_ON_SITE, ON_SITE)}
    assert names == seen
    move_to_bin(Post.objects.get(pk=posts[OTHERS].pk), None)
    move_to_bin(Post.objects.get(pk=posts[OWN].pk), user)
    entry = Binned.objects.get(title=SECRET)
    sees_others = OTHERS in SEES[role]
    bin_page = client.get(reverse("admin:bin"))
    assert (SECRET in bin_page.content.decode()) == sees_others
    assert "My draft" in bin_page.content.decode()
    client.post(reverse("admin:bin_restore"), {"entry": entry.pk})
    assert Post.objects.filter(title=SECRET).exists() == sees_others
    client.post(reverse("admin:bin_restore"), {"act": str(Binned.objects.get(owner=user).act)})
    assert Post.objects.filter(title="My draft").exists()


@pytest.mark.parametrize("role", (roles.WRITER, roles.EDITOR))
@pytest.mark.parametrize("action", ["publish_now", "back_to_draft", "withdraw", "bring_back"])
def test_no_action_of_the_list_publishes_for_who_may_not(
    posts: dict[str, Post], role: str, action: str
) -> None:
    user = member(role)
    own(posts, user)
    before = dict(Post.objects.values_list("pk", "published_at"))
    chosen = [post.pk for post in posts.values()]
    address = reverse("admin:posts_post_changelist")
    signed_in(user).post(address, {"action": action, "_selected_action": chosen})
    assert dict(Post.objects.values_list("pk", "published_at")) == before


def test_a_bulk_move_to_the_bin_takes_only_what_one_may(posts: dict[str, Post]) -> None:
    writer = member(roles.WRITER)
    own(posts, writer)
    chosen = [post.pk for post in posts.values()]
    data = {"action": "delete_selected", "_selected_action": chosen}
    client = signed_in(writer)
    address = reverse("admin:posts_post_changelist")
    assert SECRET not in client.post(address, data).content.decode()
    client.post(address, {**data, "post": "yes"})
    assert set(Post.objects.values_list("pk", flat=True)) == set(chosen) - {posts[OWN].pk}


PUBLISHING = [
    {"_publish": "1"},
    {"_update": "1"},
    {"_save": "1", "published_at_0": "2026-01-02", "published_at_1": "09:00"},
    {"_continue": "1", "published_at_0": "2046-01-02", "published_at_1": "09:00"},
]


@pytest.mark.parametrize("role", (roles.WRITER, roles.EDITOR))
@pytest.mark.parametrize("buttons", PUBLISHING)
def test_no_save_publishes_for_who_may_not(
    posts: dict[str, Post], role: str, buttons: dict[str, str]
) -> None:
    """Neither a new article nor a draft; and what readers see, or will see, stays as it is."""
    user = member(role)
    own(posts, user)
    client = signed_in(user)
    before = {post.pk: post.published_at for post in Post.objects.all()}
    bodies = dict(Post.objects.exclude(published_at=None).values_list("pk", "body"))
    for post in Post.objects.all():
        client.post(page(post, "change"), article_data(post, body="<p>Mine.</p>", **buttons))
    client.post(
        reverse("admin:posts_post_add"), article_data(title="Fresh", slug="fresh", **buttons)
    )
    fresh = Post.objects.get(title="Fresh")
    assert fresh.published_at is None and fresh.owner == user
    assert dict(Post.objects.exclude(pk=fresh.pk).values_list("pk", "published_at")) == before
    assert dict(Post.objects.exclude(published_at=None).values_list("pk", "body")) == bodies
    draft = Post.objects.get(pk=posts[OWN].pk)
    assert draft.body == "<p>Mine.</p>"
    waits = Revision.objects.filter(waits=True).values_list("object_id", flat=True)
    on_site = {posts[what].pk for what in (OWN_ON_SITE, ON_SITE, SCHEDULED)}
    assert set(waits) == (on_site if role == roles.EDITOR else set())


def test_a_publisher_gives_readers_what_an_editor_wrote(posts: dict[str, Post]) -> None:
    editor, publisher = member(roles.EDITOR), member(roles.PUBLISHER)
    post = posts[ON_SITE]
    edited = signed_in(editor).post(
        page(post, "change"), article_data(post, body="<p>Corrected.</p>", _save="1")
    )
    assert "until a publisher updates it" in said(edited)
    client = signed_in(publisher)
    form = client.get(page(post, "change")).context["adminform"].form
    assert "Corrected." in form["body"].value()
    data = article_data(post, body="<p>Corrected.</p>", _update="1")
    client.post(page(post, "change"), data)
    assert Post.objects.get(pk=post.pk).body == "<p>Corrected.</p>"


def test_restoring_publishes_nothing_for_who_may_not(posts: dict[str, Post]) -> None:
    post = posts[ON_SITE]
    old = Revision.objects.of(post).get()
    Post.objects.filter(pk=post.pk).update(body="<p>Newer.</p>")
    client = signed_in(member(roles.EDITOR))
    client.post(page(post, "restore"), {"revision": old.pk, "_publish": "1", "_update": "1"})
    assert Post.objects.get(pk=post.pk).body == "<p>Newer.</p>"
    assert Revision.objects.of(post).get(waits=True).kind == Revision.Kind.RESTORED


def test_a_working_copy_of_somebody_else_is_nobodys_business(posts: dict[str, Post]) -> None:
    now = timezone.now()
    copy = WorkingCopy.objects.create(
        content_type=ContentType.objects.get_for_model(Post),
        object_id=posts[ON_SITE].pk,
        by=User.objects.get(username="colleague"),
        tab="tab-of-a-colleague",
        data=[["title", SECRET]],
        made_at=now,
        changed_at=now,
    )
    client = signed_in(member(roles.ADMINISTRATOR))
    post = posts[ON_SITE]
    compared = client.get(f"{page(post, 'compare')}?to=copy-{copy.pk}")
    assert compared.status_code == 404
    opened = client.get(f"{page(post, 'change')}?copy={copy.pk}")
    assert SECRET not in opened.content.decode()


def test_what_an_editor_picked_is_not_named_to_a_writer_who_may_not_see_it(
    posts: dict[str, Post],
) -> None:
    writer = member(roles.WRITER)
    own(posts, writer)
    mine = Post.objects.get(pk=posts[OWN].pk)
    RelatedPost.objects.create(post=mine, related=posts[OTHERS])
    revisions.record(mine, content_of(mine), Revision.Kind.RESTORED)
    client = signed_in(writer)
    for name in READING:
        assert SECRET not in client.get(page(mine, name)).content.decode(), name
    # Saving keeps it, and adds none that may not be seen.
    row = RelatedPost.objects.get()
    data = article_data(mine, _continue="1") | {
        "related_to-TOTAL_FORMS": "2",
        "related_to-INITIAL_FORMS": "1",
        "related_to-0-id": row.pk,
        "related_to-0-post": mine.pk,
        "related_to-0-related": posts[OTHERS].pk,
        "related_to-0-position": "1",
        "related_to-1-post": mine.pk,
        "related_to-1-related": posts[SCHEDULED].pk,
        "related_to-1-position": "2",
    }
    refused = client.post(page(mine, "change"), data)
    assert refused.status_code == 200 and RelatedPost.objects.count() == 1
    data["related_to-1-related"] = posts[ON_SITE].pk
    assert client.post(page(mine, "change"), data).status_code == 302
    assert set(mine.related_to.values_list("related", flat=True)) == {
        posts[OTHERS].pk,
        posts[ON_SITE].pk,
    }


def test_what_is_not_there_answers_as_what_may_not_be_seen(posts: dict[str, Post]) -> None:
    client = signed_in(member(roles.WRITER))
    missing = Post(pk=10**9)
    for name in (*READING, "delete"):
        theirs = client.get(page(posts[OTHERS], name))
        assert client.get(page(missing, name)).status_code == theirs.status_code == 403, name


SCRIPT = "<script>alert(1)</script><p onclick='alert(1)'>Text</p>"


def test_a_script_in_a_revision_runs_for_nobody_who_looks_at_it(posts: dict[str, Post]) -> None:
    """What was stored past the allowlist is cleaned on every page that shows it."""
    post = posts[ON_SITE]
    content = content_of(post)
    content["fields"]["body"] = SCRIPT
    content["fields"]["title"] = "<script>alert(2)</script>"
    bad = revisions.record(post, content, Revision.Kind.SAVED, waits=True)
    client = signed_in(member(roles.PUBLISHER))
    for address in (
        page(post, "change"),
        page(post, "history"),
        f"{page(post, 'compare')}?from={bad.pk}&to=readers",
        page(post, "compare"),
        page(post, "newer"),
        reverse("posts:preview", args=[post.pk]),
    ):
        shown = client.get(address).content.decode()
        assert "<script>alert" not in shown and "<p onclick" not in shown, address
    restored = client.post(page(post, "restore"), {"revision": bad.pk})
    assert restored.status_code in (200, 302)
    assert "alert(1)" not in json.dumps(revisions.head_of(post).content["fields"]["body"])


def test_a_writer_picks_authors_topics_and_pictures(posts: dict[str, Post]) -> None:
    make_tag("Fire")
    make_image()
    client = signed_in(member(roles.WRITER))
    for field in ("author", "tags", "cover"):
        asked = f"?app_label=posts&model_name=post&field_name={field}&term="
        assert client.get(reverse("admin:autocomplete") + asked).json()["results"], field


def test_articles_from_before_the_roles_belong_to_who_added_them(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    give = import_module("posts.migrations.0027_owners_of_older_articles").give
    ruth, dele = member(roles.WRITER, "ruth"), member(roles.EDITOR, "dele")
    writer, kind = signed_in(ruth), ContentType.objects.get_for_model(Post)

    def older(title: str, **fields: Any) -> Post:
        return make_post(title=title, published_at=None, **fields)

    def added(post: Post, by: User) -> None:
        LogEntry.objects.create(
            user=by, content_type=kind, object_id=str(post.pk), action_flag=ADDITION
        )

    def saved(post: Post, by: User | None, kind: Revision.Kind = Revision.Kind.SAVED) -> None:
        revisions.record(post, content_of(post), kind, by=by)

    logged, recorded, found, foreign = (older(name) for name in ("log", "first", "found", "name"))
    kept = older("kept", owner=dele)
    added(logged, ruth)
    saved(logged, dele)
    saved(recorded, ruth)
    # It was there before its first revision: who saved it then need not have written it.
    saved(found, None, Revision.Kind.FOUND)
    saved(found, ruth)
    foreign.author.name = "ruth"
    foreign.author.save()
    added(kept, ruth)
    LogEntry.objects.create(user=ruth, content_type=kind, object_id="x", action_flag=ADDITION)
    with django_assert_num_queries(6):
        give(apps, None)
    owners = dict(Post.objects.values_list("title", "owner__username"))
    assert owners == {"log": "ruth", "first": "ruth", "found": None, "name": None, "kept": "dele"}
    shown = writer.get("/admin/posts/post/").content.decode()
    assert change(logged) in shown
    assert change(found) not in shown
    assert writer.get(change(recorded)).status_code == 200
    assert writer.get(change(found)).status_code in (302, 403, 404)
