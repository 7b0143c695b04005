"""The issue desk's addresses, and what it says."""

from django.urls import reverse

from newsletter.models import Issue


def url(name: str, issue: Issue) -> str:
    return reverse(f"admin:newsletter_issue_{name}", args=[issue.pk])


def messages(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])
