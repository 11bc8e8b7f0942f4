"""What imports look for; without the libraries that find it, which the web does not load."""

from django.utils.translation import gettext_lazy

CHECKS = {
    "closed_before_creation": gettext_lazy("Closed before it was created"),
    "closed_at_creation": gettext_lazy("Closed in the second of its creation"),
    "closed_before_1950": gettext_lazy(
        "Closing date before 1950 (a placeholder such as 1900-01-01)"
    ),
    "closed_in_future": gettext_lazy("Closing date after the observation"),
    "created_in_future": gettext_lazy("Created after the observation"),
    "closed_at_midnight": gettext_lazy("Closing at exactly midnight: a date without a time"),
    "closed_without_date": gettext_lazy("Closed, but without a closing date"),
    "dated_but_open": gettext_lazy("With a closing date, but not closed"),
    "no_place": gettext_lazy("Without coordinates, or at 0, 0"),
    "outside_the_city": gettext_lazy("Coordinates outside the city"),
    "marked_duplicate": gettext_lazy("Marked as a duplicate by the source"),
    "repeated_id": gettext_lazy("Replaced by a later row of the same id"),
    "repeated_report": gettext_lazy("Same type, place and hour as another"),
    "case_twin": gettext_lazy("Type written in another case than most of its agency's"),
    "unknown_type": gettext_lazy("Type not known before"),
}
"""What is looked for, and how it reads: in English except on pages in another language."""
MOST_EXAMPLES = 5
