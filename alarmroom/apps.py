from django.apps import AppConfig


class AlarmRoomConfig(AppConfig):
    name = "alarmroom"
    verbose_name = "The Alarm Room"

    def ready(self) -> None:
        from alarmroom import checks  # noqa: F401  (registers our system checks)
