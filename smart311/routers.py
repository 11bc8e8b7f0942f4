"""Routes that answer with and without their trailing slash."""

from rest_framework.routers import SimpleRouter


class EitherSlashRouter(SimpleRouter):
    """A redirect would turn a POST without the slash into a GET, and lose the complaint."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"
