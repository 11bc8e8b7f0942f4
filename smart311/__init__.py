"""Smart 311: a city's 311 service that tells people when."""

__version__ = "0.1.0"
