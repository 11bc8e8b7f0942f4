"""Open data of cities, in."""
