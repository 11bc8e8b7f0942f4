"""Open311 GeoReport v2: filing and reading complaints as clients of other cities do."""
