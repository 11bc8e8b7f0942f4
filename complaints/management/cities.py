"""The city that a command is told."""

from django.core.management.base import CommandError

from complaints.models import City


def city_of(slug: str) -> City:
    """The city. Raises CommandError that names those there are."""
    try:
        return City.objects.get(slug=slug)
    except City.DoesNotExist as error:
        known = ", ".join(City.objects.values_list("slug", flat=True)) or "none"
        raise CommandError(
            f"there is no city {slug!r} (known: {known}); "
            "manage.py load_city fixtures/nyc creates New York"
        ) from error
