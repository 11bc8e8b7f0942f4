"""Counts and times to close of any choice of complaints, in groups."""
