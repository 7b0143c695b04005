"""A stencil gives the same output as its template, for any values."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from alarmroom import kept
from alarmroom.stencil import PATH, Stencil, without_indentation
from posts.models import Correction, Post
from posts.views import article_queries, article_values
from tests.factories import connect, make_author, make_image, make_post, make_resource, make_tag

CARD = {
    "level": 3,
    "url": "/articles/x/",
    "title": "Night & <day>",
    "summary": 'What "it" is',
    "topic": "Fire",
    "author": "Ruth",
    "day": article_values.day(None),
    "minutes": "4",
    "picture": "",
}


def lines(html: str) -> list[str]:
    """Return the lines of a page without indentation: a stencil has none."""
    return [line.strip() for line in html.splitlines() if line.strip()]


@pytest.fixture
def page_parts(db: None) -> Post:
    make_resource()
    author = make_author(
        name="O'Hara & Co", role="Editor", bio="One.\n\nTwo <b>", photo=make_image()
    )
    post = make_post(
        title="Night {{ shift }} & <day>",
        body="<h2>A</h2><p>a</p><h2>B</h2><p>b</p><h2>C</h2><p>\ue000title\ue001</p>",
        author=author,
        cover=make_image(),
        cover_alt="A console",
        cover_caption="At four",
        tags=[make_tag("Fire & smoke"), make_tag()],
    )
    connect(post, make_post(author=author))
    Correction.objects.create(post=post, text="Four, \ue000title\ue001 <b> & not five.", key="k")
    return post


def context_of(post: Post) -> dict[str, Any]:
    row = article_queries.published_article(post.slug)
    assert row
    return article_values.page_context(
        row.post(),
        article_queries.topics(row),
        article_queries.connected(row),
        article_queries.corrections(row),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"topic": ""},
        {"picture": "<b>not safe</b>"},
        {"level": 2},
        {"title": "\ue000summary\ue001 {{ summary }} {% now 'Y' %}"},
        {"title": "x" * 5000},
    ],
)
def test_a_card_equals_the_output_of_its_template(changes: dict[str, Any]) -> None:
    given = {**CARD, **changes}
    assert lines(Stencil("posts/_post_card.html").render(given)) == lines(
        render_to_string("posts/_post_card.html", given)
    )


@pytest.mark.parametrize("kept_for", [0, 300])
def test_an_article_page_equals_the_output_of_its_template(
    page_parts: Post, settings: Settings, kept_for: int, rf: Any
) -> None:
    settings.KEPT_PAGES_SECONDS = kept_for
    context = context_of(page_parts)
    plain = render_to_string("posts/article.html", context, request=rf.get(context[PATH]))
    assert lines(article_values.PAGE.render(context)) == lines(plain)
    assert lines(article_values.PAGE.render(context)) == lines(plain)
    assert "Night {{ shift }} &amp; &lt;day&gt;" in plain


def test_an_article_with_any_empty_value_equals_the_output_of_its_template(
    page_parts: Post, settings: Settings, rf: Any
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    full = context_of(page_parts)
    for name, value in full.items():
        if not isinstance(value, str) or name == PATH:
            continue
        context = {**full, name: ""}
        plain = render_to_string("posts/article.html", context, request=rf.get(context[PATH]))
        assert lines(article_values.PAGE.render(context)) == lines(plain), name


def test_no_value_is_remembered(page_parts: Post, settings: Settings) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    first = article_values.PAGE.render(context_of(page_parts))
    Post.objects.filter(pk=page_parts.pk).update(title="Another title")
    second = article_values.PAGE.render(context_of(page_parts))
    assert "Another title" in second
    assert "Another title" not in first
    assert "Night {{ shift }}" not in second


def test_the_layout_is_rendered_again_when_its_key_is_dropped(
    page_parts: Post, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    article_values.PAGE.render(context_of(page_parts))
    make_resource("A brand-new checklist")
    with django_capture_on_commit_callbacks(execute=True):
        kept.drop("resources")
    assert "A brand-new checklist" in article_values.PAGE.render(context_of(page_parts))


def test_a_cached_layout_takes_no_query(
    page_parts: Post, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    context = context_of(page_parts)
    article_values.PAGE.render(context)
    with django_assert_num_queries(0):
        article_values.PAGE.render({**context, PATH: "/elsewhere/"})


def test_the_sign_up_form_contains_the_address_of_its_page(
    page_parts: Post, settings: Settings
) -> None:
    settings.KEPT_PAGES_SECONDS = 300
    other = make_post(slug="other")
    for post in (page_parts, other):
        context = context_of(post)
        html = article_values.PAGE.render(context)
        assert f'name="source" value="{post.get_absolute_url()}"' in html


def test_a_layout_has_no_indentation_and_a_text_keeps_its_own(page_parts: Post) -> None:
    Post.objects.filter(pk=page_parts.pk).update(summary="One\n   two")
    context = context_of(Post.objects.get(pk=page_parts.pk))
    html = article_values.PAGE.render(context)
    assert "One\n   two" in html
    assert "\n   " not in html.replace("One\n   two", "")


@pytest.mark.parametrize(
    ("layout", "short"),
    [
        ("<p>\n    By\n    ", "<p>\nBy\n"),
        (" a\n\n\n  <b>", " a\n<b>"),
        ("", ""),
        ("\n", "\n"),
        ("  ", "  "),
    ],
)
def test_the_space_before_a_text_stays(layout: str, short: str) -> None:
    assert without_indentation(layout) == short
