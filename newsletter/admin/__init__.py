"""The desk of issues and their deliveries."""

from newsletter.admin import issues

__all__ = ["issues"]
