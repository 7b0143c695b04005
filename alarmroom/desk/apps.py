from django.apps import AppConfig


class DeskDataConfig(AppConfig):
    """What the desk keeps of its own: revisions, working copies, the bin.

    The admin site itself is alarmroom.apps.DeskConfig.
    """

    name = "alarmroom.desk"
    label = "desk"
    verbose_name = "Desk"

    def ready(self) -> None:
        from alarmroom.desk import sign_in_log  # noqa: F401  (it listens for sign-ins)
