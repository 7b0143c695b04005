"""Signing up: every address gets the same answer, and the mail depends on its state."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from subscribers import signup, wording
from subscribers.models import CONFIRM_DAYS, ConsentEvent, Notice, Subscriber
from tests.factories import make_pending, make_subscriber, make_suppression

pytestmark = pytest.mark.django_db
URL = "/subscribe/"
State = Subscriber.State


def post(client: Client, address: str, **more: str) -> HttpResponse:
    """Send the form, and process the request as a worker does."""
    response = client.post(URL, {"address": address, **more})
    signup.process_requests()
    return response


def notices_for(address: str) -> list[str]:
    """Return the kinds of an address's notices, oldest first."""
    notices = Notice.objects.filter(subscriber__address=address).order_by("pk")
    return list(notices.values_list("kind", flat=True))


def test_an_unknown_address_becomes_pending_and_gets_a_link(client: Client) -> None:
    response = post(client, "Reader@Example.org", source="/articles/the-twelfth-hour/")
    assert response.status_code == 200
    assert "One more step: check your mail" in response.content.decode()
    subscriber = Subscriber.objects.get()
    assert (subscriber.address, subscriber.state) == ("reader@example.org", State.PENDING)
    assert notices_for("reader@example.org") == ["confirm"]


def test_the_consent_record_says_what_when_where_and_in_which_words(client: Client) -> None:
    post(client, "reader@example.org", source="/articles/the-twelfth-hour/", wording="1")
    event = ConsentEvent.objects.get()
    assert (event.kind, event.address) == ("requested", "reader@example.org")
    assert event.subscriber == Subscriber.objects.get()
    assert event.where == "/articles/the-twelfth-hour/"
    assert event.wording == wording.WORDINGS["1"]
    assert timezone.now() - event.at < timedelta(minutes=1)


def test_the_words_shown_are_the_words_recorded_even_from_a_page_out_of_a_cache(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(wording.WORDINGS, "2", "Newer words.")
    monkeypatch.setattr(wording, "CURRENT", "2")
    assert "Newer words." in client.get(URL).content.decode()
    post(client, "old@example.org", wording="1")
    post(client, "new@example.org", wording="2")
    post(client, "forged@example.org", wording="99")
    words = dict(ConsentEvent.objects.values_list("address", "wording"))
    assert words["old@example.org"] == wording.WORDINGS["1"]
    assert words["new@example.org"] == words["forged@example.org"] == "Newer words."


def test_everybody_gets_the_same_answer(client: Client, settings) -> None:
    """Also a suppressed address, and one that got too many mails."""
    make_pending("pending@example.org")
    make_subscriber("confirmed@example.org")
    make_subscriber("unsubscribed@example.org", state=State.UNSUBSCRIBED)
    make_subscriber("suppressed@example.org")
    make_suppression("suppressed@example.org")
    make_suppression("stranger@example.org")
    for _ in range(settings.SIGN_UP_MAILS_PER_ADDRESS):
        signup.sign_up("often@example.org", "/")
        Notice.objects.update(state="sent")
    answers = set()
    for name in [
        "unknown",
        "pending",
        "confirmed",
        "unsubscribed",
        "suppressed",
        "stranger",
        "often",
    ]:
        response = post(client, f"{name}@example.org", source="/")
        # But for the address itself, which is shown, and offered to be corrected.
        html = response.content.replace(f"{name}@example.org".encode(), b"")
        assert len(html) == len(response.content) - 2 * len(f"{name}@example.org")
        del response["Content-Length"]
        answers.add((response.status_code, html, str(sorted(response.items()))))
    assert len(answers) == 1
    assert not client.cookies


def test_the_answer_shows_the_address_to_nobody_else(client: Client) -> None:
    """Neither an address line, a cookie nor a cache has it, and no other page shows it."""
    response = post(client, " Jordan@County911.example ", source="/tags/fire/")
    html = response.content.decode()
    assert '<strong class="sent__address">jordan@county911.example</strong>' in html
    # It can be corrected at once, by the same form.
    assert 'value="jordan@county911.example"' in html
    assert response["Cache-Control"] == "private, no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert "Location" not in response
    assert not client.cookies
    assert "Content-Encoding" not in response, "it stands beside what a stranger may have typed"
    for path in (URL, reverse("subscribers:check-mail")):
        assert b"county911" not in client.get(path).content
    assert b"sent.js" not in client.get(reverse("subscribers:check-mail")).content


def test_markup_in_an_address_is_shown_as_text(client: Client) -> None:
    html = post(client, "a&b'c@example.org").content.decode()
    assert "a&amp;b&#x27;c@example.org</strong>" in html


def test_the_mail_depends_on_the_state_of_the_address(client: Client) -> None:
    make_subscriber("confirmed@example.org")
    make_subscriber("suppressed@example.org")
    make_suppression("suppressed@example.org")
    make_suppression("stranger@example.org")
    for name in ["confirmed", "suppressed", "stranger"]:
        post(client, f"{name}@example.org")
    assert notices_for("confirmed@example.org") == ["already"]
    assert notices_for("suppressed@example.org") == []
    assert not Subscriber.objects.filter(address="stranger@example.org").exists()
    assert Subscriber.objects.get(address="confirmed@example.org").state == State.CONFIRMED


def test_a_pending_reader_gets_a_new_link_for_one_that_has_expired(client: Client) -> None:
    pending = make_pending(
        "reader@example.org",
        confirm_requested_at=timezone.now() - timedelta(days=CONFIRM_DAYS, minutes=1),
    )
    post(client, "reader@example.org")
    again = Subscriber.objects.get()
    assert again.confirm_key != pending.confirm_key
    assert not again.confirm_link_expired


def test_an_unsubscribed_reader_gets_a_new_link(client: Client) -> None:
    gone = make_subscriber("reader@example.org", state=State.UNSUBSCRIBED)
    post(client, "reader@example.org")
    back = Subscriber.objects.get()
    assert back.state == State.PENDING
    assert back.confirm_key != gone.confirm_key
    assert back.key == gone.key
    assert notices_for("reader@example.org") == ["confirm"]


def test_a_double_click_sends_one_mail(client: Client) -> None:
    post(client, "reader@example.org")
    post(client, "reader@example.org")
    assert notices_for("reader@example.org") == ["confirm"]
    assert ConsentEvent.objects.count() == 1


def test_a_mistake_keeps_what_was_typed_and_says_what_to_do(client: Client) -> None:
    response = post(client, "rea der@example..org", source="/tags/careers/", wording="1")
    html = response.content.decode()
    assert response.status_code == 422
    assert 'value="rea der@example..org"' in html
    assert 'value="/tags/careers/"' in html
    assert "There is a space in this address" in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="signup-error"' in html
    assert response["Cache-Control"] == "private, no-store"
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "  ",
        "a" * 10_000,
        "reader@example.org\nBcc: victim@example.org",
        '"><script>alert(1)</script>@example.org',
        "réader@example.org",
    ],
)
def test_nonsense_is_answered_with_the_form_again(client: Client, typed: str) -> None:
    response = post(client, typed)
    html = response.content.decode()
    assert response.status_code == 422
    assert 'role="alert"' in html
    assert "<script>alert" not in html
    if len(typed) == 10_000:
        assert typed in html
    assert not Subscriber.objects.exists()


