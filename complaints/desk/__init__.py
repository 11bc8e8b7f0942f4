"""The desk: what staff see and do with complaints in the admin."""
