"""The web process with a protection off: each process counts limits for itself."""

# First: it sets Django up.
from smart311.wsgi import application

# isort: split
from smart311.counters import LocalCounter
from smart311.throttling import limiter

__all__ = ["application"]

limiter.counter = LocalCounter()
