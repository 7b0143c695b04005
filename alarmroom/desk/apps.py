from django.apps import AppConfig


class DeskDataConfig(AppConfig):
    """What the desk keeps of its own: revisions, working copies, the bin.

    The admin site itself is alarmroom.apps.DeskConfig.
    """

    name = "alarmroom.desk"
    label = "desk"
    verbose_name = "Desk"
