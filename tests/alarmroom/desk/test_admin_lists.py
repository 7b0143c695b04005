"""No list of the admin loads a long text, and none asks more questions for more rows.

That goes for each registered model's list, for what a picker is offered, and for the rows within
another object's form. A model that is registered later has no maker here, and fails.
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

from newsletter.models import Content, Delivery, Issue, IssuePost
from posts.models import Author, Page, Post, RelatedPost, Tag
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
    """The columns that hold what an editor wrote at length, or what was made of it."""
    found = {("posts_post", "body_served"), ("posts_page", "body_served")}
    found |= {(Content._meta.db_table, name) for name in ("mime", "web_html", "text")}
    for model in (Post, Page, Issue):
        for field in model._meta.concrete_fields:
            if isinstance(field, HTMLField):
                found.add((model._meta.db_table, field.column))
    return {column for _, column in found}


def naming_a_long_text(queries: list[str]) -> list[str]:
    """The statements that ask for a long text, whichever alias its table has."""
    column = re.compile(rf'"\."({"|".join(sorted(long_columns()))})"')
    return [sql for sql in queries if column.search(sql)]


def asked(client: Client, url: str) -> list[str]:
    """Return the SQL that a page asks the database."""
    # Once before, for what a process learns once (content types, thumbnails).
    assert client.get(url).status_code == 200
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in queries]


def told(queries: list[str]) -> str:
    return "\n".join(sql[:300] for sql in queries)


def test_the_long_texts_are_known() -> None:
    assert long_columns() == {"body", "body_served", "intro", "mime", "web_html", "text"}


# Lists


def issue_on_its_way(**fields: Any) -> Issue:
    return make_issue(state=Issue.State.SENDING, started_at=timezone.now(), **fields)


def queued_delivery() -> Delivery:
    now = timezone.now()
    return Delivery.objects.create(
        issue=issue_on_its_way(posts=[]),
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


def task_result() -> DBTaskResult:
    return DBTaskResult.objects.create(
        args_kwargs={"args": [1], "kwargs": {}},
        task_path="posts.tasks.make_renditions",
        backend_name="default",
        run_after=timezone.now(),
        return_value=None,
    )


def cover() -> Image:
    return make_image(60, 40)


MAKERS: dict[type[models.Model], Callable[[], Any]] = {
    Issue: make_issue,
    Delivery: queued_delivery,
    Image: cover,
    Page: make_page,
    FormerSlug: former_slug,
    Tag: make_tag,
    Post: lambda: make_post(author=make_author(), tags=[make_tag()]),
    Author: make_author,
    Subscriber: make_subscriber,
    ConsentEvent: notice,
    Suppression: lambda: make_suppression(f"no{Suppression.objects.count()}@example.org"),
    Resource: make_resource,
    Notice: notice,
    DBTaskResult: task_result,
    Group: lambda: Group.objects.create(name=f"Group {Group.objects.count()}"),
    User: make_editor,
}


def test_every_registered_model_has_a_maker() -> None:
    assert set(admin.site._registry) == set(MAKERS)


def fill(model: type[models.Model], rows: int) -> None:
    while model._default_manager.count() < rows:
        MAKERS[model]()


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model._meta.label)
def test_a_list_loads_no_long_text_and_asks_as_much_for_many_rows(
    desk: Client, model: type[models.Model]
) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    fill(model, FEW)
    few = asked(desk, url)
    fill(model, MANY)
    many = asked(desk, url)
    assert naming_a_long_text(many) == []
    assert len(many) == len(few), f"{told(few)}\n\n{told(many)}"


@pytest.mark.parametrize(
    "model",
    [model for model, found in admin.site._registry.items() if found.search_fields],
    ids=lambda model: model._meta.label,
)
def test_a_search_in_a_list_loads_no_long_text(desk: Client, model: type[models.Model]) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    fill(model, FEW)
    assert naming_a_long_text(asked(desk, f"{url}?q=e")) == []


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


def test_articles_are_picked_in_issues_and_beside_articles() -> None:
    assert {(IssuePost, "post"), (RelatedPost, "related")} <= set(PICKERS)


@pytest.mark.parametrize(
    ("model", "name"), PICKERS, ids=lambda part: part if isinstance(part, str) else part.__name__
)
def test_what_a_picker_offers_loads_no_long_text_and_asks_as_much_for_many_rows(
    desk: Client, model: type[models.Model], name: str
) -> None:
    offered = model._meta.get_field(name).related_model
    url = (
        f"{reverse('admin:autocomplete')}?app_label={model._meta.app_label}"
        f"&model_name={model._meta.model_name}&field_name={name}&term="
    )
    fill(offered, FEW)
    few = asked(desk, url)
    fill(offered, MANY)
    many = asked(desk, url)
    assert naming_a_long_text(many) == []
    assert len(many) == len(few), f"{told(few)}\n\n{told(many)}"


# Rows within a form


def issue_of(rows: int) -> Issue:
    return make_issue(posts=[make_post() for _ in range(rows)])


def started_issue_of(rows: int) -> Issue:
    return issue_on_its_way(posts=[make_post() for _ in range(rows)])


def post_beside(rows: int) -> Post:
    post = make_post()
    for position in range(rows):
        RelatedPost.objects.create(post=post, related=make_post(), position=position)
    return post


@pytest.mark.parametrize("make", [issue_of, started_issue_of, post_beside])
def test_the_rows_within_a_form_are_loaded_at_once_and_without_their_texts(
    desk: Client, make: Callable[[int], models.Model]
) -> None:
    counted = []
    for rows in (FEW, MANY):
        thing = make(rows)
        meta = thing._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[thing.pk])
        queries = asked(desk, url)
        # The form's own text, and no other.
        [own] = naming_a_long_text(queries)
        assert f'FROM "{meta.db_table}"' in own
        counted.append(queries)
    few, many = counted
    assert len(many) == len(few), f"{told(few)}\n\n{told(many)}"


def test_each_row_shows_what_was_picked(desk: Client) -> None:
    issue = issue_of(2)
    page = desk.get(reverse("admin:newsletter_issue_change", args=[issue.pk])).content.decode()
    for post in issue.posts.all():
        assert re.search(rf'<option value="{post.pk}" selected[^>]*>{post.title}</option>', page)


def test_rows_that_come_back_with_a_mistake_still_show_what_was_picked(desk: Client) -> None:
    issue, other = issue_of(1), make_post(title="Picked instead")
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
