"""The web edition: every sent issue is public, without personal data."""

import json
import re
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from newsletter.delivery import pausing, starting, worker
from newsletter.mail import rendering as mail
from newsletter.models import Content, Issue
from posts import copying
from posts.models import Post
from posts.models.image import Image
from posts.pictures import renditions
from tests.factories import make_image, make_issue, make_post, make_subscriber
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


def send(issue: Issue) -> Issue:
    starting.start(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT
    return issue


def test_a_sent_issue_is_on_the_web_and_in_the_archive(
    client: Client, server: ScriptedServer
) -> None:
    issue = send(make_issue(subject="Quiet nights", posts=[make_post(title="On silence")]))
    assert "Quiet nights" in client.get(reverse("newsletter:archive")).content.decode()
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "Quiet nights" in page and "On silence" in page


def test_the_web_edition_is_public_from_the_start_of_sending(client: Client) -> None:
    make_subscriber()
    issue = make_issue()
    starting.start(issue)
    assert client.get(issue.get_absolute_url()).status_code == 200
    pausing.pause(issue, "a pause")
    assert client.get(issue.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("state", ["draft", "scheduled", "cancelled"])
def test_an_unsent_issue_is_a_404(client: Client, state: str) -> None:
    from django.utils import timezone

    issue = make_issue(subject="Not yet")
    Issue.objects.filter(pk=issue.pk).update(state=state, scheduled_for=timezone.now())
    assert client.get(issue.get_absolute_url()).status_code == 404
    assert "Not yet" not in client.get(reverse("newsletter:archive")).content.decode()


@pytest.mark.parametrize("outcome", ["sent", "sending", "uncertain"])
def test_a_cancelled_issue_that_was_mailed_keeps_its_page_but_is_not_listed(
    client: Client, outcome: str
) -> None:
    make_subscriber()
    make_subscriber()
    issue = make_issue(subject="Cancelled halfway")
    starting.start(issue)
    row = issue.deliveries.first()
    assert row
    issue.deliveries.filter(pk=row.pk).update(state=outcome)
    assert starting.cancel(issue)
    assert client.get(issue.get_absolute_url()).status_code == 200
    # It is not linked any more.
    for path in (reverse("newsletter:archive"), "/", "/sitemaps/newsletter.xml"):
        page = client.get(path).content.decode()
        assert "Cancelled halfway" not in page
        assert issue.get_absolute_url() not in page


@pytest.mark.parametrize("outcome", ["queued", "failed"])
def test_a_cancelled_issue_that_was_not_mailed_is_a_404(client: Client, outcome: str) -> None:
    make_subscriber()
    issue = make_issue()
    starting.start(issue)
    issue.deliveries.update(state=outcome)
    assert starting.cancel(issue)
    assert client.get(issue.get_absolute_url()).status_code == 404


def test_the_query_of_published_issues_uses_the_index_of_deliveries(client: Client) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # PostgreSQL would scan such a small table.
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "delivery_totals" in Issue.objects.published().newest_first().explain()


def test_the_web_edition_has_no_personal_data(client: Client, server: ScriptedServer) -> None:
    reader = make_subscriber("reader@example.org")
    issue = send(make_issue())
    response = client.get(issue.get_absolute_url())
    page = response.content.decode()
    for personal in ("/unsubscribe/", reader.key, reader.address, mail.SAMPLE_KEY, "{{"):
        assert personal not in page
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")


def test_the_web_edition_does_not_change_with_its_articles(
    client: Client, server: ScriptedServer
) -> None:
    post = make_post(title="As it was")
    issue = send(make_issue(posts=[post]))
    Post.objects.filter(pk=post.pk).update(title="As it is now")
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "As it was" in page and "As it is now" not in page


def test_the_mail_links_to_its_web_edition(client: Client, server: ScriptedServer) -> None:
    make_subscriber()
    issue = send(make_issue())
    [(_, raw)] = server.accepted
    assert issue.get_absolute_url().encode() in raw.replace(b"=\r\n", b"")


def test_the_archive_takes_a_fixed_number_of_queries(
    client: Client, server: ScriptedServer, django_assert_max_num_queries
) -> None:
    for _ in range(25):
        send(make_issue())
    # The count, the issues, the articles of the newest; the resources and the pages of the footer.
    with django_assert_max_num_queries(5):
        assert client.get(reverse("newsletter:archive")).status_code == 200
    assert client.get(reverse("newsletter:archive") + "?page=abc").status_code == 200
    assert client.get(reverse("newsletter:archive") + "?page=999999999").status_code == 200


def test_an_issue_has_one_address(client: Client, server: ScriptedServer) -> None:
    """Each additional spelling of a number would be another kept page."""
    issue = send(make_issue(number=2))
    assert issue.get_absolute_url() == "/weekly-alarm/2/"
    assert client.get("/weekly-alarm/2/").status_code == 200
    for written in ("02", "0002", "+2", "٢"):
        assert client.get(f"/weekly-alarm/{written}/").status_code == 404, written


def test_unknown_numbers_are_a_404(client: Client) -> None:
    assert client.get("/weekly-alarm/99999999999999999999/").status_code == 404
    assert client.get("/weekly-alarm/abc/").status_code == 404
    assert client.post(reverse("newsletter:archive")).status_code == 405


def test_the_newsletter_page_shows_the_latest_issue_and_the_past_ones(
    client: Client, server: ScriptedServer
) -> None:
    send(make_issue(subject="An old one", posts=[make_post(title="Of last week")]))
    post = make_post(title="On silence", summary="What a quiet channel says.")
    issue = send(make_issue(subject="Quiet nights", posts=[post]))
    html = client.get(reverse("newsletter:archive")).content.decode()
    sample, past = html.split("Past issues</h2>")
    sample = sample.split("A sample: the latest issue</h2>")[1]
    assert issue.get_absolute_url() in sample
    assert f'<a href="{post.get_absolute_url()}">On silence</a>' in sample
    assert "What a quiet channel says." in sample
    assert "An old one" not in sample
    assert "An old one" in past
    assert "Quiet nights" not in past, "it is shown above already"


def test_without_a_sent_issue_the_newsletter_page_has_a_placeholder(client: Client) -> None:
    html = client.get(reverse("newsletter:archive")).content.decode()
    assert "The first issue is on its way." in html
    assert "A sample" not in html


def test_the_web_edition_has_linked_data(client: Client) -> None:
    issue = make_issue(number=12, subject="Quiet </script> nights", preheader="And loud ones.")
    starting.start(issue)
    html = client.get(issue.get_absolute_url()).content.decode()
    [data] = re.findall('<script type="application/ld\\+json">(.*?)</script>', html)
    article, way = json.loads(data)["@graph"]
    issue.refresh_from_db()
    assert issue.started_at
    assert article["headline"] == issue.subject
    assert article["description"] == issue.preheader
    assert article["url"] == f"{settings.SITE_URL}/weekly-alarm/12/"
    assert article["datePublished"] == issue.started_at.isoformat(timespec="seconds")
    names = [step["name"] for step in way["itemListElement"]]
    assert names == ["The Alarm Room", "The Weekly Alarm", issue.subject]


def with_covers(*covers: Image) -> Issue:
    posts = [make_post(cover=cover, cover_alt='A "console"') for cover in covers]
    issue = make_issue(posts=posts)
    starting.start(issue)
    return issue


def test_pictures_come_in_every_width_and_the_first_is_prioritised(client: Client) -> None:
    covers = [make_image(width=1600, height=900), make_image(width=1600, height=901)]
    issue = with_covers(*covers)
    page = client.get(issue.get_absolute_url()).content.decode()
    assert "<source" not in page, "there are no copies yet"
    for cover in covers:
        assert copying.make(cover.pk)
    page = client.get(issue.get_absolute_url()).content.decode()
    first, second = re.findall("<picture>.*?</picture>", page)
    for html in (first, second):
        assert re.findall('type="image/([a-z]+)"', html) == ["avif", "webp"]
        assert "-320." in html and "-1600." in html
        assert 'sizes="(min-width: 44rem) 39.5rem, 92vw"' in html
        assert 'alt="A &quot;console&quot;"' in html
    assert 'width="1600" height="900"' in first and 'width="1600" height="901"' in second
    assert 'fetchpriority="high"' in first and "lazy" not in first
    assert 'loading="lazy"' in second


def test_a_picture_of_a_sent_issue_cannot_be_deleted(admin_client: Client, client: Client) -> None:
    image = make_image(1600, 900)
    issue = with_covers(image)
    Post.objects.update(cover=None, cover_alt="")
    with pytest.raises(ProtectedError, match=str(issue)):
        image.delete()
    page = admin_client.get(f"/admin/posts/image/{image.pk}/delete/").content.decode()
    assert f'<a href="/admin/newsletter/issue/{issue.pk}/change/">' in page
    # The page does not need the row of the image.
    Image._base_manager.filter(pk=image.pk).delete()
    page = client.get(issue.get_absolute_url()).content.decode()
    img = f'<img src="{re.escape(image.file.url)}" alt="[^"]*" width="1600" height="900"'
    assert re.search(img, page)


def test_a_picture_of_a_cancelled_unsent_issue_can_be_deleted(client: Client) -> None:
    image = make_image(1600, 900)
    issue = with_covers(image)
    issue.refresh_from_db()
    assert starting.cancel(issue)
    assert client.get(issue.get_absolute_url()).status_code == 404
    Post.objects.update(cover=None, cover_alt="")
    Image.objects.get(pk=image.pk).delete()
    assert not Image.objects.exists()


def test_all_pictures_take_one_query(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    issue = with_covers(*(make_image(500 + number, 900) for number in range(6)))
    # The issue with its content, the pictures; the menu and the resources, which are remembered
    # where pages are kept.
    with django_assert_num_queries(4):
        client.get(issue.get_absolute_url())


def test_the_migration_replaces_copies_by_the_original_pictures(
    client: Client,
) -> None:
    kept, gone, small = make_image(1600, 900), make_image(1600, 900), make_image(400, 900)
    issue = with_covers(kept, gone, small)
    content = Content.objects.get(issue=issue)
    now = content.web_html
    copies = [renditions.rendition(image, 1104).url for image in (kept, gone, small)]
    before = now
    for image, url in zip((kept, gone, small), copies, strict=True):
        before = re.sub(
            f'src="{re.escape(image.file.url)}"( alt="[^"]*")',
            rf'src="{url}"\1 width="552" height="311" loading="lazy" decoding="async"',
            before,
        )
    assert before.count('loading="lazy"') == 3
    Content.objects.filter(pk=content.pk).update(web_html=before)
    Post.objects.filter(cover=gone).update(cover=None, cover_alt="")
    Image._base_manager.filter(pk=gone.pk).delete()
    import_module("newsletter.migrations.0002_whole_pictures").name_pictures(apps, None)
    after = Content.objects.get(issue=issue).web_html
    assert f'src="{kept.file.url}" alt="A &quot;console&quot;">' in after
    assert f'src="{copies[1]}" alt="A &quot;console&quot;" width="552" height="311">' in after
    # The small picture loses the size that it had in the mail.
    assert f'src="{small.file.url}" alt="A &quot;console&quot;">' in after
    assert "lazy" not in after
    assert client.get(issue.get_absolute_url()).content.decode().count(' loading="lazy"') == 2
