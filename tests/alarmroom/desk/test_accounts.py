"""People and roles: nobody gives, takes or overrules a right that he or she does not have."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from alarmroom.desk import roles
from alarmroom.desk.models import Act
from tests.factories import make_editor

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def member(role: str, **fields: Any) -> User:
    user = make_editor("posts.view_tag", **fields)
    user.user_permissions.clear()
    user.groups.add(Group.objects.get(name=role))
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def chief() -> User:
    return member(roles.ADMINISTRATOR, username="chief")


@pytest.fixture
def owner() -> User:
    return make_editor(username="owner")


def page_of(person: User) -> str:
    return reverse("admin:auth_user_change", args=[person.pk])


def save(client: Client, person: User, **changes: Any) -> HttpResponse:
    """Send the form of an account as its page shows it, with these changes."""
    page = client.get(page_of(person))
    form = page.context["adminform"].form
    data = {
        name: value
        for name, field in form.fields.items()
        if (value := form[name].value()) not in (None, False) and name != "password"
    }
    data = {
        name: [each.pk if hasattr(each, "pk") else each for each in value]
        if isinstance(value, list | tuple)
        else value
        for name, value in data.items()
    }
    data |= changes
    data = {name: value for name, value in data.items() if value is not None}
    return client.post(page_of(person), data)


def roles_of(person: User) -> set[str]:
    return set(User.objects.get(pk=person.pk).groups.values_list("name", flat=True))


def key(role: str) -> int:
    return Group.objects.get(name=role).pk


def test_an_administrator_gives_a_role_and_the_log_says_so(chief: User) -> None:
    writer = member(roles.WRITER, username="dele")
    response = save(signed_in(chief), writer, groups=[key(roles.WRITER), key(roles.EDITOR)])
    assert response.status_code == 302
    assert roles_of(writer) == {roles.WRITER, roles.EDITOR}
    act = Act.objects.get(kind=Act.Kind.ROLE_GIVEN)
    assert (act.name, act.label, act.detail) == ("chief", "dele", "Editor")
    save(signed_in(chief), writer, groups=[key(roles.EDITOR)])
    assert Act.objects.get(kind=Act.Kind.ROLE_TAKEN).detail == "Writer"


def test_a_new_account_may_sign_in_and_has_its_role(chief: User) -> None:
    response = signed_in(chief).post(
        reverse("admin:auth_user_add"),
        {
            "username": "ruth",
            "email": "ruth@example.org",
            "groups": [key(roles.WRITER)],
            "usable_password": "true",
            "password1": "quiet-radio-77",
            "password2": "quiet-radio-77",
        },
    )
    assert response.status_code == 302
    ruth = User.objects.get(username="ruth")
    assert ruth.is_staff and not ruth.is_superuser
    assert roles_of(ruth) == {roles.WRITER}
    assert ruth.check_password("quiet-radio-77")
    assert Act.objects.get(kind=Act.Kind.ROLE_GIVEN).label == "ruth"


def test_nobody_makes_a_superuser_but_a_superuser(chief: User) -> None:
    writer = member(roles.WRITER)
    every = list(Permission.objects.values_list("pk", flat=True))
    for person in (writer, chief):
        save(signed_in(chief), person, is_superuser="on", is_staff="on", user_permissions=every)
        person.refresh_from_db()
        assert not person.is_superuser and not person.user_permissions.exists()


def test_an_administrator_does_not_touch_an_account_above(chief: User, owner: User) -> None:
    above = member(roles.WRITER)
    above.user_permissions.add(Permission.objects.get(codename="delete_dbtaskresult"))
    asleep = make_editor(is_active=False)
    client = signed_in(chief)
    for person in (owner, above, asleep):
        password = reverse("admin:auth_user_password_change", args=[person.pk])
        assert client.get(page_of(person)).status_code == 200, "seen, but not changed"
        assert client.post(page_of(person), {"username": "taken"}).status_code == 403
        assert (
            client.post(password, {"password1": "a-b-c-9", "password2": "a-b-c-9"}).status_code
            == 403
        )
        delete = reverse("admin:auth_user_delete", args=[person.pk])
        assert client.post(delete, {"post": "yes"}).status_code == 403
        client.post(
            reverse("admin:auth_user_changelist"),
            {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"},
        )
        assert User.objects.filter(pk=person.pk, username=person.username).exists()


def test_a_role_beyond_ones_own_is_neither_offered_nor_taken(chief: User) -> None:
    beyond = Group.objects.create(name="Technicians")
    beyond.permissions.add(Permission.objects.get(codename="delete_dbtaskresult"))
    writer, client = member(roles.WRITER), signed_in(chief)
    assert "Technicians" not in client.get(page_of(writer)).content.decode()
    response = save(client, writer, groups=[beyond.pk])
    assert response.status_code == 200 and "errors" in response.context
    assert roles_of(writer) == {roles.WRITER}
    role = reverse("admin:auth_group_change", args=[beyond.pk])
    assert client.post(role, {"name": "Mine", "permissions": []}).status_code == 403


def test_a_role_gets_no_right_that_its_giver_lacks(chief: User) -> None:
    own = Group.objects.create(name="Helpers")
    right = Permission.objects.get(codename="delete_dbtaskresult")
    response = signed_in(chief).post(
        reverse("admin:auth_group_change", args=[own.pk]),
        {"name": "Helpers", "permissions": [right.pk]},
    )
    assert response.status_code == 200
    assert not own.permissions.exists()


def test_nobody_locks_himself_out(owner: User, chief: User) -> None:
    response = save(signed_in(owner), owner, is_active=None, is_superuser=None)
    assert "You cannot lock yourself out" in response.content.decode()
    owner.refresh_from_db()
    assert owner.is_active and owner.is_superuser
    save(signed_in(chief), chief, groups=[], is_active=None)
    chief.refresh_from_db()
    assert chief.is_active and roles_of(chief) == {roles.ADMINISTRATOR}


def test_one_of_two_superusers_may_go_and_the_last_one_stays(owner: User) -> None:
    second = make_editor(username="second")
    assert save(signed_in(owner), second, is_active=None).status_code == 302
    client = signed_in(owner)
    delete = reverse("admin:auth_user_delete", args=[owner.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert User.objects.filter(is_superuser=True, is_active=True).get() == owner


def test_the_lists_take_the_same_queries_for_one_and_for_many(
    owner: User, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(owner)
    for _ in range(20):
        member(roles.WRITER)
    for model in ("user", "group"):
        with django_assert_max_num_queries(14):
            client.get(reverse(f"admin:auth_{model}_changelist"))
