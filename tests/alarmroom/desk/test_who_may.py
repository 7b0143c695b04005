"""One table says which role may open which address; every address of the site is in it.

A permission only adds rights. So it is enough to test each address with all permissions except
those in the table, which must be refused, and with each permission in the table alone, which must
be allowed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from alarmroom.desk.bin import move_to_bin
from alarmroom.desk.models import Binned
from newsletter.models import (
    Content,
    Delivery,
    Gate,
    Issue,
    ReceivedMail,
    SendingLimit,
    WarmUp,
)
from newsletter.reports import storing
from posts.models import Post, Spelling
from subscribers.models import ConsentEvent, Notice, Subscriber, Suppression
from tests.factories import (
    make_author,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_subscriber,
    make_tag,
)

# A role, or a list of permissions of which each is sufficient.
EVERYBODY, STAFF, NOBODY = "everybody", "staff", "nobody"
LEDGER = "subscribers.view_subscriber"  # needed in addition where readers are shown
OTHERS = "posts.change_any_post"  # needed in addition for articles of others
SEE_POST, CHANGE_POST = f"posts.view_post posts.change_post+{OTHERS}", f"posts.change_post+{OTHERS}"

# The addresses of the mailroom exist in development only.
PUBLIC = [
    "newsletter:archive",
    "newsletter:issue",
    "newsletter:click",
    "newsletter:click-cut",
    "subscribers:subscribe",
    "subscribers:check-mail",
    "subscribers:confirm",
    "subscribers:unsubscribe",
    "subscribers:resource",
    "robots",
    "sitemap-index",
    "sitemap",
    "posts:front",
    "posts:article",
    "posts:tag",
    "posts:author",
    "posts:topics",
    "posts:archive",
    "posts:year",
    "posts:month",
    "posts:search",
    "posts:suggest",
    "posts:share-image",
    "posts:feeds",
    "posts:site-feed",
    "posts:tag-feed",
    "posts:author-feed",
    "posts:page",
    "posts:saved",
    "posts:tried-articles",
    "posts:tried-tags",
    "posts:tried-feed",
    "posts:tried-rss",
    "posts:tried-rss.xml",
    "posts:tried-feed.xml",
    "posts:tried-atom.xml",
    "posts:tried-feed.json",
    "posts:to-article",
    "posts:to-page",
    "posts:shared-draft",  # asked for with a token that is wrong
    "media/<path:path>",
    "favicon.ico",
    "apple-touch-icon.png",
    "admin:login",
    "admin:second_factor",  # without a right password it leads to the sign-in
    "admin:second_factor_needed",
    "admin:passkey_challenge_at_sign_in",
    "admin:password_reset",
    "admin:password_reset_confirm",  # for who has the link of a mail
    "admin:sign_in_again",
    "mailroom:index",
    "mailroom:empty",
    "mailroom:mail",
    "mailroom:html",
    "mailroom:source",
]

# The admin pages of each model, and the permissions that open them.
MODELS: dict[str, dict[str, str]] = {
    "posts.post": {
        "see": "view change",
        "add": "add",
        # The article of the test is somebody else's, and published.
        "delete": f"delete+{OTHERS}+posts.publish_post",
    },
    "posts.page": {"see": "view change", "add": "add", "delete": "delete"},
    "posts.tag": {"see": "view change", "add": "add", "delete": "delete"},
    "posts.author": {"see": "view change", "add": "add", "delete": "delete"},
    "posts.image": {"see": "view change", "add": "add", "delete": "delete"},
    "posts.formerslug": {"see": "view change", "add": NOBODY, "delete": NOBODY},
    "publication.publication": {"see": "view change", "add": NOBODY, "delete": NOBODY},
    "posts.spelling": {"see": "view change", "add": "add", "delete": "delete"},
    "newsletter.issue": {"see": "view change", "add": "add", "delete": "delete"},
    "newsletter.delivery": {
        "see": f"view+{LEDGER} change+{LEDGER}",
        "add": NOBODY,
        "delete": NOBODY,
    },
    "newsletter.sendinglimit": {"see": "view change", "add": "add", "delete": "delete"},
    # There is one, so no other is begun.
    "newsletter.warmup": {"see": "view change", "add": NOBODY, "delete": "delete"},
    "newsletter.receivedmail": {"see": f"view+{LEDGER}", "add": NOBODY, "delete": NOBODY},
    "subscribers.subscriber": {"see": "view change", "add": NOBODY, "delete": "delete"},
    "subscribers.consentevent": {"see": "view change", "add": NOBODY, "delete": NOBODY},
    "subscribers.suppression": {"see": "view change", "add": "add", "delete": "delete"},
    "subscribers.resource": {"see": "view change", "add": "add", "delete": "delete"},
    "subscribers.notice": {
        "see": f"view+{LEDGER} change+{LEDGER}",
        "add": NOBODY,
        "delete": NOBODY,
    },
    "auth.user": {"see": "view change", "add": "add+auth.change_user", "delete": "delete"},
    "auth.group": {"see": "view change", "add": "add", "delete": "delete"},
    "django_tasks_database.dbtaskresult": {"see": "view change", "add": NOBODY, "delete": NOBODY},
}

# What a deletion moves to the bin.
BINNABLE = [
    ("posts", "post"),
    ("posts", "page"),
    ("posts", "image"),
    ("newsletter", "issue"),
    ("subscribers", "resource"),
]
SEE_BIN = " ".join(f"{app}.view_{model} {app}.change_{model}" for app, model in BINNABLE)

# Who writes texts of any kind.
WRITERS = " ".join(
    f"{label.replace('.', f'.{right}_')}"
    for label in ("posts.post", "posts.page", "newsletter.issue")
    for right in ("add", "change")
)

TABLE: dict[str, str] = {
    **dict.fromkeys(PUBLIC, EVERYBODY),
    "posts:preview": SEE_POST,
    "posts:preview-new": "posts.add_post",
    **dict.fromkeys(("posts:preview-search", "posts:preview-card", "posts:preview-tab"), SEE_POST),
    **dict.fromkeys(
        ("posts:preview-search-new", "posts:preview-card-new", "posts:preview-tab-new"),
        "posts.add_post",
    ),
    "newsletter:webhook": NOBODY,  # but mail services, by a secret of theirs
    "newsletter:preview-item": SEE_POST,
    "newsletter:preview-item-new": "posts.add_post",
    "admin:posts_post_share": "posts.change_post",
    "posts:find-links": WRITERS,
    "posts:present-pictures": WRITERS,
    "admin:posts_image_describe": "posts.change_image",
    "admin:posts_image_revise": "posts.change_image",
    "posts:find-pictures": "posts.view_image posts.change_image posts.add_image",
    "posts:image-upload": "posts.add_image",
    "admin:posts_post_review": CHANGE_POST,
    "admin:posts_post_corrections": f"{CHANGE_POST}+posts.publish_post",
    "admin:posts_post_comments": SEE_POST,
    "admin:posts_post_readers": SEE_POST,
    "admin:posts_post_checks": CHANGE_POST,
    "admin:posts_post_new_checks": "posts.add_post",
    "admin:left_behind": "auth.change_user",
    "admin:left_behind_take": "auth.change_user",
    "admin:posts_image_small": "posts.view_image posts.change_image",
    "admin:posts_post_related": "posts.change_post",
    "admin:posts_post_new_related": "posts.add_post",
    "admin:posts_tag_topics": "posts.view_tag posts.change_tag",
    "admin:posts_tag_new_topic": "posts.add_tag",
    "admin:index": STAFF,  # lists only what the account may see
    # What has no place in the menu (alarmroom/desk/menu.py).
    "admin:technical": "django_tasks_database.view_dbtaskresult "
    "django_tasks_database.change_dbtaskresult",
    "admin:find": STAFF,  # finds only what the account may see
    "admin:logout": EVERYBODY,
    "admin:password_change": STAFF,
    "admin:password_change_done": STAFF,
    "admin:jsi18n": STAFF,
    # Each account's own.
    "admin:signing_in": STAFF,
    "admin:second_factor_set_up": STAFF,
    "admin:second_factor_remove": STAFF,
    "admin:passkey_add": STAFF,
    "admin:passkey_remove": STAFF,
    "admin:passkey_challenge": STAFF,
    "admin:recovery_codes": STAFF,
    "admin:recovery_codes_file": STAFF,
    "admin:recovery_codes_renew": STAFF,
    "admin:sessions_end": STAFF,
    "admin:second_factor_reset": "auth.change_user",
    "admin:app_list": STAFF,
    "admin/(?P<url>.*)$": STAFF,  # the catch-all 404
    "admin:guide": STAFF,
    "admin:guide_start": STAFF,
    "admin:guide_picture": STAFF,
    "admin:autocomplete": "posts.view_post posts.change_post",
    "admin:view_on_site": SEE_POST,
    "admin:auth_user_password_change": "auth.change_user",
    "admin:bin": SEE_BIN,
    # What is restored or deleted asks for the permissions of its own model, too.
    "admin:bin_delete": f"desk.empty_bin+posts.view_post desk.empty_bin+{CHANGE_POST}",
    "admin:bin_restore": " ".join(
        f"{app}.change_{model} {app}.view_{model}+{app}.add_{model}" for app, model in BINNABLE
    ),
    "admin:bin_empty": " ".join(f"desk.empty_bin+{one}" for one in SEE_BIN.split()),
    "admin:log": "desk.read_log",
    "admin:posts_post_publish_again": f"{CHANGE_POST}+posts.publish_post",
    "admin:posts_post_export": "posts.view_post posts.change_post",
    "admin:newsletter_issue_export": "newsletter.view_issue newsletter.change_issue",
    "admin:subscribers_subscriber_export": " ".join(
        f"subscribers.export_subscriber+subscribers.{word}_subscriber"
        for word in ("view", "change")
    ),
    "admin:newsletter_issue_preview": "newsletter.view_issue",
    "admin:newsletter_issue_preview_html": "newsletter.view_issue",
    "admin:newsletter_issue_progress": "newsletter.view_issue",
    **dict.fromkeys(
        (
            f"admin:newsletter_issue_{page}"
            for page in ("report", "report_domains", "report_hours", "reports", "reports_file")
        ),
        "newsletter.view_issue",
    ),
    "admin:newsletter_issue_test": "newsletter.change_issue",
    "admin:newsletter_issue_send": "newsletter.send_issue",
    "admin:newsletter_issue_pause": "newsletter.send_issue",
    "admin:newsletter_issue_resume": "newsletter.send_issue",
    "admin:newsletter_issue_cancel": "newsletter.send_issue",
    "admin:newsletter_issue_unschedule": "newsletter.send_issue",
    "admin:newsletter_issue_move": "newsletter.send_issue",
    "admin:posts_post_move": "posts.publish_post+posts.change_post+posts.change_any_post",
    "admin:posts_post_wish": CHANGE_POST,
    "admin:newsletter_issue_settle": "newsletter.send_issue",
}
for label, pages in MODELS.items():
    app, _, model = label.partition(".")
    for page, what in (
        ("changelist", "see"),
        ("change", "see"),
        ("history", "see"),
        ("add", "add"),
        ("delete", "delete"),
    ):
        TABLE[f"admin:{app}_{model}_{page}"] = " ".join(
            word
            if word == NOBODY
            else f"{app}.{word.replace('+', f'_{model}+', 1)}"
            if "+" in word
            else f"{app}.{word}_{model}"
            for word in pages[what].split()
        )
    # An old address of Django's, which redirects to the change page without looking at the row.
    TABLE[f"admin/{app}/{model}/<path:object_id>/"] = STAFF

# What is kept of the forms of these: working copies and revisions.
for label in (
    "posts.post",
    "posts.page",
    "posts.author",
    "publication.publication",
    "newsletter.issue",
    "subscribers.resource",
):
    app, _, model = label.partition(".")
    TABLE[f"admin:{app}_{model}_compare"] = f"{app}.view_{model} {app}.change_{model}"
    for page in ("restore", "drop", "working_copy", "presence", "newer", "set_aside", "take_up"):
        TABLE[f"admin:{app}_{model}_{page}"] = f"{app}.change_{model}"
    for page in ("working_copy", "presence", "newer", "set_aside", "take_up"):
        add = NOBODY if label == "publication.publication" else f"{app}.add_{model}"
        TABLE[f"admin:{app}_{model}_new_{page}"] = add
for name, row in TABLE.items():
    if name.startswith("admin:posts_post_") and not name.endswith(("_changelist", "_export")):
        if row == "posts.view_post posts.change_post":
            TABLE[name] = SEE_POST
        if row == "posts.change_post":
            TABLE[name] = CHANGE_POST

# Protected data, and the permissions that allow seeing it on any page.
DRAFT, ISSUE, BINNED = "Marker of a draft", "Marker of an issue", "Marker in the bin"
READER, CONSENT, SUPPRESSED, COLLEAGUE = (
    f"marker-of-{what}@example.org"
    for what in ("a-reader", "consent", "suppression", "a-colleague")
)
MARKERS: dict[str, str] = {
    DRAFT: "posts.view_post posts.change_post posts.delete_post",
    BINNED: "posts.view_post posts.change_post desk.read_log",
    ISSUE: "newsletter.view_issue newsletter.change_issue newsletter.delete_issue "
    "newsletter.send_issue",
    READER: "subscribers.view_subscriber subscribers.change_subscriber "
    "subscribers.delete_subscriber",
    CONSENT: "subscribers.view_consentevent subscribers.change_consentevent",
    SUPPRESSED: "subscribers.view_suppression subscribers.change_suppression "
    "subscribers.delete_suppression",
    COLLEAGUE: "auth.view_user auth.change_user auth.delete_user",
    "marker-key-of-a-reader": NOBODY,
    "marker-confirm-key": NOBODY,
    "marker-of-a-password": NOBODY,
}


@dataclass(frozen=True)
class Address:
    name: str  # its row in the table
    path: str


def patterns(
    found: Iterable[URLPattern | URLResolver], before: str = "", space: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the name and the route of each address of the site."""
    for pattern in found:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from patterns(pattern.url_patterns, route, space + inner)
        else:
            yield (space + pattern.name if pattern.name else route), route


