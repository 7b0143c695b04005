"""Links to articles and pages by their number: readers get the present address, or the words."""

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.mail import rendering
from posts.finishing import serve_due
from posts.models import Post
from posts.text import html
from posts.text.own_links import goals_in, with_addresses
from tests.factories import make_editor, make_issue, make_page, make_post

pytestmark = pytest.mark.django_db


def link(kind: str, pk: int, place: str = "") -> str:
    return f'<p>See <a href="/to/{kind}/{pk}/{place}">the <em>other</em></a> one.</p>'


def test_readers_get_the_present_address_whatever_it_becomes() -> None:
    there, page = make_post(slug="first-name"), make_page("About us")
    here = make_post(body=link("article", there.pk, "#s-why") + link("page", page.pk))
    assert Post.objects.get(pk=here.pk).body == here.body  # It is stored by its number.
    assert 'href="/articles/first-name/#s-why"' in Post.objects.get(pk=here.pk).body_html
    there.slug = "second-name"
    there.save()
    later = make_post(body=here.body)
    assert 'href="/articles/second-name/#s-why"' in later.body_html
    assert f'href="{page.get_absolute_url()}"' in later.body_html
    client = Client()
    # An article that was finished before leads to the old address, which leads on.
    assert client.get("/articles/first-name/").headers["Location"] == "/articles/second-name/"
    sent_on = client.get(f"/to/article/{there.pk}/")
    assert sent_on.headers["Location"] == "/articles/second-name/"
    assert "no-cache" in sent_on.headers["Cache-Control"]


def test_what_readers_cannot_open_is_plain_words_until_they_can() -> None:
    draft = make_post(published_at=None)
    here = make_post(body=link("article", draft.pk))
    page = here.get_absolute_url()
    assert "<p>See the <em>other</em> one.</p>" in Client().get(page).content.decode()
    assert Client().get(f"/to/article/{draft.pk}/").status_code == 404
    draft.published_at = timezone.now()
    draft.save()
    serve_due()
    assert f'href="{draft.get_absolute_url()}"' in Client().get(page).content.decode()
    assert serve_due() == 0


def test_feeds_and_mails_have_the_present_address() -> None:
    there = make_post(slug="there")
    make_post(slug="here", body=link("article", there.pk))
    assert (
        'href="http://testserver/articles/there/"'
        in (
            Client()
            .get("/feeds/atom.xml")
            .content.decode()
            .replace("&lt;", "<")
            .replace("&quot;", '"')
        )
        or "/articles/there/" in Client().get("/feeds/feed.json").content.decode()
    )
    mail = rendering.render(make_issue(intro=link("article", there.pk)))
    assert "/articles/there/" in mail.html
    assert "/to/article/" not in mail.html + mail.text + mail.web_html


def test_other_links_stay_as_they_are() -> None:
    text = html.clean(
        '<p><a href="/to/article/x/">a</a> <a href="/to/article/1234567890/">b</a>'
        ' <a href="https://example.org/to/article/1/">c</a></p>'
    )
    assert goals_in(text) == set()
    assert with_addresses(text, {}, goals=set()) == text


# The address that the editor asks


def found(client: Client, query: str) -> list[str]:
    return [each["title"] for each in client.get(f"/desk/links/?{query}").json()["found"]]


def test_titles_are_found_by_words_in_any_order_and_few_at_once() -> None:
    client = Client()
    client.force_login(make_editor("posts.view_post", "posts.change_post"))
    for number in range(20):
        make_post(title=f"Radio silence {number}")
    make_post(title="Silence on the radio", published_at=None)
    make_page("Radio rules")
    assert found(client, "q=silence+radio")[0] == "Silence on the radio"
    assert len(found(client, "q=radio")) == 9
    assert found(client, "q=radio")[-1] == "Radio rules"
    post = make_post(title="Named")
    assert found(client, f"to=/to/article/{post.pk}/%23s-a") == ["Named"]
    assert found(client, "to=/to/article/999999999/") == []


def test_a_draft_is_offered_only_to_those_who_may_see_it() -> None:
    make_post(title="Quiet secret draft", published_at=None)
    make_post(title="Quiet article")
    client = Client()
    client.force_login(make_editor("newsletter.change_issue"))
    assert found(client, "q=quiet") == ["Quiet article"]
    assert Client().get("/desk/links/?q=quiet").status_code == 403


def test_the_number_of_queries_does_not_grow(django_assert_num_queries) -> None:
    client = Client()
    client.force_login(make_editor("posts.view_post", "posts.change_post"))
    for _ in range(12):
        make_post(title="Radio")
    client.get("/desk/links/?q=radio")
    with django_assert_num_queries(6):
        client.get("/desk/links/?q=radio")
