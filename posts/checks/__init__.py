"""Checks: what an editor should know of an article before readers see it.

A rule is a function in the file of its subject; RULES in report.py lists them all. It takes a
Manuscript, an article as its form has it, and what the database knows of what that names.
"""

from posts.checks.articles import check_stored, manuscript_of
from posts.checks.finding import ERROR, WARNING, Finding, Place
from posts.checks.manuscript import Manuscript
from posts.checks.report import Report, check, check_all

__all__ = [
    "ERROR",
    "WARNING",
    "Finding",
    "Manuscript",
    "Place",
    "Report",
    "check",
    "check_all",
    "check_stored",
    "manuscript_of",
]
