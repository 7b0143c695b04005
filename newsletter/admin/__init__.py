"""The desk of issues and their deliveries."""

from newsletter.admin import finding, home, issues, limits, received

__all__ = ["finding", "home", "issues", "limits", "received"]