def test_a_nul_is_taken_out_of_what_was_typed(client: Client) -> None:
    assert post(client, "rea\x00der@example.org").status_code == 200
    signup.process_requests()
    assert Subscriber.objects.get().address == "reader@example.org"


def test_a_form_without_the_field_or_with_a_file_in_it_is_no_crash(client: Client) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    assert client.post(URL).status_code == 422
    upload = SimpleUploadedFile("address", b"reader@example.org")
    assert client.post(URL, {"address": upload}).status_code == 422
    response = post(client, "reader@example.org", source="\x00", wording="\x00")
    assert response.status_code == 200


@pytest.mark.parametrize("url", [URL, "/subscribe/check-your-mail/"])
def test_the_pages_carry_nothing_personal_and_change_nothing(
    client: Client, url: str, django_assert_max_num_queries
) -> None:
    # The queries are for the resources of the box and the footer's menu, which production caches.
    with django_assert_max_num_queries(4 if url == URL else 2):
        response = client.get(url)
    assert response.status_code == 200
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    assert b"csrfmiddlewaretoken" not in response.content
    # Somebody who found the second page by a search would wait for a mail in vain.
    assert (b'content="noindex"' in response.content) == (url != URL)
    assert response.content == client.get(url).content
    assert client.head(url).status_code == 200
    assert not Subscriber.objects.exists()


def test_other_methods_are_refused(client: Client) -> None:
    assert client.put(URL).status_code == 405
    assert client.post("/subscribe/check-your-mail/").status_code == 405


def test_a_sign_up_wakes_the_worker(
    client: Client, django_capture_on_commit_callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = []
    monkeypatch.setattr("subscribers.tasks.wake", lambda: woken.append(True))
    with django_capture_on_commit_callbacks(execute=True):
        post(client, "reader@example.org")
    assert woken == [True]


def test_a_sign_up_is_stored_even_if_no_task_can_be_enqueued(
    client: Client, django_capture_on_commit_callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ConnectionError("The broker is away.")

    monkeypatch.setattr("subscribers.tasks.wake", fail)
    with django_capture_on_commit_callbacks(execute=True):
        assert post(client, "reader@example.org").status_code == 200
    assert notices_for("reader@example.org") == ["confirm"]
