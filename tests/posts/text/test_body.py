"""The finished body: made when a text is saved, and never of another text than that."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from posts import finishing, tasks
from posts.models import Page, Post
from posts.models import body as models_body
from posts.models.image import Image
from posts.text import body as bodies
from tests.factories import make_author, make_image, make_post, with_copies

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def starting_pages(db: None) -> None:
    """The pages that a migration brings are none of these tests' business."""
    Page.objects.all().delete()


def picture_in(image: Image, attributes: str = 'alt="A console"', around: str = "figure") -> str:
    return f'<{around}><img src="{image.file.url}" {attributes}></{around.split()[0]}>'


def served(body: str) -> str:
    return make_post(body=body).body_html


def stored(post: Post) -> Post:
    return Post.objects.get(pk=post.pk)


# Pictures


def test_a_picture_in_a_text_comes_in_every_copy_and_the_text_stays_as_written() -> None:
    image = with_copies(make_image(1000, 500))
    body = picture_in(image)
    post = make_post(body=body)
    assert stored(post).body == post.body
    assert "<picture" not in post.body
    html = stored(post).body_served
    assert html == post.body_html
    assert html.startswith("<figure><picture><source type=")
    assert f"/{image.sha256[:24]}-480.jpg 480w, " in html
    assert 'width="1000" height="500" alt="A console" loading="lazy" decoding="async">' in html
    assert html.endswith("</picture></figure>")


@pytest.mark.parametrize(
    ("attributes", "size", "sizes"),
    [
        ("", 'width="1000" height="500"', "(min-width: 44rem) 41rem, 92vw"),
        ('width="300"', 'width="300" height="150"', "(min-width: 340px) 300px, 92vw"),
        ('height="150"', 'width="300" height="150"', "(min-width: 340px) 300px, 92vw"),
        # Pulled out of shape, as no browser would show it under our style sheet.
        ('width="300" height="300"', 'width="300" height="150"', "(min-width: 340px) 300px, 92vw"),
        ('width="0" height="0"', 'width="1000" height="500"', "(min-width: 44rem) 41rem, 92vw"),
    ],
)
def test_a_picture_has_the_size_that_the_editor_gave_it(
    attributes: str, size: str, sizes: str
) -> None:
    image = with_copies(make_image(1000, 500))
    html = served(picture_in(image, attributes))
    assert size in html
    assert f'sizes="{sizes}"' in html


def test_a_wide_figure_gets_wider_copies_and_the_next_one_does_not() -> None:
    image = with_copies(make_image(1000, 500))
    html = served(picture_in(image, around='figure class="wide"') + picture_in(image))
    wide, normal = html.split("</figure>")[:2]
    wider = "(min-width: 60rem) 56rem, (min-width: 48rem) 93vw"
    assert f'sizes="{wider}, (min-width: 44rem) 41rem, 92vw"' in wide
    assert 'sizes="(min-width: 44rem) 41rem, 92vw"' in normal


def test_a_wide_figure_in_another_language_is_wide() -> None:
    image = with_copies(make_image(1000, 500))
    assert "56rem" in served(picture_in(image, around='figure lang="es" class="wide"'))


def test_so_many_pictures_come_in_copies_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_PICTURES", 2)
    html = served(picture_in(with_copies(make_image(60, 40))) * 3)
    assert html.count("<picture") == 2
    assert html.count("<img ") == 3


def test_a_file_that_is_not_in_the_library_is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    storage = bodies.default_storage
    monkeypatch.setattr(type(storage), "open", lambda _, name: looked.append(name), raising=False)
    served('<p><img src="/media/none.jpg" alt="x"></p>' * 3)
    assert looked == ["none.jpg"]


def test_words_are_escaped_once() -> None:
    image = with_copies(make_image(60, 40))
    html = served(picture_in(image, 'alt="5 &lt; 6 &amp; &quot;so&quot;"'))
    assert 'alt="5 &lt; 6 &amp; &quot;so&quot;"' in html


@pytest.mark.parametrize("address", ["https://elsewhere.example/a.jpg", "/media/none.jpg", "a b"])
def test_a_picture_that_is_not_ours_is_only_told_to_wait(address: str) -> None:
    html = served(f'<p><img src="{address}" alt="x"></p>')
    assert "<picture" not in html
    assert 'alt="x" loading="lazy" decoding="async">' in html


def test_a_picture_under_the_sites_full_address_is_ours(settings: Any) -> None:
    image = with_copies(make_image(60, 40))
    html = served(f'<p><img src="{settings.SITE_URL}{image.file.url}" alt="x"></p>')
    assert "<picture>" in html


def test_what_only_looks_like_a_picture_is_left_alone() -> None:
    image = with_copies(make_image(60, 40))
    code = f"<pre><code>&lt;img src=&quot;{image.file.url}&quot;&gt;</code></pre>"
    assert "<picture" not in served(code)


def test_a_text_without_pictures_costs_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        models_body.serve("<p>Answer the call.</p>")


