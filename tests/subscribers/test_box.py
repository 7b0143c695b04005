"""The sign-up box on any public page."""

import pytest
from django.core.files.base import ContentFile
from django.template import Context, Template
from django.test import RequestFactory

from subscribers import wording
from tests.factories import make_image, make_resource

pytestmark = pytest.mark.django_db
BOX = Template("{% load signup %}{% signup_box %}")


def render(path: str = "/articles/the-twelfth-hour/") -> str:
    return BOX.render(Context({"request": RequestFactory().get(path)}))


def test_it_asks_for_an_address_and_nothing_else() -> None:
    html = render()
    assert html.count("<input") == 3
    assert html.count('type="hidden"') == 2
    assert 'type="email"' in html
    assert 'method="post" action="/subscribe/"' in html
    assert wording.WORDINGS[wording.CURRENT] in html


def test_it_remembers_its_page_and_nothing_of_the_visitor() -> None:
    html = render("/articles/the-twelfth-hour/?utm_source=reader%40example.org")
    assert 'name="source" value="/articles/the-twelfth-hour/"' in html
    assert "utm_source" not in html
    assert "csrf" not in html


def test_it_shows_the_resources_with_their_covers(django_assert_num_queries) -> None:
    cover = ContentFile(make_image(600, 780).file.read(), name="cover.jpg")
    make_resource("The second", position=2)
    make_resource("The <first>", position=1, cover=cover)
    with django_assert_num_queries(1):
        html = render()
    assert html.index("The &lt;first&gt;") < html.index("The second")
    assert html.count("<img") == 1
    assert 'width="600" height="780"' in html


def test_it_links_to_no_file_of_a_resource() -> None:
    resource = make_resource()
    html = render()
    assert resource.file.name not in html
    assert "/resources/" not in html


def test_without_resources_it_promises_none() -> None:
    assert "Free with your subscription" not in render()


def test_two_boxes_on_one_page_share_no_id() -> None:
    html = render() + render()
    assert 'id="' not in html


def test_it_renders_without_a_request() -> None:
    """As in an error page, or in a mail's preview."""
    assert "<form" in BOX.render(Context({}))
