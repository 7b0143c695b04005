from django.apps import AppConfig


class DeskDataConfig(AppConfig):
    """What the desk keeps of its own: revisions, working copies, the bin.

    The admin site itself is alarmroom.apps.DeskConfig.
    """

    name = "alarmroom.desk"
    label = "desk"
    verbose_name = "Desk"

    def ready(self) -> None:
        # sign_in_log and tasks connect their signals.
        from alarmroom.desk import sign_in_log, tasks  # noqa: F401  (importing connects their signals)
