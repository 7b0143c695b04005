"""The addresses of an issue in the admin, and the messages of a response."""

from django.urls import reverse

from newsletter.models import Issue


def url(name: str, issue: Issue) -> str:
    return reverse(f"admin:newsletter_issue_{name}", args=[issue.pk])


def messages(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])
