"""Malformed input and how each of it is answered, by subject."""
