"""The web process: `gunicorn smart311.wsgi -k gthread`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smart311.settings")
os.environ.setdefault("SERVES_REQUESTS", "true")
application = get_wsgi_application()
