"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alarmroom.settings")
django_application = get_wsgi_application()

from alarmroom.kept.answering import KeptPages  # noqa: E402  (imported after Django is set up)

# Kept pages are answered before Django's handler.
application = KeptPages(django_application)
