"""The served body is made from the stored body, on save or by the tick, and is never outdated."""

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
    """Delete the pages that a migration creates."""
    Page.objects.all().delete()


def image_html(image: Image, attributes: str = 'alt="A console"', around: str = "figure") -> str:
    return f'<{around}><img src="{image.file.url}" {attributes}></{around.split()[0]}>'


def served_html(body: str) -> str:
    return make_post(body=body).body_html


def fresh(post: Post) -> Post:
    return Post.objects.get(pk=post.pk)


# Pictures


def test_a_picture_is_served_with_every_copy_and_the_body_is_unchanged() -> None:
    image = with_copies(make_image(1000, 500))
    body = image_html(image)
    post = fresh(make_post(body=body))
    assert post.body == body
    html = post.body_served
    assert html == post.body_html
    assert html.startswith("<figure><picture><source type=")
    assert f"/{image.sha256[:24]}-480.jpg 480w, " in html
    assert 'width="1000" height="500" alt="A console" loading="lazy" decoding="async">' in html
    assert html.endswith("</picture></figure>")


@pytest.mark.parametrize(
    ("attributes", "size", "sizes"),
    [
        (
            "",
            'width="1000" height="500"',
            "(min-width: 44rem) 39.5rem, 92vw",
        ),
        ('width="300"', 'width="300" height="150"', "(min-width: 340px) 300px, 92vw"),
        ('height="150"', 'width="300" height="150"', "(min-width: 340px) 300px, 92vw"),
        # The style sheet keeps the aspect ratio, so the stated height is corrected.
        ('width="300" height="300"', 'width="300" height="150"', "(min-width: 340px) 300px, 92vw"),
        (
            'width="0" height="0"',
            'width="1000" height="500"',
            "(min-width: 44rem) 39.5rem, 92vw",
        ),
    ],
)
def test_a_picture_is_served_in_the_size_set_by_the_editor(
    attributes: str, size: str, sizes: str
) -> None:
    image = with_copies(make_image(1000, 500))
    html = served_html(image_html(image, attributes))
    assert size in html
    assert f'sizes="{sizes}"' in html


def test_only_a_wide_figure_gets_wider_sizes() -> None:
    image = with_copies(make_image(1000, 500))
    html = served_html(image_html(image, around='figure class="wide"') + image_html(image))
    wide, normal = html.split("</figure>")[:2]
    wider = "(min-width: 76rem) 53.5rem, (min-width: 64rem) 70vw, (min-width: 48rem) 93vw"
    assert f'sizes="{wider}, (min-width: 44rem) 39.5rem, 92vw"' in wide
    assert 'sizes="(min-width: 44rem) 39.5rem, 92vw"' in normal


def test_a_wide_figure_with_a_lang_attribute_is_wide() -> None:
    image = with_copies(make_image(1000, 500))
    assert "53.5rem" in served_html(image_html(image, around='figure lang="es" class="wide"'))


def test_the_number_of_pictures_with_copies_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_PICTURES", 2)
    html = served_html(image_html(with_copies(make_image(60, 40))) * 3)
    assert html.count("<picture") == 2
    assert html.count("<img ") == 3


def test_a_file_outside_the_library_is_opened_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[str] = []
    storage = bodies.default_storage
    monkeypatch.setattr(type(storage), "open", lambda _, name: looked.append(name), raising=False)
    served_html('<p><img src="/media/none.jpg" alt="x"></p>' * 3)
    assert looked == ["none.jpg"]


def test_alternative_text_is_escaped_once() -> None:
    image = with_copies(make_image(60, 40))
    html = served_html(image_html(image, 'alt="5 &lt; 6 &amp; &quot;so&quot;"'))
    assert 'alt="5 &lt; 6 &amp; &quot;so&quot;"' in html


@pytest.mark.parametrize("address", ["https://elsewhere.example/a.jpg", "/media/none.jpg", "a b"])
def test_a_foreign_or_missing_picture_only_gets_lazy_loading(address: str) -> None:
    html = served_html(f'<p><img src="{address}" alt="x"></p>')
    assert "<picture" not in html
    assert 'alt="x" loading="lazy" decoding="async">' in html


def test_a_picture_with_the_absolute_address_of_the_site_gets_copies(settings: Any) -> None:
    image = with_copies(make_image(60, 40))
    html = served_html(f'<p><img src="{settings.SITE_URL}{image.file.url}" alt="x"></p>')
    assert "<picture>" in html


def test_an_escaped_img_tag_in_code_is_unchanged() -> None:
    image = with_copies(make_image(60, 40))
    code = f"<pre><code>&lt;img src=&quot;{image.file.url}&quot;&gt;</code></pre>"
    assert "<picture" not in served_html(code)


def test_serving_a_text_without_pictures_takes_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        models_body.serve("<p>Answer the call.</p>")


def test_serving_many_pictures_takes_one_query(django_assert_num_queries: Any) -> None:
    body = "".join(image_html(make_image(60, 40)) for _ in range(5))
    with django_assert_num_queries(1):
        models_body.serve(body)


