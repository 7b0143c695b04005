"""No list of the admin loads a long text or takes more queries for more rows.

This covers the list of each registered model, the pickers, and the inline rows of forms. A newly
registered model fails until MAKERS has an entry for it.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from alarmroom.publication.models import Publication
from newsletter.feedback.keeping import keep
from newsletter.models import (
    Content,
    Delivery,
    Issue,
    IssuePost,
    ReceivedMail,
    SendingLimit,
    WarmUp,
)
from posts.models import Author, Page, Post, RelatedPost, Spelling, Tag
from posts.models.addresses import FormerSlug
from posts.models.image import Image
from posts.text.editor import HTMLField
from subscribers import signup
from subscribers.models import ConsentEvent, Notice, Resource, Subscriber, Suppression
from tests.factories import (
    make_author,
    make_editor,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_resource,
    make_subscriber,
    make_suppression,
    make_tag,
)

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]

FEW, MANY = 3, 30


@pytest.fixture
def no_tasks(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def long_columns() -> set[str]:
    """The columns of long texts and of what is made from them."""
    found = {("posts_post", "body_served"), ("posts_page", "body_served")}
    found |= {(Content._meta.db_table, name) for name in ("mime", "web_html", "text")}
    for model in (Post, Page, Issue):
        for field in model._meta.concrete_fields:
            if isinstance(field, HTMLField):
                found.add((model._meta.db_table, field.column))
    return {column for _, column in found}


def loading_long_texts(queries: list[str]) -> list[str]:
    """The statements that select a long text, under any table alias."""
    column = re.compile(rf'"\."({"|".join(sorted(long_columns()))})"')
    return [sql for sql in queries if column.search(sql)]


def queries_of(client: Client, url: str) -> list[str]:
    """Return the SQL statements of a page."""
    # The first request fills caches of the process (content types, thumbnails).
    assert client.get(url).status_code == 200
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in queries]


def sql_of(queries: list[str]) -> str:
    return "\n".join(sql[:300] for sql in queries)


def test_the_columns_of_long_texts() -> None:
    assert long_columns() == {"body", "body_served", "intro", "mime", "web_html", "text"}


# Lists


def started_issue(**fields: Any) -> Issue:
    return make_issue(state=Issue.State.SENDING, started_at=timezone.now(), **fields)


def queued_delivery() -> Delivery:
    now = timezone.now()
    return Delivery.objects.create(
        issue=started_issue(posts=[]),
        subscriber=make_subscriber(),
        due_at=now,
        changed_at=now,
    )


def notice() -> Notice:
    signup.sign_up(f"new{Notice.objects.count()}@example.org", where="/")
    return Notice.objects.latest("pk")


def former_slug() -> FormerSlug:
    number = FormerSlug.objects.count()
    kind, make = [("post", make_post), ("page", make_page), ("tag", make_tag)][number % 3]
    return FormerSlug.objects.create(slug=f"old-{number}", **{kind: make()})


def spelling() -> Spelling:
    return Spelling.objects.create(wrong=f"wrong {Spelling.objects.count()}", right="Right")


def task_result() -> DBTaskResult:
    return DBTaskResult.objects.create(
        args_kwargs={"args": [1], "kwargs": {}},
        task_path="posts.tasks.make_renditions",
        backend_name="default",
        run_after=timezone.now(),
        return_value=None,
    )


def received_mail() -> bool:
    number = ReceivedMail.objects.count()
    return keep(
        f"Subject: Letter {number}\r\n\r\nDear editors".encode(),
        ReceivedMail.Why.PERSON,
        source="mailbox",
        subject=f"Letter {number}",
    )


def sending_limit() -> SendingLimit:
    name = f"d{SendingLimit.objects.count()}.example"
    return SendingLimit.objects.create(name=name, messages=100)


def cover() -> Image:
    return make_image(60, 40)


MAKERS: dict[type[models.Model], Callable[[], Any]] = {
    Issue: make_issue,
    Delivery: queued_delivery,
    Image: cover,
    Page: make_page,
    FormerSlug: former_slug,
    Spelling: spelling,
    Tag: make_tag,
    Post: lambda: make_post(author=make_author(), tags=[make_tag()]),
    Author: make_author,
    Subscriber: make_subscriber,
    ConsentEvent: notice,
    Suppression: lambda: make_suppression(f"no{Suppression.objects.count()}@example.org"),
    ReceivedMail: received_mail,
    Resource: make_resource,
    SendingLimit: sending_limit,
    Notice: notice,
    DBTaskResult: task_result,
    Group: lambda: Group.objects.create(name=f"Group {Group.objects.count()}"),
    User: make_editor,
}


# There is one row of each, and its list leads to that.
NO_LIST = {Publication, WarmUp}


def test_every_registered_model_has_a_maker() -> None:
    assert set(admin.site._registry) == set(MAKERS) | NO_LIST


def fill(model: type[models.Model], rows: int) -> None:
    while model._default_manager.count() < rows:
        MAKERS[model]()


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model._meta.label)
def test_a_list_loads_no_long_text_and_takes_constant_queries(
    desk: Client, model: type[models.Model]
) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    fill(model, FEW)
    few = queries_of(desk, url)
    fill(model, MANY)
    many = queries_of(desk, url)
    assert loading_long_texts(many) == []
    assert len(many) == len(few), f"{sql_of(few)}\n\n{sql_of(many)}"


@pytest.mark.parametrize(
    "model",
    [model for model, found in admin.site._registry.items() if found.search_fields],
    ids=lambda model: model._meta.label,
)
def test_a_search_in_a_list_loads_no_long_text(desk: Client, model: type[models.Model]) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    fill(model, FEW)
    assert loading_long_texts(queries_of(desk, f"{url}?q=e")) == []


# Pickers

PICKERS = [
    *(
        (model, name)
        for model, found in admin.site._registry.items()
        for name in found.autocomplete_fields
    ),
    *(
        (inline.model, name)
        for found in admin.site._registry.values()
        for inline in found.inlines
        for name in inline.autocomplete_fields
    ),
]


def test_the_pickers_include_articles_of_issues_and_related_articles() -> None:
    assert {(IssuePost, "post"), (RelatedPost, "related")} <= set(PICKERS)


@pytest.mark.parametrize(
    ("model", "name"), PICKERS, ids=lambda part: part if isinstance(part, str) else part.__name__
)
def test_a_picker_loads_no_long_text_and_takes_constant_queries(
    desk: Client, model: type[models.Model], name: str
) -> None:
    offered = model._meta.get_field(name).related_model
    url = (
        f"{reverse('admin:autocomplete')}?app_label={model._meta.app_label}"
        f"&model_name={model._meta.model_name}&field_name={name}&term="
    )
    fill(offered, FEW)
    few = queries_of(desk, url)
    fill(offered, MANY)
    many = queries_of(desk, url)
    assert loading_long_texts(many) == []
    assert len(many) == len(few), f"{sql_of(few)}\n\n{sql_of(many)}"


# Rows within a form


def issue_with_posts(rows: int) -> Issue:
    return make_issue(posts=[make_post() for _ in range(rows)])


def started_issue_with_posts(rows: int) -> Issue:
    return started_issue(posts=[make_post() for _ in range(rows)])


def post_with_related(rows: int) -> Post:
    post = make_post()
    for position in range(rows):
        RelatedPost.objects.create(post=post, related=make_post(), position=position)
    return post


@pytest.mark.parametrize("make", [issue_with_posts, started_issue_with_posts, post_with_related])
def test_inline_rows_take_constant_queries_and_load_no_long_text(
    desk: Client, make: Callable[[int], models.Model]
) -> None:
    counted = []
    for rows in (FEW, MANY):
        thing = make(rows)
        meta = thing._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[thing.pk])
        queries = queries_of(desk, url)
        # Only the form's own text is loaded, and what stands beside it: comments, corrections.
        beside = ('FROM "posts_comment"', 'FROM "posts_correction"')
        texts = loading_long_texts(queries)
        [own] = [sql for sql in texts if not any(name in sql for name in beside)]
        assert f'FROM "{meta.db_table}"' in own
        counted.append(queries)
    few, many = counted
    assert len(many) == len(few), f"{sql_of(few)}\n\n{sql_of(many)}"


def test_each_inline_row_shows_the_picked_article(desk: Client) -> None:
    issue = issue_with_posts(2)
    page = desk.get(reverse("admin:newsletter_issue_change", args=[issue.pk])).content.decode()
    for post in issue.posts.all():
        assert re.search(rf'<option value="{post.pk}" selected[^>]*>{post.title}</option>', page)


def test_inline_rows_of_a_form_with_errors_show_the_picked_article(desk: Client) -> None:
    issue, other = issue_with_posts(1), make_post(title="Picked instead")
    [row] = issue.issue_posts.all()
    response = desk.post(
        reverse("admin:newsletter_issue_change", args=[issue.pk]),
        {
            "number": issue.number,
            "subject": "",
            "issue_posts-TOTAL_FORMS": 1,
            "issue_posts-INITIAL_FORMS": 1,
            "issue_posts-0-id": row.pk,
            "issue_posts-0-issue": issue.pk,
            "issue_posts-0-post": other.pk,
            "issue_posts-0-position": 1,
            "issue_posts-0-blurb": "",
        },
    )
    assert response.status_code == 200
    assert re.search(
        rf'value="{other.pk}" selected[^>]*>Picked instead<', response.content.decode()
    )
