from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class AlarmRoomConfig(AppConfig):
    name = "alarmroom"
    verbose_name = "The Alarm Room"
    default = True

    def ready(self) -> None:
        from alarmroom import checks, lookups  # noqa: F401  (checks registers our system checks)

        lookups.register()


class DeskConfig(admin_apps.AdminConfig):
    """Django's admin, on our own site (alarmroom/desk/site.py)."""

    default = False
    default_site = "alarmroom.desk.site.DeskSite"

    def ready(self) -> None:
        super().ready()
        from django.contrib import admin

        from alarmroom.desk import accounts

        accounts.take_over(admin.site)
