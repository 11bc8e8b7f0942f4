"""Which city a request speaks of."""

from django.conf import settings

from complaints.models import City
from smart311.problems import NotReady


def default_city() -> City:
    """The city of paths that name none (settings.CITY). Raises NotReady before it is loaded."""
    try:
        return City.objects.get(slug=settings.CITY)
    except City.DoesNotExist as error:
        raise NotReady(f"The city {settings.CITY!r} is not loaded yet.") from error
