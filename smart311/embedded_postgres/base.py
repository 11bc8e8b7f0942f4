"""Django's PostgreSQL backend on a server of our own."""

from pathlib import Path
from typing import Any

import psycopg2
from django.db import OperationalError
from django.db.backends.postgresql import base

from smart311.patience import SilentError

from .client import DatabaseClient
from .errors import EmbeddedPostgresError
from .server import START_PATIENCE_SECONDS, EmbeddedServer, server_for


class DatabaseWrapper(base.DatabaseWrapper):
    """Starts the server with the first connection, and again if it has died."""

    client_class = DatabaseClient

    @property
    def server(self) -> EmbeddedServer:
        """The server of the folder named in the settings."""
        return server_for(Path(self.settings_dict["EMBEDDED_FOLDER"]))

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; once more if there was no server any longer.

        Raises OperationalError, like any database that cannot be reached.
        """
        patience = self.settings_dict.get("EMBEDDED_PATIENCE_SECONDS", START_PATIENCE_SECONDS)
        try:
            parameters = self.server.ensure_running(patience)
            try:
                return super().get_new_connection({**conn_params, **parameters})
            except SilentError:
                # It is there, but frozen: whoever looks after it only waits as well.
                raise
            except psycopg2.OperationalError:
                if not self.server.recover(parameters, patience):
                    raise
            return super().get_new_connection(
                {**conn_params, **self.server.ensure_running(patience)}
            )
        except EmbeddedPostgresError as error:
            raise OperationalError(str(error)) from error