# Waiting for copies


def test_a_body_is_finished_again_when_its_copies_are_made() -> None:
    image = make_image(300, 200)
    post = make_post(body=image_html(image))
    assert fresh(post).served_of == ""
    assert 'width="300" height="200"' in fresh(post).body_html
    assert "<picture" not in fresh(post).body_html
    tasks.make_renditions.call(image.pk)
    assert "<picture>" in fresh(post).body_served
    assert fresh(post).served_of == bodies.fingerprint(post.body)


def test_finishing_again_keeps_updated_at() -> None:
    image = make_image(300, 200)
    post = make_post(body=image_html(image))
    before = fresh(post).updated_at
    tasks.make_renditions.call(image.pk)
    assert fresh(post).updated_at == before


def test_a_picture_without_a_file_does_not_block_the_body() -> None:
    image = make_image(300, 200)
    image.file.storage.delete(str(image.file.name))
    post = make_post(body=image_html(image))
    tasks.make_renditions.call(image.pk)
    finishing.serve_due()
    assert fresh(post).served_of == bodies.fingerprint(fresh(post).body)
    assert finishing.serve_due() == 0


# Writing without save()


def test_queryset_update_serves_the_new_body_and_the_tick_stores_it() -> None:
    post = make_post(body="<p>Old</p>")
    Post.objects.filter(pk=post.pk).update(body="<p>New</p>")
    assert fresh(post).body_html == "<p>New</p>"
    assert finishing.serve_due() == 1
    assert fresh(post).body_served == "<p>New</p>"
    assert finishing.serve_due() == 0


def test_bulk_update_and_bulk_create_serve_the_new_body() -> None:
    post = fresh(make_post(body="<p>Old</p>"))
    post.body = "<p>New</p>"
    Post.objects.bulk_update([post], ["body"])
    assert fresh(post).body_html == "<p>New</p>"
    copy = Post(title="Copy", slug="copy", summary="s", author=make_author())
    copy.body, copy.body_served, copy.served_of = "<p>Copy</p>", post.body_served, post.served_of
    Post.objects.bulk_create([copy])
    assert fresh(copy).body_html == "<p>Copy</p>"


def test_raw_sql_serves_the_new_body(client: Client) -> None:
    post = make_post(slug="night", body="<p>Old</p>")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE posts_post SET body = %s WHERE id = %s", ["<p>New</p>", post.pk])
    assert fresh(post).body_html == "<p>New</p>"
    assert "<p>New</p>" in client.get("/articles/night/").content.decode()


def test_saving_other_fields_changes_neither_body_nor_served_body() -> None:
    post = fresh(make_post(body="<p>Old</p>"))
    post.body, post.title = "<p>Typed and not saved</p>", "New title"
    post.save(update_fields=["title"])
    assert (fresh(post).body, fresh(post).body_html) == ("<p>Old</p>", "<p>Old</p>")
    assert fresh(post).title == "New title"


def test_saving_only_the_body_stores_the_served_body() -> None:
    post = fresh(make_post(body="<p>Old</p>"))
    post.body = "<p>New</p>"
    post.save(update_fields=["body"])
    assert fresh(post).body_served == "<p>New</p>"


def test_a_body_served_by_an_older_version_is_finished_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = make_post(body="<p>Text</p>")
    Post.objects.update(body_served="<p>Made by an older version</p>", served_of="0.0:abc")
    assert fresh(post).body_html == "<p>Text</p>"
    assert finishing.serve_due() == 1
    assert fresh(post).body_served == "<p>Text</p>"


def test_a_concurrent_save_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    post = make_post(body="<p>Old</p>")
    Post.objects.update(served_of="")
    serve = finishing.serve

    def serve_then_save(body: str) -> bodies.Served:
        finished = serve(body)
        if body == "<p>Old</p>":
            editor = fresh(post)
            editor.body = "<p>The editor's</p>"
            editor.save()
        return finished

    monkeypatch.setattr(finishing, "serve", serve_then_save)
    assert finishing.serve_due() == 0
    assert fresh(post).body_served == "<p>The editor's</p>"


def test_the_body_of_a_page_is_finished_like_that_of_an_article() -> None:
    image = make_image(300, 200)
    page = Page.objects.create(title="How we work", body=image_html(image))
    tasks.make_renditions.call(image.pk)
    page.refresh_from_db()
    assert "<picture>" in page.body_served
    assert page.body_html == page.body_served


def test_reading_an_article_writes_nothing(client: Client) -> None:
    post = make_post(slug="night", body="<p>Old</p>")
    Post.objects.filter(pk=post.pk).update(body="<p>New</p>")
    with CaptureQueriesContext(connection) as queries:
        client.get("/articles/night/")
    assert not [q for q in queries if re.match("(?i)insert|update|delete", q["sql"])]
    assert fresh(post).served_of == ""


def test_list_queries_defer_body_and_served_body() -> None:
    make_post()
    [post] = Post.objects.for_listing()
    assert {"body", "body_served"} <= post.get_deferred_fields()
