from django.apps import AppConfig


class ReadsConfig(AppConfig):
    """How often readers opened what was published."""

    name = "alarmroom.reads"
    label = "reads"
    verbose_name = "Reads"
