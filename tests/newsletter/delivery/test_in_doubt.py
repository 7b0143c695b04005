"""Uncertain deliveries: an editor settles the chosen ones, or all of them."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from newsletter.delivery import starting
from newsletter.models import Issue
from tests.newsletter.admin.desk import messages, url
from tests.newsletter.delivery.ledger import State, started, states

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


@pytest.fixture
def issue() -> Issue:
    issue = started(*(f"r{number}@example.org" for number in range(3)))
    issue.deliveries.update(state=State.UNCERTAIN, changed_at=timezone.now())
    return issue


@pytest.mark.parametrize("button", ["_again", "_sent"])
def test_a_button_without_a_choice_changes_nothing(
    client: Client, editor: User, issue: Issue, button: str
) -> None:
    response = client.post(url("settle", issue), {button: ""}, follow=True)
    assert states(issue) == {"uncertain": 3}
    assert "Nothing was changed: no delivery was chosen" in messages(response)


@pytest.mark.parametrize("button", ["_again", "_sent"])
@pytest.mark.parametrize("value", ["", "all", "-1", "1.5", "٣", "9" * 30, "9" * 5000, "1;2"])
def test_an_invalid_value_is_refused(
    client: Client, editor: User, issue: Issue, button: str, value: str
) -> None:
    good = issue.deliveries.first()
    for values in ([value], [good.pk, value]):
        data = {"delivery": values, button: ""}
        response = client.post(url("settle", issue), data, follow=True)
        assert response.status_code == 200
        assert states(issue) == {"uncertain": 3}
        assert "does not name deliveries" in messages(response)


@pytest.mark.parametrize("buttons", [[], ["_again", "_sent"], ["_sent_all", "_again_all"]])
def test_no_button_or_two_buttons_change_nothing(
    client: Client, editor: User, issue: Issue, buttons: list[str]
) -> None:
    data = {"delivery": issue.deliveries.first().pk, **dict.fromkeys(buttons, "")}
    response = client.post(url("settle", issue), data, follow=True)
    assert states(issue) == {"uncertain": 3}
    assert "choose whether to send again or to count as sent" in messages(response)


@pytest.mark.parametrize(("button", "state"), [("_again", "queued"), ("_sent", "sent")])
def test_only_the_chosen_deliveries_are_settled(
    client: Client, editor: User, issue: Issue, button: str, state: str
) -> None:
    chosen = [row.pk for row in issue.deliveries.all()[:2]]
    response = client.post(url("settle", issue), {"delivery": chosen, button: ""}, follow=True)
    assert states(issue) == {"uncertain": 1, state: 2}
    assert "2 in doubt" in messages(response)


@pytest.mark.parametrize(("button", "state"), [("_again_all", "queued"), ("_sent_all", "sent")])
def test_a_separate_button_settles_all_deliveries(
    client: Client, editor: User, issue: Issue, button: str, state: str
) -> None:
    client.post(url("settle", issue), {button: ""})
    assert states(issue) == {state: 3}


def test_a_delivery_that_is_no_longer_uncertain_is_unchanged(
    client: Client, editor: User, issue: Issue
) -> None:
    other = started("other@example.org").deliveries.get(subscriber__address="other@example.org")
    decided = issue.deliveries.first()
    issue.deliveries.filter(pk=decided.pk).update(state=State.SENT)
    data = {"delivery": [decided.pk, other.pk], "_again": ""}
    response = client.post(url("settle", issue), data, follow=True)
    assert states(issue) == {"uncertain": 2, "sent": 1}
    assert "is not in doubt any more" in messages(response)


def test_deliveries_of_a_cancelled_issue_cannot_be_resent(
    client: Client, editor: User, issue: Issue
) -> None:
    starting.cancel(issue)
    response = client.post(url("settle", issue), {"_again_all": ""}, follow=True)
    assert states(issue) == {"uncertain": 3}
    assert "the issue is cancelled" in messages(response)
    assert 'name="_again' not in response.content.decode()
    client.post(url("settle", issue), {"_sent_all": ""})
    assert states(issue) == {"sent": 3}


def test_the_page_has_two_buttons_for_each_delivery_and_two_for_all(
    client: Client, editor: User, issue: Issue
) -> None:
    page = client.get(url("progress", issue)).content.decode()
    forms = [form for form in re.split("<form", page) if url("settle", issue) in form]
    named = [
        (form.count('name="delivery"'), re.findall('name="(_[a-z_]+)"', form)) for form in forms
    ]
    assert named == [*[(1, ["_again", "_sent"])] * 3, (0, ["_again_all", "_sent_all"])]
