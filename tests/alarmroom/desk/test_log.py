"""The log: who did what, in the transaction of the act, never changed and never deleted."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from alarmroom.desk import bin, log
from alarmroom.desk.models import Act
from alarmroom.desk.models.act import NeverChanged
from newsletter.delivery import pausing, starting
from tests.factories import make_editor, make_issue, make_post, make_subscriber, make_tag
from tests.posts.admin.desk import act

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def ruth() -> User:
    return User.objects.create_user(
        "ruth", first_name="Ruth", last_name="Halloran", is_staff=True, is_superuser=True
    )


def lines() -> list[tuple[str, str, str]]:
    return list(Act.objects.order_by("pk").values_list("name", "kind", "label"))


@pytest.mark.parametrize(
    "tamper",
    [
        lambda act: act.save(),
        lambda act: act.delete(),
        lambda act: Act.objects.update(name="Dele"),
        lambda act: Act.objects.all().delete(),
    ],
)
def test_the_site_never_changes_a_line(tamper: Callable[[Act], None], ruth: User) -> None:
    with pytest.raises(NeverChanged):
        tamper(log.record(Act.Kind.SENT, by=ruth, label="#1"))
    assert lines() == [("Ruth Halloran", "sent", "#1")]


@pytest.mark.parametrize("sql", ["UPDATE desk_act SET name = 'Dele'", "DELETE FROM desk_act"])
def test_the_database_refuses_it_too(sql: str, ruth: User) -> None:
    log.record(Act.Kind.SENT, by=ruth, label="#1")
    with pytest.raises(DatabaseError, match="never"), transaction.atomic():
        connection.cursor().execute(sql)
    assert lines() == [("Ruth Halloran", "sent", "#1")]


def test_the_name_stays_when_the_account_goes(ruth: User) -> None:
    log.record(Act.Kind.SENT, by=ruth, label="#1")
    ruth.delete()
    assert lines() == [("Ruth Halloran", "sent", "#1")]


def test_an_act_that_is_undone_leaves_no_line(ruth: User) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log.record(Act.Kind.SENT, by=ruth)
        raise ZeroDivisionError
    assert lines() == []


def test_long_and_odd_words_are_cut_and_cleaned(ruth: User) -> None:
    act = log.record(Act.Kind.SENT, by=ruth, label="a\0\n" + "b" * 900, detail="c" * 900)
    act.refresh_from_db()
    assert act.label.startswith("a") and len(act.label) == 200 and len(act.detail) == 500
    assert "\0" not in act.label


def test_sending_and_its_turns_are_logged(ruth: User) -> None:
    make_subscriber("reader@example.org")
    issue = make_issue(number=7, subject="Quiet lines", posts=[make_post()])
    later = timezone.now() + timezone.timedelta(days=1)
    starting.schedule(issue, later, by=ruth)
    assert starting.unschedule(issue, by=ruth)
    starting.start(issue, by=ruth)
    assert pausing.pause(issue, "Paused.", by=ruth) and not pausing.pause(issue, "Twice.", by=ruth)
    assert starting.resume(issue, ruth)
    assert starting.cancel(issue, ruth)
    kinds = ["scheduled", "unscheduled", "sent", "paused", "resumed", "cancelled"]
    assert lines() == [("Ruth Halloran", kind, "#7: Quiet lines") for kind in kinds]
    assert Act.objects.get(kind="sent").detail == "To 1 subscribers"


def test_publishing_and_the_bin_are_logged(client: Client, ruth: User) -> None:
    client.force_login(ruth)
    post = make_post(title="The chair", published_at=None)
    for action in ("publish_now", "withdraw", "bring_back"):
        act(client, action, post)
    entry = bin.move_to_bin(post, ruth)
    client.post("/admin/bin/restore/", {"entry": entry.pk})
    entry = bin.move_to_bin(post.__class__.objects.get(pk=post.pk), ruth)
    bin.empty([entry], ruth)
    kinds = [kind for _, kind, label in lines() if label == "The chair"]
    assert kinds[-4:] == ["binned", "restored", "binned", "deleted"]


def test_deleting_a_topic_is_logged(client: Client, ruth: User) -> None:
    client.force_login(ruth)
    tag = make_tag("Fire")
    client.post(f"/admin/posts/tag/{tag.pk}/delete/", {"post": "yes"})
    assert ("Ruth Halloran", "deleted", "Topic “Fire”") in lines()


def test_deleting_a_subscriber_names_no_address(client: Client, ruth: User) -> None:
    client.force_login(ruth)
    reader = make_subscriber("reader@example.org")
    client.post(f"/admin/subscribers/subscriber/{reader.pk}/delete/", {"post": "yes"})
    assert ("Ruth Halloran", "deleted", f"Reader {reader.pk}") in lines()


def test_signing_in_is_logged_and_failures_once_in_a_while(client: Client, ruth: User) -> None:
    ruth.set_password("answer the call 911")
    ruth.save()
    for name, password in [
        ("nobody's password", "x"),
        *[("ruth", "wrong")] * 6,
        ("ruth", "answer the call 911"),
    ]:
        client.post("/admin/login/", {"username": name, "password": password})
    assert [kind for _, kind, _ in lines()] == ["failed", "locked"]
    other = User.objects.create_user("dele", password="answer the call 912", is_staff=True)
    client.post("/admin/login/", {"username": "dele", "password": "answer the call 912"})
    assert lines()[-1] == ("dele", "signed_in", "")
    assert Act.objects.latest("pk").account == other.pk


def test_the_page_shows_filters_and_pages(client: Client, ruth: User) -> None:
    post = make_post(title="The <chair>")
    log.record(Act.Kind.PUBLISHED, by=ruth, about=post, detail="<script>")
    for number in range(60):
        log.record(Act.Kind.EXPORTED, label=f"Export {number}")
    client.force_login(ruth)
    page = client.get("/admin/log/").content.decode()
    assert "Export 59" in page and "Export 5<" not in page and "Older" in page
    page = client.get(f"/admin/log/?who={ruth.pk}&act=published").content.decode()
    assert f"/admin/posts/post/{post.pk}/change/" in page
    assert "The &lt;chair&gt;" in page and "<script>" not in page
    for odd in ("who=x", "who=" + "9" * 40, "before=-1", "act=%00", "before=1"):
        assert client.get(f"/admin/log/?{odd}").status_code == 200


def test_the_queries_of_the_page_do_not_grow(
    client: Client, ruth: User, django_assert_num_queries
) -> None:
    client.force_login(ruth)
    client.get("/admin/log/")
    for _ in range(40):
        log.record(Act.Kind.PUBLISHED, by=ruth, about=make_post())
    with django_assert_num_queries(4):
        client.get("/admin/log/")


def test_who_reads_the_log_sees_no_link_to_what_he_may_not_see(client: Client, ruth: User) -> None:
    log.record(Act.Kind.PUBLISHED, by=ruth, about=make_post(title="The chair"))
    client.force_login(make_editor("desk.read_log"))
    page = client.get("/admin/log/").content.decode()
    assert "The chair" in page and "/admin/posts/post/" not in page
