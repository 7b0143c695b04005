"""The desk of issues and their deliveries."""

from newsletter.admin import clicks, finding, home, issues, limits, received

__all__ = ["clicks", "finding", "home", "issues", "limits", "received"]
