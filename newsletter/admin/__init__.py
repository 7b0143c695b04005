"""The desk of issues and their deliveries."""

from newsletter.admin import finding, home, issues

__all__ = ["finding", "home", "issues"]
