from typing import Any

from django.apps import AppConfig
from django.apps import apps as django_apps
from django.db import connections
from django.db.models.signals import post_migrate


class PublicationConfig(AppConfig):
    """What the publication says about itself, as editors set it. alarmroom/facts.py reads it."""

    name = "alarmroom.publication"
    label = "publication"
    verbose_name = "Settings"

    def ready(self) -> None:
        post_migrate.connect(make_row, sender=self)


def make_row(sender: Any, using: str, apps: Any = django_apps, **kwargs: Any) -> None:
    """See to it that the one row is there: after a flush, or with a database that lacks it.

    `apps` has the models as the migrations left them, which may have gone back.
    """
    try:
        model = apps.get_model(sender.label, "Publication")
    except LookupError:
        return
    if model._meta.db_table in connections[using].introspection.table_names():
        model._base_manager.using(using).get_or_create(pk=1)
