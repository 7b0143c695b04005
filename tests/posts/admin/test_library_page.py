"""The library on the desk: a grid that says what is missing, and words for each picture."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from posts.models.image import Image
from tests.factories import make_editor, make_image, make_post, picture_file
from tests.posts.models.test_library import body_with

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]
URL = "/admin/posts/image/"


def signed_in(*permissions: str) -> Client:
    client = Client()
    client.force_login(make_editor(*permissions))
    return client


def image(**fields: Any) -> Image:
    made = make_image()
    Image.objects.filter(pk=made.pk).update(**fields)
    return Image.objects.get(pk=made.pk)


def names(client: Client, query: str = "") -> set[str]:
    response = client.get(f"{URL}{query}")
    assert response.status_code == 200
    return {card.image.title for card in response.context_data["cards"]}  # type: ignore[attr-defined]


def test_what_is_missing_is_a_flag_a_filter_and_a_count() -> None:
    image(title="Described", alt="A console", licence="Ours")
    image(title="Ornament", decorative=True)
    silent = image(title="Silent", licence="CC BY 4.0")
    make_post(body=body_with(silent))
    client = signed_in()
    page = client.get(URL).content.decode()
    assert page.count("Needs alt text") == 1
    assert page.count("No licence") == 1
    assert page.count("used nowhere") == 2
    assert "in 1 place<" in page
    counts = {chip["name"]: chip["count"] for chip in client.get(URL).context_data["chips"]}  # type: ignore[attr-defined]
    assert counts == {"Without alt text": 1, "Used nowhere": 2, "Without a licence": 1}
    assert names(client, "?without-alt=yes") == {"Silent"}
    assert names(client, "?unused=yes") == {"Described", "Ornament"}
    assert names(client, "?without-licence=yes") == {"Ornament"}
    assert names(client, "?unused=yes&without-licence=yes") == {"Ornament"}
    assert names(client, "?unused=no") == {"Described", "Ornament", "Silent"}


@pytest.mark.parametrize("word", ["headset", "HEADSETS", "desk lamp", "Halloran", "at night"])
def test_a_picture_is_found_by_its_name_words_caption_and_credit(word: str) -> None:
    image(title="Headsets", alt="A desk lamp", caption="Taken at night", credit="Ruth Halloran")
    image(title="Other")
    assert names(signed_in(), f"?q={word}") == {"Headsets"}


def test_forty_stand_on_a_page_in_few_queries_and_keep_their_places() -> None:
    for number in range(3):
        image(title=f"Picture {number}")
    client = signed_in()
    client.get(URL)
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    for _ in range(39):
        make_image()
    with CaptureQueriesContext(connection) as many:
        page = client.get(URL)
    assert len(many) == len(few) <= 15
    text = page.content.decode()
    assert text.count('loading="lazy"') == 40
    assert text.count('width="60" height="40" alt="" loading="lazy"') == 40
    assert "Page 1 of 2" in text
    assert len(names(client, "?p=2")) == 2


def test_chosen_pictures_go_to_the_bin() -> None:
    one, other = image(title="One"), image(title="Other")
    client = signed_in()
    chosen = {"index": "0", "action": "delete_selected", "_selected_action": str(one.pk)}
    assert "Move 1 to the bin" in client.post(URL, chosen).content.decode()
    client.post(URL, {**chosen, "post": "yes"})
    assert list(Image.objects.all()) == [other]


def test_words_are_stored_at_once_and_logged() -> None:
    silent = image()
    client = signed_in("posts.change_image")
    url = f"{URL}{silent.pk}/describe/"
    assert client.post(url, {"alt": "  A console "}).json() == {
        "state": "saved",
        "alt": "A console",
        "decorative": False,
    }
    assert LogEntry.objects.get().change_message == "Said what it shows."
    refused = client.post(url, {"alt": "A console", "decorative": "on"})
    assert refused.status_code == 400
    assert "decorative picture has no alternative text" in refused.json()["error"]
    too_long = client.post(url, {"alt": "x" * 301})
    assert too_long.status_code == 400
    assert client.post(url, {"alt": "", "decorative": "on"}).json()["decorative"] is True
    found = Image.objects.get(pk=silent.pk)
    assert (found.alt, found.decorative) == ("", True)
    assert client.post(f"{URL}999999/describe/", {"alt": "x"}).status_code == 410


def test_the_form_asks_for_words_and_takes_any_licence() -> None:
    silent = image(title="Console")
    client = signed_in()
    url = f"{URL}{silent.pk}/change/"
    refused = client.post(url, {"title": "Console", "alt": "", "focal_x": 50, "focal_y": 50})
    assert "Say what it shows, or tick" in refused.content.decode()
    sent = {"title": "Console", "alt": "A console\nat night", "licence": "By letter of May 3"}
    assert client.post(url, sent).status_code == 302
    found = Image.objects.get(pk=silent.pk)
    assert (found.alt, found.licence) == ("A console at night", "By letter of May 3")
    assert client.post(url, {"title": "Console", "alt": "", "decorative": "on"}).status_code == 302


def test_the_form_says_where_a_picture_is_used_to_those_who_may_see_it() -> None:
    shown = image(title="Console")
    post = make_post(title="Night shift", body=body_with(shown), published_at=None)
    page = signed_in().get(f"{URL}{shown.pk}/change/").content.decode()
    assert f'<a href="/admin/posts/post/{post.pk}/change/">Night shift</a>' in page
    hidden = signed_in("posts.view_image").get(f"{URL}{shown.pk}/change/").content.decode()
    assert "Night shift" not in hidden
    assert "One article that your account may not see" in hidden


def test_the_form_leads_to_a_picture_that_is_here_already() -> None:
    client, picture = signed_in(), picture_file()
    client.post(f"{URL}add/", {"upload": picture, "title": "First"})
    first = Image.objects.get()
    picture.seek(0)
    page = client.post(f"{URL}add/", {"upload": picture}).content.decode()
    assert f'This picture is here already: <a href="{URL}{first.pk}/change/">First</a>' in page
