"""The desk of issues and their deliveries."""

from newsletter.admin import home, issues

__all__ = ["home", "issues"]