ROUTES = list(dict.fromkeys(patterns(get_resolver().url_patterns)))
NAMES = list(dict.fromkeys(name for name, _ in ROUTES))
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
QUERIES = {"admin:autocomplete": "?app_label=posts&model_name=relatedpost&field_name=related&term="}


def address_of(name: str) -> Address:
    """Return an address of the route with the key of an existing row."""
    route = next(route for found, route in ROUTES if found == name)
    if name == "admin:app_list":
        route = "admin/posts/"
    if name == "admin:view_on_site":
        kind = ContentType.objects.get_for_model(Post).pk
        route = f"admin/r/{kind}/{Post.objects.get(title=DRAFT).pk}/"
    if route.startswith("preview/<int:pk>/"):
        route = route.replace("<int:pk>", str(Post.objects.get(title=DRAFT).pk))
    route = route.replace("(?P<url>.*)$", "nothing/")
    values = {
        "slug": "fire",
        "issue": "7",
        "number": "7",
        "year": "2025",
        "month": "03",
        "key": "x",
    }
    values |= {
        "service": "postmark",
        "token": "x",
        "uid": "x",
        "path": "x.jpg",
        "file_name": "atom.xml",
        "name": "pages",
    }
    if route.startswith("admin/") and route.count("/") > 2:
        app, model = route.split("/")[1:3]
        model_class = {model._meta.label_lower: model for model in admin.site._registry}.get(
            f"{app}.{model}"
        )
        if model_class is Issue:
            pages = ("progress", "pause", "settle", "cancel", "report")
            started = any(page in name for page in pages)
            thing = Issue.objects.get(state="sending" if started else "draft")
        else:
            thing = model_class and model_class._default_manager.order_by("pk").first()
        if model_class is Group:
            thing = Group.objects.get(name="Desk")  # one without a permission
        if app == "bin":
            thing = Binned.objects.get()
        values |= dict.fromkeys(("pk", "object_id", "id"), str(thing.pk) if thing else "1")
    path = PARAMETER.sub(lambda gap: values[gap[1]], route)
    return Address(name, f"/{path}{QUERIES.get(name, '')}")


