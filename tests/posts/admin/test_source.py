"""The source of a text is for those who may publish; the clean guards readers from everybody."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client

from alarmroom.desk import roles
from posts.models import Post
from tests.factories import make_author, make_editor
from tests.posts.admin.desk import ADD, form

pytestmark = pytest.mark.django_db

TAKEN_AWAY = ",sourcearea&quot;"


def member(role: str) -> User:
    user = make_editor("posts.view_tag")
    user.groups.add(Group.objects.get(name=role))
    return user


def signed_in_as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", roles.ROLES)
def test_who_may_publish_has_the_source(role: str) -> None:
    client = signed_in_as(member(role))
    has_source = role in {roles.PUBLISHER, roles.ADMINISTRATOR}
    pages = [ADD] if role == roles.WRITER else [ADD, "/admin/newsletter/issue/add/"]
    for address in pages:
        page = client.get(address).content.decode()
        assert "removePlugins" in page
        assert (TAKEN_AWAY not in page) is has_source


def test_what_is_sent_by_hand_is_cleaned_for_everybody() -> None:
    make_author()
    client = signed_in_as(member(roles.WRITER))
    body = '<p onclick="x()" style="color:red">Calm<script>x()</script></p><style>p {}</style>'
    assert client.post(ADD, form(body=body, _continue="")).status_code == 302
    assert Post.objects.get().body == "<p>Calm</p>"


def test_whoever_could_publish_before_keeps_the_source() -> None:
    migration = import_module("alarmroom.desk.migrations.0013_publishers_edit_the_source")
    group = Group.objects.create(name="Desk")
    group.permissions.add(Permission.objects.get(codename="publish_post"))
    before, writer = make_editor("posts.publish_post"), make_editor("posts.change_post")
    migration.keep(apps, connection.schema_editor)
    names = [
        set(held.values_list("codename", flat=True))
        for held in (group.permissions, before.user_permissions, writer.user_permissions)
    ]
    assert names == [{"publish_post", "edit_source"}] * 2 + [{"change_post"}]
