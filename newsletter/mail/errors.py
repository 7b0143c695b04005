"""What cannot be rendered as a mail."""


class RenderError(Exception):
    """The issue cannot be rendered as a mail; the message says what to do."""
