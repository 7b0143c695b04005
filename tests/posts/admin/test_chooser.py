"""The pictures that the editor offers: by words, a page at a time, to whoever may see them."""

import pytest
from django.test import Client

from posts import revising
from posts.revising import Cut
from tests.factories import make_editor, make_image

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(make_editor("posts.view_image"))
    return client


def test_pictures_are_found_by_words_of_name_alt_caption_and_credit(desk: Client) -> None:
    night = make_image(60, 40)
    type(night).objects.filter(pk=night.pk).update(title="Desk lamps", alt="Night", credit="Ruth")
    make_image(50, 40)
    answer = desk.get("/desk/pictures/", {"q": "night ruth lamps"}).json()
    assert (answer["count"], answer["total"], answer["more"]) == (1, 2, False)
    [found] = answer["pictures"]
    assert (found["title"], found["alt"], found["uses"]) == ("Desk lamps", "Night", 0)
    assert (found["width"], found["url"]) == (60, night.file.url)
    assert desk.get("/desk/pictures/", {"q": "nobody"}).json()["pictures"] == []


def test_a_page_has_so_many_and_asks_as_often_for_many_as_for_few(
    desk: Client, django_assert_num_queries
) -> None:
    for width in range(27):
        make_image(20 + width, 20)
    first = desk.get("/desk/pictures/").json()
    assert (len(first["pictures"]), first["more"], first["pictures"][0]["width"]) == (24, True, 46)
    with django_assert_num_queries(7):
        second = desk.get("/desk/pictures/?page=2").json()
    assert (len(second["pictures"]), second["more"]) == (3, False)
    for odd in ("0", "-1", "x", "9" * 40, "²"):
        assert desk.get("/desk/pictures/", {"page": odd}).status_code == 200


def test_others_are_refused_in_words() -> None:
    client = Client()
    assert "signed out" in client.get("/desk/pictures/").json()["error"]
    client.force_login(make_editor("subscribers.view_subscriber"))
    refused = client.get("/desk/pictures/")
    assert (refused.status_code, "may not" in refused.json()["error"]) == (403, True)


def test_the_editor_is_told_which_pictures_have_another_file_by_now() -> None:
    same, cropped = make_image(), make_image()
    former = cropped.file.url
    now = revising.crop(cropped, Cut(width=50), None)
    desk = Client()
    desk.force_login(make_editor("posts.change_post"))
    sent = [
        same.file.url,
        former,
        "/media/images/none.jpg",
        "javascript:x",
        '"><script>',
        "x" * 9999,
    ]
    answer = desk.post("/desk/pictures/now/", {"src": sent})
    assert answer.json() == {"pictures": {former: now.file.url}}
    assert desk.post("/desk/pictures/now/").json() == {"pictures": {}}
    assert desk.get("/desk/pictures/now/").status_code == 405