@pytest.fixture
def publication(db: None, settings) -> None:
    tag, author = make_tag("Fire", slug="fire"), make_author(name="Ruth", slug="fire")
    cover = make_image(60, 40)
    shown = make_post(title="Published", slug="fire", author=author, tags=[tag])
    make_post(
        title=DRAFT,
        slug="marker-of-a-draft",
        author=author,
        tags=[tag],
        cover=cover,
        cover_alt="A console",
        published_at=None,
    )
    move_to_bin(make_post(title=BINNED, author=author, published_at=None), None)
    shown.slug = "flames"  # The former slug is stored.
    shown.save()
    make_page("House rules")
    make_resource()
    Spelling.objects.create(wrong="apco", right="APCO")
    reader = make_subscriber(READER, key="marker-key-of-a-reader", confirm_key="marker-confirm-key")
    ConsentEvent.objects.create(address=CONSENT, kind="confirmed")
    Suppression.objects.create(address=SUPPRESSED, reason="request")
    said = f"550 <{READER}>: no such user"
    Notice.objects.create(subscriber=reader, kind="welcome", state="failed", last_error=said)
    Group.objects.create(name="Desk")
    User.objects.create(
        username="colleague", email=COLLEAGUE, password="md5$x$marker-of-a-password"
    )
    make_issue(subject=ISSUE, number=8, posts=[shown])
    issue = make_issue(number=7, subject="Sent", posts=[shown])
    Content.objects.create(
        issue=issue, mime=b"Subject: x\n\nx", sha256="0" * 64, web_html="<p>x</p>", text="x"
    )
    now = timezone.now()
    Issue.objects.filter(pk=issue.pk).update(
        state="sending",
        started_at=now,
        recipients=1,
        state_note=f"Paused: {said}",
        paused_at=now,
        paused_why=said,
    )
    Gate.objects.create(
        key="domain:agency.example",
        held_until=now + timedelta(minutes=5),
        held_times=1,
        held_why=said,
    )
    other = make_subscriber("marker-of-a-reader@example.org.example")
    for subscriber, state in ((reader, "failed"), (other, "uncertain")):
        Delivery.objects.create(
            issue=issue, subscriber=subscriber, state=state, reply=said, due_at=now, changed_at=now
        )
    SendingLimit.objects.create(name="agency.example", messages=1000)
    WarmUp.objects.create()
    ReceivedMail.objects.create(
        why="person", source="mailbox", sender=READER, size=1, raw=said.encode(), key="0" * 64
    )
    storing.store(Issue.objects.get(pk=issue.pk))
    DBTaskResult.objects.create(
        args_kwargs={"args": [], "kwargs": {}},
        task_path="x.y",
        backend_name="default",
        run_after=now,
        queue_name="default",
    )


