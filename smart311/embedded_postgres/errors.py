"""What can go wrong, as one line for a person."""


class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot be used. The message is one line that says what to do."""
