"""The four groups: made once, changed by nobody but the owner, and who needs a second factor."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection

from alarmroom.desk import roles
from tests.factories import make_editor

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

migration = import_module("alarmroom.desk.migrations.0004_roles")


def names_of(permissions: object) -> set[str]:
    rows = permissions.select_related("content_type")  # type: ignore[attr-defined]  # a manager
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows.all()}


def test_the_groups_may_what_the_table_says() -> None:
    for role in roles.ROLES:
        assert names_of(Group.objects.get(name=role).permissions) == roles.MAY[role]


def test_each_role_may_what_the_one_before_it_may() -> None:
    for less, more in zip(roles.ROLES, roles.ROLES[1:], strict=False):
        assert roles.MAY[less] < roles.MAY[more]


def test_a_group_that_the_owner_changed_stays_as_it_is() -> None:
    writer = Group.objects.get(name=roles.WRITER)
    writer.permissions.set(Permission.objects.filter(codename="view_page"))
    migration.make_groups(apps, connection.schema_editor)
    assert names_of(writer.permissions) == {"posts.view_page"}
    assert Group.objects.count() == 4


def test_whoever_could_publish_before_still_can() -> None:
    group = Group.objects.create(name="Desk")
    group.permissions.add(Permission.objects.get(codename="change_post"))
    before, reader = make_editor("posts.change_post"), make_editor("posts.view_post")
    migration.keep_what_was_allowed(apps, connection.schema_editor)
    new = {"posts.publish_post", "posts.change_any_post"}
    assert names_of(before.user_permissions) == {"posts.change_post", *new}
    assert names_of(group.permissions) == {"posts.change_post", *new}
    assert names_of(reader.user_permissions) == {"posts.view_post"}


def test_who_needs_a_second_factor() -> None:
    def member(role: str) -> User:
        user = make_editor("posts.view_tag")
        user.groups.add(Group.objects.get(name=role))
        return user

    needs = roles.needs_second_factor
    assert [needs(member(role)) for role in roles.ROLES] == [False, False, True, True]
    assert needs(make_editor()) and needs(make_editor("newsletter.send_issue"))
    assert not needs(make_editor("posts.change_post", "posts.change_any_post"))
    assert not needs(make_editor(is_active=False))
    # The group counts, even where its owner has taken permissions out of it.
    Group.objects.get(name=roles.PUBLISHER).permissions.clear()
    assert needs(member(roles.PUBLISHER))
