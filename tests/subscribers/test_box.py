"""The sign-up box on any public page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.template import Context, Template
from django.test import RequestFactory
from PIL import Image as Pillow

from subscribers import covers, tasks, wording
from subscribers.models import Resource
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


Commit = Callable[..., Any]


def test_a_cover_comes_in_copies_for_screens_of_one_two_and_three_dots(
    django_capture_on_commit_callbacks: Commit,
) -> None:
    cover = ContentFile(make_image(600, 780).file.read(), name="cover.jpg")
    with django_capture_on_commit_callbacks(execute=True):
        resource = make_resource(cover=cover)
        assert resource.cover.url in render()
    html = render()
    for kind in ("avif", "webp", "jpg"):
        names = [f"resources/cover-{width}.{kind}" for width in (80, 160, 240)]
        assert f'srcset="/media/{names[0]} 1x, /media/{names[1]} 2x, /media/{names[2]} 3x"' in html
        for name, width in zip(names, (80, 160, 240), strict=True):
            with Pillow.open(default_storage.path(name)) as copy:
                assert copy.size == (width, round(width * 1.3))
    assert '<img class="resource__cover" src="/media/resources/cover-80.jpg"' in html
    assert html.index("image/avif") < html.index("image/webp") < html.index("<img")
    assert resource.cover.url not in html


def test_the_copies_are_made_once_and_again_for_another_cover(
    django_capture_on_commit_callbacks: Commit,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make_resource(cover=ContentFile(make_image(60, 40).file.read(), name="a.jpg"))
    resource = Resource.objects.get()
    first = resource.cover_copies
    assert first["jpg"] == ["resources/a-60.jpg"], "never wider than the cover itself"
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        resource.title = "Another title"
        resource.save()
    assert resource.make_cover_copies not in callbacks
    assert Resource.objects.get().cover_copies == first
    with django_capture_on_commit_callbacks(execute=True):
        resource = Resource.objects.get()
        resource.cover.save("b.jpg", ContentFile(make_image(300, 400).file.read()))
        # Until the new copies are there, the old ones are not shown for it.
        assert (resource.small_cover_url, resource.cover_sources) == (resource.cover.url, [])
    assert Resource.objects.get().cover_copies["jpg"][0] == "resources/b-80.jpg"
    with django_capture_on_commit_callbacks(execute=True):
        resource = Resource.objects.get()
        resource.cover = ""
        resource.save()
    assert Resource.objects.get().cover_copies == {}


def test_a_cover_that_was_replaced_while_it_was_copied_keeps_the_newer_copies() -> None:
    resource = make_resource(cover=ContentFile(make_image(60, 40).file.read(), name="a.jpg"))
    newer = {"of": "resources/b.jpg", "jpg": ["resources/b-60.jpg"]}
    Resource.objects.update(cover="resources/b.jpg", cover_copies=newer)
    resource.make_cover_copies()
    assert Resource.objects.get().cover_copies == newer


def test_a_cover_of_earlier_days_gets_its_large_copies_from_the_tick() -> None:
    old = make_resource(cover=ContentFile(make_image(900, 600).file.read(), name="old.jpg"))
    old.make_cover_copies()
    whole = Resource.objects.get().cover_copies
    small = {name: made for name, made in whole.items() if name != covers.LARGE}
    for name in covers.names_of(whole[covers.LARGE]):
        default_storage.delete(name)
    Resource.objects.update(cover_copies=small)
    never = make_resource(cover=ContentFile(make_image(60, 40).file.read(), name="never.jpg"))
    broken = make_resource(cover=ContentFile(b"no picture", name="broken.jpg"))
    # In a build without one there is nothing to do.
    make_resource(cover="")
    assert [each.pk for each in tasks.covers_due()] == [old.pk, never.pk, broken.pk]
    for _ in range(2):
        tasks.make_covers.func()
    now = Resource.objects.get(pk=old.pk).cover_copies
    assert now == whole, "the small ones stay, and nothing is stored twice"
    assert all(default_storage.exists(name) for name in covers.names_of(now))
    assert covers.LARGE in Resource.objects.get(pk=never.pk).cover_copies
    # One that cannot be read is not tried again every minute.
    assert tasks.covers_due() == []
    # Two workers at once: what the second one made is deleted again.
    before = {*default_storage.listdir("resources")[1]}
    old.cover_copies = small
    old.complete_cover_copies()
    assert {*default_storage.listdir("resources")[1]} == before
    assert Resource.objects.get(pk=old.pk).cover_copies == whole


def test_a_cover_that_cannot_be_copied_is_shown_as_it_is(
    django_capture_on_commit_callbacks: Commit,
) -> None:
    resource = make_resource(cover=ContentFile(make_image(60, 40).file.read(), name="a.jpg"))
    default_storage.delete(resource.cover.name)
    Resource.objects.update(cover_copies={})
    resource = Resource.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        resource.save()
    assert Resource.objects.get().cover_copies == {"of": resource.cover.name}
    assert f'<img class="resource__cover" src="{resource.cover.url}" width="60"' in render()


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
    """Error pages, for example, are rendered without a request."""
    assert "<form" in BOX.render(Context({}))
