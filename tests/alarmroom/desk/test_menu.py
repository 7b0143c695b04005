"""The menu of the desk: editors' words, the entries that an account may open, and no others."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.factories import make_editor, make_image, make_issue, make_post, make_tag

LINK = re.compile(r'<a href="([^"]*)"(?: aria-current="[a-z]+")?>([^<]*)</a>')


def signed_in(*permissions: str) -> Client:
    client = Client()
    client.force_login(make_editor(*permissions))
    return client


def part(page: str, start: str, end: str = "</nav>") -> str:
    return page[(at := page.index(start)) : page.index(end, at)]


def menu(page: str) -> list[str]:
    return [name for _, name in LINK.findall(part(page, 'class="bar__menu"'))]


@pytest.mark.django_db
def test_an_administrator_has_the_menu_in_editors_words_and_the_rest_under_technical() -> None:
    client = signed_in()
    page = client.get("/admin/posts/tag/").content.decode()
    assert menu(page) == ["Articles", "Issues", "Readers", "Library", "Pages", "Settings"]
    strip = LINK.findall(part(page, 'class="strip"'))
    assert [name for _, name in strip] == [
        "Articles",
        "Topics",
        "Authors",
        "Names",
        "Old addresses",
    ]
    assert reverse("admin:technical") in part(page, 'id="user-tools"', "</header>")
    technical = client.get(reverse("admin:technical")).content.decode()
    assert "Task results" in technical and "Articles</a></li>" not in technical


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("permissions", "names", "foot"),
    [
        (["posts.view_post", "posts.add_post"], ["Articles"], ["Write", "Articles"]),
        (["posts.view_tag"], ["Articles"], ["Articles"]),
        (["posts.add_post"], [], ["Write"]),
        (["subscribers.view_subscriber"], ["Readers"], ["Readers"]),
        # A delivery shows a reader's address.
        (["newsletter.view_delivery"], [], []),
        (["auth.view_user"], ["Settings"], []),
        (["django_tasks_database.view_dbtaskresult"], [], []),
    ],
)
def test_the_menu_names_what_the_account_may_open(
    permissions: list[str], names: list[str], foot: list[str]
) -> None:
    client = signed_in(*permissions)
    page = client.get("/admin/password_change/").content.decode()
    assert menu(page) == names
    there = part(page, 'class="foot"')
    assert re.findall(r"</svg>([A-Z][a-z]+)</a>", there) == foot
    for url in re.findall(r'href="(/[^"]*)"', part(page, "<header", "</header>") + there):
        if "logout" not in url:
            assert client.get(url).status_code == 200, url


@pytest.mark.django_db
def test_the_entry_of_the_page_is_marked_on_lists_and_forms() -> None:
    client = signed_in()
    tag = make_tag("Night shifts")
    for path in ("/admin/posts/tag/", f"/admin/posts/tag/{tag.pk}/change/"):
        header = part(client.get(path).content.decode(), 'class="bar__menu"')
        assert re.findall(r'aria-current="true">([^<]*)<', header) == ["Articles"], path
    header = part(client.get("/admin/posts/post/").content.decode(), 'class="bar__menu"')
    assert re.findall(r'aria-current="page">([^<]*)<', header) == ["Articles"]


STOCK = re.compile(
    r"\b(Select|Add|Change|View) (?:an? )?[a-z]+(?: [a-z]+)* to (?:change|view)|"
    r"<h1>(?:Change|View|Select) |<h1>Add [a-z]+</h1>|"
    r"Site administration|Likenesss|_tags object|<h1>Task Results|"
    r"<h1>[^<]*\b(?:post|tag|subscriber|image)s?\b"
)


@pytest.mark.django_db
def test_no_list_and_no_form_speaks_in_stock_words() -> None:
    client = signed_in()
    make_issue(), make_image(), make_tag()
    for model, model_admin in admin.site._registry.items():
        where = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        paths = [reverse(f"{where}_changelist"), f"{reverse(f'{where}_changelist')}?_popup=1"]
        if thing := model._default_manager.first():
            paths += [reverse(f"{where}_{page}", args=[thing.pk]) for page in ("change", "history")]
        request = client.get("/admin/").wsgi_request
        if model_admin.has_add_permission(request):
            paths.append(reverse(f"{where}_add"))
        for path in paths:
            page = client.get(path).content.decode()
            assert not STOCK.search(page), (path, STOCK.search(page))


@pytest.mark.django_db
def test_accounts_and_roles_are_called_so() -> None:
    client = signed_in()
    page = client.get("/admin/auth/group/").content.decode()
    assert "<h1>Roles</h1>" in page and "New role" in page
    person = User.objects.get()
    assert (
        "<h1>Account</h1>" in client.get(f"/admin/auth/user/{person.pk}/change/").content.decode()
    )


@pytest.mark.django_db
def test_a_picker_says_what_to_choose() -> None:
    page = signed_in().get("/admin/newsletter/issue/?_popup=1").content.decode()
    assert "<h1>Choose an issue</h1>" in page


@pytest.mark.django_db
def test_deleting_a_topic_names_the_articles_that_lose_it(django_assert_max_num_queries) -> None:
    tag = make_tag("Night shifts")
    for number in range(3):
        make_post(title=f"Awake at four, part {number}", tags=[tag])
    client = signed_in("posts.delete_tag", "posts.view_tag", "posts.view_post")
    with django_assert_max_num_queries(15):
        page = client.get(f"/admin/posts/tag/{tag.pk}/delete/").content.decode()
    assert "Awake at four, part 2" in page and "_tags object" not in page
    # Without the permission to see articles, their titles are not told.
    page = signed_in("posts.delete_tag", "posts.view_tag").get(f"/admin/posts/tag/{tag.pk}/delete/")
    assert "Awake at four" not in page.content.decode()


@pytest.mark.django_db
def test_the_old_lists_of_models_lead_home() -> None:
    response = signed_in("posts.view_post").get("/admin/posts/")
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")


@pytest.mark.django_db
def test_the_page_after_signing_out_has_no_menu() -> None:
    response = signed_in("posts.view_post").post("/admin/logout/")
    assert response.status_code == 200
    assert "bar__initials" not in response.content.decode()
