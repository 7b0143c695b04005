"""Entry of times, and the two nights in which daylight saving time begins and ends."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from alarmroom.desk.moments import LONGEST, MomentField, MomentInputField, parse_time
from newsletter.models import Issue
from posts.models import Post
from tests.factories import make_editor, make_issue, make_post
from tests.newsletter.delivery.test_sending import PASSWORD, confirm
from tests.posts.admin.desk import ADD, change, errors, form

VALID = {
    "9:30 pm": time(21, 30),
    "9:30pm": time(21, 30),
    "9.30 pm": time(21, 30),
    "9:30 P.M.": time(21, 30),
    "9:30\u202fPM": time(21, 30),  # Some systems write it with this space.
    " 09:30 p.m. ": time(21, 30),
    "930 pm": time(21, 30),
    "9 am": time(9),
    "9am": time(9),
    "12 am": time(0),
    "12 pm": time(12),
    "12:05 AM": time(0, 5),
    "noon": time(12),
    "Noon": time(12),
    "21:30": time(21, 30),
    "21.30": time(21, 30),
    "9:30": time(9, 30),
    "2130": time(21, 30),
    "0030": time(0, 30),
    "2130 hours": time(21, 30),
    "21:30:07": time(21, 30, 7),
    "21:30:07.25": time(21, 30, 7, 250_000),
    "9:30:07 pm": time(21, 30, 7),
}
INVALID = [
    "", "9", "930", "13 pm", "0 am", "24:00", "21:60", "9:3", "pm", "soon", "midnight", "-1:00",
    "9:30 xm", "9:30 pm pm", "٩:٣٠", "99999", "1:2:3", "x" * 10_000, "9" * 10_000 + "pm",
]  # fmt: skip


@pytest.mark.parametrize("text", VALID)
def test_common_notations_of_a_time_are_parsed(text: str) -> None:
    assert parse_time(text) == VALID[text]


@pytest.mark.parametrize("text", INVALID)
def test_an_invalid_or_ambiguous_time_is_refused(text: str) -> None:
    assert parse_time(text) is None


def test_a_text_that_is_too_long_is_not_parsed() -> None:
    class Unparsed(str):
        def split(self, *_: object, **__: object) -> list[str]:  # type: ignore[override]  # takes anything
            pytest.fail("It was parsed.")

    assert parse_time(Unparsed("9" * (LONGEST + 1))) is None


@pytest.mark.parametrize("typed", ["2026-12-24T21:30", "2026-12-24 9:30 pm", "12/24/2026 2130"])
def test_date_and_time_in_one_field_are_parsed(typed: str) -> None:
    found = MomentInputField().clean([typed, ""])
    assert timezone.localtime(found).isoformat() == "2026-12-24T21:30:00-05:00"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["2026-03-08", "2:30 am", ""], "On March 8, 2026 the clocks are set forward, and 02:30 "
         "is left out. Enter another time: 01:30 and 03:30 exist on that day."),
        (["2026-11-01", "1:30 am", ""], "On November 1, 2026 the clocks are set back, and 01:30 "
         "comes twice. Choose which of the two you mean."),
        (["2026-11-01", "", ""], "Enter the time too, such as 9:30 pm, 9 am or 21:30."),
        (["", "9:30 pm", ""], "Enter the date too."),
        (["someday", "9:30 pm", ""], "Enter a date such as 2026-12-24 or 12/24/2026."),
        (["2026-11-01", "9", ""], "Enter a time such as 9:30 pm, 9 am or 21:30."),
        (["0001-01-01", "0:00", ""], "Give a year between 1900 and 2100."),
    ],
)  # fmt: skip
def test_an_error_message_says_what_to_enter(parts: list[str], words: str) -> None:
    with pytest.raises(ValidationError) as error:
        MomentField().clean(parts)
    assert error.value.messages == [words]


# In the admin


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def choice(response: HttpResponse, name: str) -> dict[str, bool]:
    """The options of a page for an ambiguous time, and which of them is selected."""
    page = response.content.decode()
    found = re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL)
    options = re.findall(r"<option([^>]*)>([^<]*)<", found[0]) if found else []
    return {label: "selected" in attributes for attributes, label in options}


@pytest.mark.django_db
@pytest.mark.parametrize(("typed", "hour"), [("9:30 pm", 21), ("9:30", 9), ("2130", 21)])
def test_an_article_gets_the_typed_time(desk: Client, typed: str, hour: int) -> None:
    desk.post(ADD, form(published_at_0="2025-06-01", published_at_1=typed))
    local = timezone.localtime(Post.objects.get().published_at)
    assert (local.hour, local.minute) == (hour, 30)


@pytest.mark.django_db
@pytest.mark.parametrize(("which", "hour"), [("0", 5), ("1", 6)])
def test_an_ambiguous_time_asks_which_of_the_two_is_meant(
    desk: Client, which: str, hour: int
) -> None:
    sent = form(title="Typed title", published_at_0="2025-11-02", published_at_1="1:45 am")
    response = desk.post(ADD, sent)
    assert "comes twice" in errors(response)["published_at"][0]
    page = response.content.decode()
    assert 'value="1:45 am"' in page
    assert "Typed title" in page
    assert list(choice(response, "published_at_2")) == [
        "Choose one of the two",
        "The first 01:45 (EDT)",
        "The second 01:45 (EST), after the clocks are set back",
    ]
    assert desk.post(ADD, {**sent, "published_at_2": which}).status_code == 302
    assert Post.objects.get().published_at == datetime(2025, 11, 2, hour, 45, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(("hour", "which"), [(5, "first"), (6, "second")])
def test_the_form_shows_and_changes_the_choice_for_an_ambiguous_time(
    desk: Client, hour: int, which: str
) -> None:
    post = make_post(published_at=datetime(2025, 11, 2, hour, 30, 7, 8, tzinfo=UTC))
    offered = choice(desk.get(change(post)), "published_at_2")
    assert [label.split()[1] for label, chosen in offered.items() if chosen] == [which]
    sent = form(published_at_0="2025-11-02", published_at_1="01:30:07")
    for value in ("0", "1"):
        assert desk.post(change(post), {**sent, "published_at_2": value}).status_code == 302
        assert Post.objects.get().published_at.hour == 5 + int(value)


@pytest.mark.django_db
def test_an_unambiguous_time_shows_no_choice(desk: Client) -> None:
    post = make_post(published_at=datetime(2025, 6, 2, 5, 30, tzinfo=UTC))
    for url in (ADD, change(post)):
        assert choice(desk.get(url), "published_at_2") == {}
    sent = form(published_at_0="2025-06-02", published_at_1="soon", published_at_2="1")
    response = desk.post(ADD, sent)
    assert choice(response, "published_at_2") == {}
    assert 'value="soon"' in response.content.decode()


@pytest.mark.django_db
def test_saving_an_article_keeps_the_microseconds(desk: Client) -> None:
    when = datetime(2025, 6, 2, 5, 30, 7, 8, tzinfo=UTC)
    post = make_post(published_at=when)
    sent = form(published_at_0="2025-06-02", published_at_1="01:30:07")
    assert desk.post(change(post), sent).status_code == 302
    assert Post.objects.get().published_at == when


@pytest.mark.django_db
def test_an_issue_is_scheduled_for_the_chosen_ambiguous_time(client: Client) -> None:
    editor = make_editor()
    editor.email = "editor@example.org"
    editor.set_password(PASSWORD)
    editor.save()
    client.force_login(editor)
    issue = make_issue()
    night = next_autumn_night()
    response = confirm(client, issue, when=f"{night:%Y-%m-%d}T01:30", _schedule="")
    assert "comes twice" in response.content.decode()
    assert f'value="{night:%Y-%m-%d}T01:30"' in response.content.decode()
    assert len(choice(response, "when_which")) == 3
    confirm(client, issue, when=f"{night:%Y-%m-%d}T01:30", when_which="1", _schedule="")
    assert Issue.objects.get().scheduled_for == night.replace(hour=6, minute=30)


def next_autumn_night() -> datetime:
    """Return midnight, in UTC, of the next day on which New York sets its clocks back."""
    day = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    zone = timezone.get_current_timezone()
    while (
        day.astimezone(zone).utcoffset() <= (day + timedelta(days=1)).astimezone(zone).utcoffset()
    ):
        day += timedelta(days=1)
    return day


@pytest.mark.django_db
def test_every_date_field_of_the_admin_is_a_moment_field() -> None:
    request = RequestFactory().get("/")
    request.user = make_editor()
    found = {}
    for model, model_admin in admin.site._registry.items():
        if not model_admin.has_change_permission(request):
            continue
        for name, field in model_admin.get_form(request).base_fields.items():
            is_moment = isinstance(
                field,
                forms.DateTimeField | forms.SplitDateTimeField | MomentField | forms.TimeField,
            )
            if is_moment and model._meta.app_label != "auth":
                found[f"{model._meta.label}.{name}"] = type(field)
    # A time of day alone is no moment: the browser has a field of its own for it.
    assert found == {
        "posts.Post.published_at": MomentField,
        "publication.Publication.issue_time": forms.TimeField,
    }
