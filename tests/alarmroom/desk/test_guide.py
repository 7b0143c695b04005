"""The editors' guide on the desk: every chapter a page, beside what it explains."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from alarmroom.desk import guide

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(admin_client: Client) -> Client:
    return admin_client


def test_every_chapter_that_a_page_names_is_in_the_guide() -> None:
    assert guide.all_named(admin.site) <= guide.chapters().keys()


def test_every_chapter_opens_and_leads_to_the_next(desk: Client) -> None:
    page = reverse("admin:guide_start")
    seen = []
    while page:
        text = desk.get(page).content.decode()
        seen.append(page)
        onward = re.search(r'<a href="([^"]+)" rel="next">', text)
        page = onward[1] if onward else ""
    assert len(seen) == len(guide.chapters())


def test_every_link_of_the_guide_leads_somewhere(desk: Client) -> None:
    for chapter in guide.chapters().values():
        for href in re.findall(r'<a href="([^"]+)"', chapter.html):
            assert not href.startswith("#"), f"{chapter.name}: {href} is in no chapter"
            if href.startswith("/"):
                path, _, section = href.partition("#")
                text = desk.get(path).content.decode()
                assert not section or f'id="{section}"' in text, href


def test_every_picture_of_the_guide_is_there_and_shown(desk: Client) -> None:
    shown = set()
    for chapter in guide.chapters().values():
        for src in re.findall(r'<img src="([^"]+)"', chapter.html):
            response = desk.get(src)
            assert response.status_code == 200, src
            assert b"".join(response)[8:12] == b"WEBP"
            shown.add(src.rpartition("/")[2])
    assert shown == {path.name for path in guide.PICTURES.glob("*")}, "A picture nobody shows"


@pytest.mark.parametrize(
    "name", ["x.webp", "..%2Feditors-guide.md", "%2Fetc%2Fpasswd", "..%5Csecurity.md", "home.png"]
)
def test_no_other_file_is_shown(desk: Client, name: str) -> None:
    assert desk.get(f"/admin/guide/pictures/{name}").status_code == 404


@pytest.mark.parametrize(
    ("page", "chapter"),
    [
        ("/admin/", "find-your-way"),
        ("/admin/posts/post/", "lists"),
        ("/admin/bin/", "the-bin"),
        ("/admin/newsletter/issue/add/", "compose-an-issue"),
        ("/admin/posts/post/add/", "write"),
    ],
)
def test_a_page_leads_to_the_chapter_that_explains_it(
    desk: Client, page: str, chapter: str
) -> None:
    text = desk.get(page).content.decode()
    assert re.search(rf'<a href="/admin/guide/{chapter}/"[^>]* data-guide', text)


def test_an_unknown_chapter_is_not_found(desk: Client) -> None:
    assert desk.get("/admin/guide/nothing/").status_code == 404