@pytest.fixture
def somebody(publication: None, client: Client) -> User:
    """A signed-in staff account without permissions."""
    client.raise_request_exception = False
    user = User.objects.create(username="somebody", is_staff=True)
    client.force_login(user)
    return user


def grant(user: User, permissions: Iterable[str]) -> None:
    named = {tuple(permission.split(".")) for permission in permissions}
    rows = Permission.objects.select_related("content_type")
    user.user_permissions.set(
        [row for row in rows if (row.content_type.app_label, row.codename) in named]
    )


def grant_all_but(user: User, permissions: Iterable[str]) -> None:
    named = {tuple(permission.split(".")) for permission in permissions if "." in permission}
    rows = Permission.objects.select_related("content_type")
    user.user_permissions.set(
        [row for row in rows if (row.content_type.app_label, row.codename) not in named]
    )


def openers(row: str) -> list[set[str]]:
    """Return the sets of permissions; each set is sufficient."""
    return [] if row in (EVERYBODY, STAFF, NOBODY) else [set(w.split("+")) for w in row.split()]


def is_refused(response: HttpResponse) -> bool:
    if response.status_code == 302:
        return response["Location"].startswith("/admin/login/")
    return response.status_code in (403, 404)


def is_refused_or_not_allowed(response: HttpResponse) -> bool:
    """Refused, or the method is not allowed for anybody."""
    return is_refused(response) or response.status_code == 405


