"""Links to our own addresses, against what the database has there."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from newsletter.models import Issue
from posts.checks import ERROR, WARNING, Manuscript, check, check_all
from posts.models import Post, Spelling
from tests.factories import (
    make_author,
    make_image,
    make_issue,
    make_page,
    make_post,
    make_tag,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def publication() -> None:
    author = make_author(name="Ruth", slug="ruth")
    make_post(slug="on-the-site", author=author)
    make_post(slug="a-draft", published_at=None)
    make_post(slug="planned", published_at=timezone.now() + timedelta(days=5))
    make_post(slug="taken-off")
    Post.objects.filter(slug="taken-off").withdraw()
    make_page("House rules", slug="house-rules")
    make_tag("Fire", slug="fire")
    moved, hidden = make_post(slug="before"), make_post(slug="hidden-before")
    moved.slug = "after"
    moved.save()
    hidden.slug = "hidden-after"
    hidden.save()
    Post.objects.filter(slug="hidden-after").back_to_draft()
    make_issue(number=7)
    make_issue(number=8)
    Issue.objects.filter(number=7).update(state=Issue.State.SENT, sent_at=timezone.now())


def found(href: str, **fields: object) -> list[tuple[str, str]]:
    body = f'<p>See <a href="{href}">the place</a>.</p>'
    report = check(Manuscript(title="T", dek="D", body=body, slug="this-one", **fields))
    return [(each.level, each.rule) for each in report.findings if each.rule.startswith("link")]


DEAD, MOVED = [(ERROR, "link-dead")], [(WARNING, "link-moved")]


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/articles/on-the-site/", []),
        ("/articles/on-the-site", []),
        ("/articles/on-the-site/#s-part", []),
        ("/articles/on-the-site/?utm_source=x", []),
        ("../on-the-site/", []),
        (f"{settings.SITE_URL}/articles/on-the-site/", []),
        ("/articles/this-one/", []),
        ("/articles/no-such-article/", DEAD),
        (f"{settings.SITE_URL}/articles/no-such-article/", DEAD),
        ("/articles/a-draft/", DEAD),
        ("/articles/taken-off/", DEAD),
        ("/articles/planned/", DEAD),
        ("/articles/before/", MOVED),
        ("/articles/hidden-before/", DEAD),
        ("no-such-place", DEAD),
        ("/tags/fire/", []),
        ("/tags/water/", DEAD),
        ("/authors/ruth/", []),
        ("/authors/nobody/", DEAD),
        ("/house-rules/", []),
        ("/rules-of-the-house/", DEAD),
        ("/weekly-alarm/7/", []),
        ("/weekly-alarm/8/", DEAD),
        ("/weekly-alarm/999999999/", DEAD),
        ("/weekly-alarm/", []),
        ("https://elsewhere.example/articles/no-such-article/", []),
    ],
)
def test_each_kind_of_address(publication: None, href: str, expected: list[object]) -> None:
    assert found(href) == expected


def test_an_article_that_is_published_before_this_one_may_be_linked_to(publication: None) -> None:
    later = timezone.now() + timedelta(days=6)
    assert found("/articles/planned/", publishes_at=later) == []
    earlier = timezone.now() + timedelta(days=4)
    assert found("/articles/planned/", publishes_at=earlier) == DEAD


def test_a_live_address_wins_over_an_old_one(publication: None) -> None:
    make_post(slug="before")
    assert found("/articles/before/") == []


def test_one_query_for_all_of_ours_and_one_for_the_issues(
    publication: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Spelling.objects.create(wrong="apco", right="APCO")
    links = "".join(
        f'<a href="{href}">{number} x</a>'
        for number, href in enumerate(
            ["/articles/before/", "/tags/fire/", "/authors/ruth/", "/house-rules/"]
            + [f"/articles/missing-{number}/" for number in range(400)]
            + ["/weekly-alarm/7/"]
        )
    )
    image = make_image(60, 40)
    manuscript = Manuscript(title="T", dek="D", body=f"<p>{links} Apco</p>", cover=image.pk)
    # The list of names, everything of ours with the cover, the issues.
    with django_assert_num_queries(3):
        reports = check_all([manuscript] * 3)
    rules = {each.rule for each in reports[2].findings}
    assert {"link-dead", "link-moved", "misspelled", "cover-small", "cover-alt"} <= rules
    assert reports[0].findings == reports[2].findings


def test_a_text_without_links_asks_only_for_the_names(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        check(Manuscript(title="T", dek="D", body="<p>Plain.</p>"))


def test_thousands_of_links_are_one_query_still(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    links = "".join(f'<a href="/articles/a-{number}/">x y</a>' for number in range(20_000))
    with django_assert_num_queries(2):
        report = check(Manuscript(title="T", dek="D", body=f"<p>{links}</p>"))
    assert sum(each.rule == "link-dead" for each in report.findings) == 20
