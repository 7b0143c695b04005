"""Accounts of the desk with a role, and browsers in which they are signed in."""

from django.contrib.auth.models import Group, User
from django.test import Client


def member(role: str, username: str = "") -> User:
    """An account of the desk with one role and nothing else."""
    username = username or role.lower()
    user = User.objects.create(
        username=username, is_staff=True, email=f"{username}@psap.example", first_name=username
    )
    user.groups.add(Group.objects.get(name=role))
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