def test_every_address_is_in_the_table() -> None:
    """Add a new address to TABLE, and remove a deleted one."""
    development = {name for name in PUBLIC if name.startswith("mailroom:")}
    assert set(NAMES) | development == set(TABLE)


def test_every_permission_of_the_table_exists(publication: None) -> None:
    rows = [*TABLE.values(), *MARKERS.values()]
    named = {permission for row in rows for one in openers(row) for permission in one}
    known = {
        f"{row.content_type.app_label}.{row.codename}"
        for row in Permission.objects.select_related("content_type")
    }
    assert named <= known


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE.get(name) != EVERYBODY])
def test_every_address_allows_exactly_the_roles_of_the_table(
    client: Client, somebody: User, name: str
) -> None:
    row, path = TABLE[name], address_of(name).path
    methods = (client.get, client.head, client.post)

    # An anonymous visitor, and an account that is not staff.
    client.logout()
    for method in methods:
        assert is_refused_or_not_allowed(method(path)), path
    client.force_login(User.objects.create(username="reader"))
    for method in methods:
        assert is_refused_or_not_allowed(method(path)), path

    client.force_login(somebody)
    if row == STAFF:
        assert client.get(path).status_code < 500
        return
    for method in methods:
        assert is_refused_or_not_allowed(method(path)), path
    grant_all_but(somebody, [one for ways in openers(row) for one in ways])
    if row == NOBODY:
        User.objects.filter(pk=somebody.pk).update(is_superuser=True)
    for method in methods:
        assert is_refused_or_not_allowed(method(path)), path

    for permissions in openers(row):
        grant(somebody, permissions)
        for method in (client.get, client.head):
            response = method(path)
            assert not is_refused(response), (path, permissions)
            assert response.status_code < 500
        for missing in permissions if len(permissions) > 1 else ():
            grant(somebody, permissions - {missing})
            asked = client.get(path)
            refused = client.post(path) if asked.status_code == 405 else asked
            assert is_refused(refused), (path, permissions)


