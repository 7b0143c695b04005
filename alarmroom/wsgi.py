"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alarmroom.settings")
django_application = get_wsgi_application()

from alarmroom.input import PlainContentType  # noqa: E402  (imported after Django is set up)
from alarmroom.kept.answering import KeptPages  # noqa: E402  (the same)

# Kept pages are answered before Django's handler.
application = KeptPages(PlainContentType(django_application))
