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
from django.utils.timezone import localtime
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


@pytest.mark.parametrize("path", ["/weekly-alarm/", "/subscribe/"])
def test_the_form_comes_first_and_beside_it_the_latest_issue(
    client: Client, server: ScriptedServer, path: str
) -> None:
    send(make_issue(subject="An old one", posts=[make_post(title="Of last week")]))
    post = make_post(title="On <silence>", summary="What a quiet channel says.")
    gone = make_post(title="On noise")
    intro = f"<p>A question: {'so ' * 200}</p>"
    issue = send(make_issue(subject="Quiet nights", posts=[post, gone], intro=intro))
    Post.objects.filter(pk=gone.pk).withdraw()
    html = client.get(path).content.decode()
    before, after = html.split('<figure class="sample">')
    assert f'action="{reverse("subscribers:subscribe")}"' in before
    assert before.count("<form") == 1, "one form, and no other below it"
    sample = after.split("</figure>")[0]
    assert "Quiet nights" in sample
    assert "<li>On &lt;silence&gt;</li>" in sample
    assert "On noise" not in sample, "it was withdrawn since"
    assert "A question: so so" in sample
    assert len(sample) < 2_000, "the beginning of the introduction is enough"
    assert f'href="{issue.get_absolute_url()}">Read No. {issue.number} as it was sent</a>' in sample
    assert "An old one" not in sample
    since = Issue.objects.earliest("started_at").started_at
    assert since
    assert f"2 issues since {localtime(since):%B %Y}." in before


def test_all_issues_are_listed(client: Client, server: ScriptedServer) -> None:
    send(make_issue(subject="An old one"))
    send(make_issue(subject="Quiet nights"))
    past = client.get(reverse("newsletter:archive")).content.decode().split("Past issues</h2>")[1]
    assert past.index("Quiet nights") < past.index("An old one")


@pytest.mark.parametrize("path", ["/weekly-alarm/", "/subscribe/"])
def test_without_a_sent_issue_nothing_is_claimed(client: Client, path: str) -> None:
    make_issue(subject="Not out")
    html = client.get(path).content.decode()
    assert "since" not in html
    assert "sample" not in html
    assert "Not out" not in html
    if path == "/weekly-alarm/":
        assert "The first issue is on its way." in html


@pytest.mark.parametrize("path", ["/weekly-alarm/", "/subscribe/"])
def test_one_issue_is_said_to_be_one(client: Client, server: ScriptedServer, path: str) -> None:
    send(make_issue())
    assert "The first issue went out in " in client.get(path).content.decode()


def test_an_issue_leads_to_those_before_and_after_it(client: Client) -> None:
    first, second, third, _draft = (make_issue(subject=f"Issue {n}") for n in "abcd")
    for issue in (first, second, third):
        starting.start(issue)
    assert starting.cancel(Issue.objects.get(pk=third.pk))
    fourth = make_issue(subject="Issue <e>")
    starting.start(fourth)
    html = client.get(second.get_absolute_url()).content.decode()
    assert f'<link rel="prev" href="{first.get_absolute_url()}">' in html
    assert f'<link rel="next" href="{fourth.get_absolute_url()}">' in html
    assert f"Next: No. {fourth.number}" in html and "Issue &lt;e&gt;" in html
    assert "Issue c" not in html and "Issue d" not in html
    html = client.get(fourth.get_absolute_url()).content.decode()
    assert 'rel="prev"' in html and 'rel="next"' not in html


def test_an_issue_belongs_to_the_newsletter_and_can_be_shared(client: Client) -> None:
    issue = make_issue(number=12, subject="Quiet & loud", preheader="Of nights.")
    starting.start(issue)
    issue.refresh_from_db()
    html = client.get(issue.get_absolute_url()).content.decode()
    menu = html.split('aria-label="Main"')[1].split("</nav>")[0]
    assert re.findall(r'href="([^"]*)" aria-current="(\w+)"', menu) == [("/weekly-alarm/", "true")]
    assert issue.started_at
    published = localtime(issue.started_at).isoformat(timespec="seconds")
    assert f'<meta property="article:published_time" content="{published}">' in html
    assert f'<meta property="article:author" content="{settings.SITE_URL}/">' in html
    assert '<meta name="author" content="The Alarm Room">' in html
    assert f'data-url="{settings.SITE_URL}/weekly-alarm/12/"' in html
    assert "mailto:?subject=Quiet%20%26%20loud" in html


def test_a_cover_in_an_issue_is_named_once(client: Client) -> None:
    """Its article is linked by the title; the cover beside it is a picture, and no link."""
    issue = with_covers(make_image(1600, 900), make_image(1600, 901))
    html = client.get(issue.get_absolute_url()).content.decode()
    text = html.split('<div class="prose prose--issue">')[1].split('<section class="share"')[0]
    assert text.count('<div class="issue-post__cover">') == 2
    assert '<a class="issue-post__cover"' not in text
    assert text.count("A &quot;console&quot;") == 2
    assert text.count("<a ") == text.count("</a>") == 4, "a title and “Read the article” each"


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
    # The issue with its content, those beside it, the pictures; the menu and the resources, which
    # are remembered where pages are kept.
    with django_assert_num_queries(5):
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
