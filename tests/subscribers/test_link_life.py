"""A confirmation link works for seven days after it was made, however often somebody asks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from subscribers import notices, signup
from subscribers.models import CONFIRM_DAYS, Notice, Subscriber
from tests.factories import make_pending
from tests.smtp import MailServer

pytestmark = pytest.mark.django_db
ADDRESS = "reader@example.org"
LIFE = timedelta(days=CONFIRM_DAYS)
LetTimePass = Callable[[timedelta], None]


def reader() -> Subscriber:
    return Subscriber.objects.get(address=ADDRESS)


@pytest.fixture(autouse=True)
def let_time_pass(advance_clock) -> LetTimePass:
    """Move the subscribers' times back and the clock of the limits forward by the same time."""

    def move(time: timedelta) -> None:
        advance_clock(time)
        Subscriber.objects.update(confirm_requested_at=F("confirm_requested_at") - time)
        Notice.objects.update(state="sent")

    return move


def test_asking_again_gives_the_same_link_and_no_more_time(
    client: Client, let_time_pass: LetTimePass
) -> None:
    signup.sign_up(ADDRESS, "/")
    first = reader()
    for _ in range(3):
        let_time_pass(timedelta(days=1, hours=12))
        signup.sign_up(ADDRESS, "/")
    again = reader()
    assert again.confirm_key == first.confirm_key
    assert again.confirm_link_ends < timezone.now() + LIFE - timedelta(days=4)
    assert Notice.objects.count() == 4
    let_time_pass(LIFE - timedelta(days=4, hours=12) + timedelta(seconds=1))
    url = f"/confirm/{first.confirm_key}/"
    assert client.get(url).status_code == client.post(url).status_code == 410
    assert reader().state == "pending"


@pytest.mark.parametrize(("left", "kept"), [(25, True), (23, False), (-1, False)])
def test_on_its_last_day_a_new_link_with_its_own_seven_days_takes_its_place(
    client: Client, left: int, kept: bool
) -> None:
    old = make_pending(ADDRESS, confirm_requested_at=timezone.now() - LIFE + timedelta(hours=left))
    signup.sign_up(ADDRESS, "/")
    new = reader()
    assert (new.confirm_key == old.confirm_key) == kept
    assert (new.confirm_link_ends > timezone.now() + LIFE - timedelta(hours=1)) == (not kept)
    if not kept:
        assert client.post(f"/confirm/{old.confirm_key}/").status_code == 404
    assert client.post(f"/confirm/{new.confirm_key}/").status_code == 303
    assert reader().state == "confirmed"


def test_each_of_several_mails_says_until_when_its_link_works(
    mail_server: MailServer, settings, let_time_pass: LetTimePass
) -> None:
    settings.TIME_ZONE = "America/New_York"
    signup.sign_up(ADDRESS, "/")
    notices.send_due()
    let_time_pass(timedelta(days=3))
    signup.sign_up(ADDRESS, "/")
    notices.send_due()
    ends = timezone.localtime(reader().confirm_link_ends)
    first, second = mail_server.messages
    said = f"The link works until {ends:%A, %B} {ends.day}, "
    for body in (second.text, second.html):
        assert said in " ".join(body.split())
    assert "The link works until" in first.text and said not in first.text


def test_a_mail_that_waited_until_its_link_was_dead_is_not_sent(mail_server: MailServer) -> None:
    signup.sign_up(ADDRESS, "/")
    Subscriber.objects.update(confirm_requested_at=timezone.now() - LIFE - timedelta(seconds=1))
    assert notices.send_due() == 0
    assert mail_server.messages == []
    assert Notice.objects.get().last_error == "The link to confirm has expired."