def test_many_pictures_cost_one_query(django_assert_num_queries: Any) -> None:
    body = "".join(picture_in(make_image(60, 40)) for _ in range(5))
    with django_assert_num_queries(1):
        models_body.serve(body)


# Waiting for copies


def test_a_text_is_finished_again_when_its_picture_is() -> None:
    image = make_image(300, 200)
    post = make_post(body=picture_in(image))
    assert stored(post).served_of == ""
    assert 'width="300" height="200"' in post.body_html
    assert "<picture" not in post.body_html
    tasks.make_renditions.call(image.pk)
    assert "<picture>" in stored(post).body_served
    assert stored(post).served_of == bodies.fingerprint(post.body)


def test_finishing_again_does_not_look_like_an_edit() -> None:
    image = make_image(300, 200)
    post = make_post(body=picture_in(image))
    tasks.make_renditions.call(image.pk)
    assert stored(post).updated_at == post.updated_at


def test_a_picture_that_never_gets_copies_does_not_keep_the_text_waiting() -> None:
    image = make_image(300, 200)
    image.file.storage.delete(str(image.file.name))
    post = make_post(body=picture_in(image))
    tasks.make_renditions.call(image.pk)
    finishing.serve_due()
    assert stored(post).served_of
    assert finishing.serve_due() == 0


# Ways past save()


def test_update_serves_the_new_text_at_once_and_stores_it_later() -> None:
    post = make_post(body="<p>Old</p>")
    Post.objects.filter(pk=post.pk).update(body="<p>New</p>")
    assert stored(post).body_html == "<p>New</p>"
    assert finishing.serve_due() == 1
    assert stored(post).body_served == "<p>New</p>"
    assert finishing.serve_due() == 0


def test_bulk_update_and_bulk_create_serve_the_new_text() -> None:
    post = make_post(body="<p>Old</p>")
    post.body = "<p>New</p>"
    Post.objects.bulk_update([post], ["body"])
    assert stored(post).body_html == "<p>New</p>"
    copy = Post(title="Copy", slug="copy", summary="s", author=make_author())
    copy.body, copy.body_served, copy.served_of = "<p>Copy</p>", post.body_served, post.served_of
    Post.objects.bulk_create([copy])
    assert stored(copy).body_html == "<p>Copy</p>"


def test_sql_that_nobody_told_us_of_serves_the_new_text(client: Client) -> None:
    post = make_post(slug="night", body="<p>Old</p>")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE posts_post SET body = %s WHERE id = %s", ["<p>New</p>", post.pk])
    assert stored(post).body_html == "<p>New</p>"
    assert "<p>New</p>" in client.get("/articles/night/").content.decode()


def test_saving_other_fields_leaves_both_texts_alone() -> None:
    post = make_post(body="<p>Old</p>")
    post.body, post.title = "<p>Typed and not saved</p>", "New title"
    post.save(update_fields=["title"])
    assert (stored(post).body, stored(post).body_html) == ("<p>Old</p>", "<p>Old</p>")


def test_saving_only_the_body_stores_the_finished_one() -> None:
    post = make_post(body="<p>Old</p>")
    post.body = "<p>New</p>"
    post.save(update_fields=["body"])
    assert stored(post).body_served == "<p>New</p>"


def test_an_older_way_of_finishing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    post = make_post(body="<p>Text</p>")
    Post.objects.update(body_served="<p>As it was done last year</p>", served_of="0.0:abc")
    assert stored(post).body_html == "<p>Text</p>"
    assert finishing.serve_due() == 1
    assert stored(post).body_served == "<p>Text</p>"


def test_what_an_editor_saves_meanwhile_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    post = make_post(body="<p>Old</p>")
    Post.objects.update(served_of="")
    serve = finishing.serve

    def meanwhile(body: str) -> bodies.Served:
        finished = serve(body)
        if body == "<p>Old</p>":
            editor = stored(post)
            editor.body = "<p>The editor's</p>"
            editor.save()
        return finished

    monkeypatch.setattr(finishing, "serve", meanwhile)
    assert finishing.serve_due() == 0
    assert stored(post).body_served == "<p>The editor's</p>"


def test_a_page_of_the_site_is_finished_like_an_article() -> None:
    image = make_image(300, 200)
    page = Page.objects.create(title="How we work", body=picture_in(image))
    tasks.make_renditions.call(image.pk)
    page.refresh_from_db()
    assert "<picture>" in page.body_served
    assert page.body_html == page.body_served


def test_reading_an_article_changes_nothing(client: Client) -> None:
    post = make_post(slug="night", body="<p>Old</p>")
    Post.objects.filter(pk=post.pk).update(body="<p>New</p>")
    with CaptureQueriesContext(connection) as queries:
        client.get("/articles/night/")
    assert not [q for q in queries if re.match("(?i)insert|update|delete", q["sql"])]
    assert stored(post).served_of == ""


def test_lists_leave_both_texts_in_the_database() -> None:
    make_post()
    [post] = Post.objects.for_listing()
    assert {"body", "body_served"} <= post.get_deferred_fields()
