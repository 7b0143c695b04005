"""The search box of the desk: a few letters find what the account may see, and nothing else."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest
from django.test import Client

from alarmroom.desk import finding
from subscribers.models import Subscriber
from tests.factories import (
    make_editor,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_subscriber,
)

pytestmark = pytest.mark.django_db


def found(user: User, letters: str) -> list[str]:
    client = Client()
    client.force_login(user)
    answer = client.get("/admin/find/", {"q": letters, "format": "json"})
    # The page says the same, for whoever has no scripts.
    page = client.get("/admin/find/", {"q": letters}).content.decode()
    for each in answer.json()["found"]:
        assert each["url"] in page
        assert client.get(each["url"]).status_code == 200
    return [each["label"] for each in answer.json()["found"]]


def make_everything() -> None:
    make_post(title="Night shift on the floor")
    make_post(title="The nights that nobody sees", published_at=None)
    make_issue(subject="Nights", number=42, posts=[])
    make_page("Night desk")
    make_subscriber("night.owl@example.org")
    make_subscriber("owl.at.night@example.org")
    image = make_image()
    image.title = "A console at night"
    image.save()


@pytest.mark.postgresql
def test_a_few_letters_find_all_kinds_and_the_beginning_of_a_title_comes_first() -> None:
    make_everything()
    assert found(make_editor(), "nigh") == [
        "Night shift on the floor",
        "The nights that nobody sees",
        "No. 42: Nights",
        "night.owl@example.org",
        "A console at night",
        "Night desk",
    ]


@pytest.mark.parametrize("typed", ["42", "#42", "No. 42", "no 42"])
def test_an_issue_is_found_by_its_number(typed: str) -> None:
    make_everything()
    assert "No. 42: Nights" in found(make_editor(), typed)


@pytest.mark.parametrize(
    ("permissions", "labels"),
    [
        (["auth.view_group"], []),
        (["posts.view_post"], ["Night shift on the floor", "The nights that nobody sees"]),
        # A writer: of its own.
        (["posts.change_post"], []),
        (["newsletter.view_issue"], ["No. 42: Nights"]),
        (["subscribers.view_subscriber"], ["night.owl@example.org"]),
        (["posts.view_image"], ["A console at night"]),
        (["posts.view_page"], ["Night desk"]),
        (["posts.add_post", "newsletter.send_issue", "subscribers.delete_subscriber"], []),
    ],
)
def test_each_account_finds_what_it_may_see(permissions: list[str], labels: list[str]) -> None:
    make_everything()
    assert found(make_editor(*permissions), "nigh") == labels


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "n",
        "%",
        "%%",
        "__",
        "\\",
        "'",
        "\0\0",
        "x" * 500,
        "９９",
        "No. " + "9" * 90,
        "<script>",
        "\udcff",
    ],
)
def test_odd_letters_find_nothing_and_break_nothing(typed: str) -> None:
    make_everything()
    client = Client()
    client.force_login(make_editor())
    for more in ({}, {"format": "json"}):
        answer = client.get("/admin/find/", {"q": typed.encode("utf-8", "surrogatepass"), **more})
        assert answer.status_code in (200, 400)
        assert (
            "<script>" not in answer.content.decode().partition("<main")[2].partition("<dialog")[0]
        )
    if typed not in ("%", "\udcff"):
        assert found(make_editor(), typed.replace("\udcff", "")) == []


def test_a_title_with_markup_is_words() -> None:
    make_post(title="<b onclick=x()>Bold</b> nights")
    client = Client()
    client.force_login(make_editor())
    assert "<b onclick" not in client.get("/admin/find/", {"q": "bold"}).content.decode()


@pytest.mark.postgresql
def test_readers_are_found_by_an_index(django_assert_max_num_queries: Any) -> None:
    Subscriber.objects.bulk_create(
        Subscriber(
            address=f"reader{number}@example.org", key=f"k{number}", confirm_key=f"c{number}"
        )
        for number in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    wanted = Subscriber.objects.filter(finding.begins_with("address", "reader2999")).order_by()
    plan = wanted.only("address", "state")[:5].explain()
    assert "USING INDEX" in plan or "Index" in plan, plan
    request = HttpRequest()
    request.user = make_editor()
    request.path = "/admin/find/"
    finding.find(request, "reader1")  # From here on the process knows the types of all things.
    with django_assert_max_num_queries(5):
        assert len(finding.find(request, "reader29")) == 5
