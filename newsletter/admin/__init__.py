"""The desk of issues and their deliveries."""

from newsletter.admin import finding, home, issues, received

__all__ = ["finding", "home", "issues", "received"]
