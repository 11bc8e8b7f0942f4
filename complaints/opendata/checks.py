"""What imports look for; without the libraries that find it, which the web does not load."""

CHECKS = {
    "closed_before_creation": "Closed before it was created",
    "closed_at_creation": "Closed in the second of its creation",
    "closed_before_1950": "Closing date before 1950 (a placeholder such as 1900-01-01)",
    "closed_in_future": "Closing date after the observation",
    "created_in_future": "Created after the observation",
    "closed_at_midnight": "Closing at exactly midnight: a date without a time",
    "closed_without_date": "Closed, but without a closing date",
    "dated_but_open": "With a closing date, but not closed",
    "no_place": "Without coordinates, or at 0, 0",
    "outside_the_city": "Coordinates outside the city",
    "marked_duplicate": "Marked as a duplicate by the source",
    "repeated_id": "Replaced by a later row of the same id",
    "repeated_report": "Same type, place and hour as another",
    "case_twin": "Type written in another case than most of its agency's",
    "unknown_type": "Type not known before",
}
"""What is looked for, and how it reads."""
MOST_EXAMPLES = 5