def text_of(response: HttpResponse) -> str:
    """Return all that a response says: its headers and its body."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    # Where to sign in, a stranger is told the address that was asked for.
    return body.decode(errors="replace") + str(response.headers).replace("next=", "")


@pytest.mark.parametrize("row", dict.fromkeys(MARKERS.values()))
def test_protected_data_needs_its_permission_on_every_page(
    client: Client, somebody: User, row: str
) -> None:
    """Somebody may do everything but see this one thing, and it is on no page of theirs.

    Pages that are the same for everybody are looked at once, as a stranger.
    """
    markers = [marker for marker, found in MARKERS.items() if found == row]
    grant_all_but(somebody, [one for ways in openers(row) for one in ways])
    ways = [way for way in openers(row) if any(".view_" in one for one in way)]
    paths = [address_of(name).path for name in NAMES if TABLE[name] != EVERYBODY]
    for path in paths:
        said = text_of(client.get(path))
        assert [marker for marker in markers if marker in said] == [], path
    # It is there to be seen, by who may.
    if ways:
        grant(somebody, {"subscribers.view_subscriber", *ways[0]})
        [marker] = markers
        assert any(marker in text_of(client.get(path)) for path in paths)


def test_an_anonymous_visitor_sees_no_protected_data(client: Client, publication: None) -> None:
    client.raise_request_exception = False
    for name in NAMES:
        said = text_of(client.get(address_of(name).path))
        assert [marker for marker in MARKERS if marker in said] == [], name


def test_every_address_refuses_other_methods(client: Client, somebody: User) -> None:
    User.objects.filter(pk=somebody.pk).update(is_superuser=True)
    for name in NAMES:
        path = address_of(name).path
        for method in ("OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"):
            assert client.generic(method, path).status_code == 405, path


def test_the_progress_page_shows_readers_only_with_permission(
    client: Client, somebody: User
) -> None:
    path = address_of("admin:newsletter_issue_progress").path
    grant(somebody, {"newsletter.view_issue"})
    page = client.get(path).content.decode()
    assert "Your account may not see subscribers" in page
    assert "550 (an address) no such user" in page
    grant(somebody, {"newsletter.view_issue", "subscribers.view_subscriber"})
    page = client.get(path).content.decode()
    assert READER in page and "Your account may not see subscribers" not in page


def test_settling_works_without_the_permission_to_see_readers(
    client: Client, somebody: User
) -> None:
    grant(somebody, {"newsletter.view_issue", "newsletter.send_issue"})
    row = Delivery.objects.get(state="uncertain")
    page = client.get(address_of("admin:newsletter_issue_progress").path).content.decode()
    assert f"Delivery {row.pk}" in page and f'name="delivery" value="{row.pk}"' in page


def test_public_pages_are_equal_for_all_accounts(client: Client, somebody: User) -> None:
    User.objects.filter(pk=somebody.pk).update(is_superuser=True)
    stranger = Client()
    for name in PUBLIC:
        # Their forms have a token.
        if name in NAMES and name not in ("admin:login", "admin:password_reset"):
            path = address_of(name).path
            mine, theirs = client.get(path), stranger.get(path)
            assert mine.status_code == theirs.status_code, path
            if not mine.streaming:
                assert mine.content == theirs.content, path


def test_every_address_can_be_built_from_the_test_data(publication: None) -> None:
    """A missing row would give a 404, which counts as refused for everybody."""
    assert Subscriber.objects.count() == 2
    for name in NAMES:
        address_of(name)
