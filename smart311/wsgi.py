"""The web process: `gunicorn smart311.wsgi -k smart311.crowding.QueueWorker`."""

import os

from django.core.wsgi import get_wsgi_application

from smart311.crowding import turning_away

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smart311.settings")
os.environ.setdefault("SERVES_REQUESTS", "true")
application = turning_away(get_wsgi_application())
