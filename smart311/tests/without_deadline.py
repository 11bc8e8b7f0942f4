"""Web without its deadline for the database, to show what it is for."""

from psycopg2.extensions import set_wait_callback

from smart311.wsgi import application as application

set_wait_callback(None)
