"""The demo's free leadership resources, as finished PDFs."""

from importlib import import_module

# Slug -> the module that writes it. They need reportlab, so they are imported on demand.
WRITERS = {
    "the-first-ninety-days": "alarmroom.demo.first_ninety_days",
    "after-call-check-in": "alarmroom.demo.after_call_check_in",
}
MOTIFS = {"the-first-ninety-days": "ninety-days", "after-call-check-in": "open-door"}


def build(slug: str) -> bytes:
    """Return a resource as PDF bytes, the same at every call.

    Raises KeyError for an unknown slug, ImportError where reportlab is not installed.
    """
    document: bytes = import_module(WRITERS[slug]).build()
    return document
