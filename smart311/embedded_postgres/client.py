"""`manage.py dbshell`: the wheel's own psql."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.postgresql import client

from .programs import BIN, wheel_folder
from .server import server_for


class DatabaseClient(client.DatabaseClient):
    """Starts the server, as any connection does, and gives psql the way to it."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """The command line and environment of psql."""
        way = server_for(settings_dict["EMBEDDED_FOLDER"]).ensure_running()
        arguments, environment = super().settings_to_cmd_args_env(
            {**settings_dict, **{name.upper(): value for name, value in way.items()}}, parameters
        )
        return [str(wheel_folder() / BIN / "psql"), *arguments[1:]], environment
