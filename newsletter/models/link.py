"""The links of an issue whose clicks are counted, and the clicks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from posts.models.fields import PlainTextField


class IssueLink(models.Model):
    """A link of an issue, frozen when it was started. The mails hold its number, not its target.

    Each mail counts once in one of the three: followed by a person, by a machine, or nobody can
    tell.
    """

    issue = models.ForeignKey("newsletter.Issue", models.CASCADE, related_name="links")
    number = models.PositiveIntegerField()
    url = models.TextField()
    name = PlainTextField(help_text="What an editor calls it: a title, or the address.")
    thing = models.CharField(
        max_length=30, blank=True, help_text="The page of ours that it leads to, as article-7."
    )
    people = models.PositiveIntegerField(default=0)
    uncertain = models.PositiveIntegerField(default=0)
    machines = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["issue", "number"], name="link_number_of_issue")
        ]

    def __str__(self) -> str:
        return f"{self.issue}, link {self.number}"


class ClickHit(models.Model):
    """One request for a link, as it came. It is deleted when it is decided what it was.

    `who` is a hash of the random token of one mail (newsletter/mail/clicks.py). Which mail had it,
    nobody wrote down.
    """

    class Sort(models.IntegerChoices):
        PLAIN = 0, "as a person's browser asks"
        MACHINE = 1, "with a machine's name, or without a language"
        HEAD = 2, "HEAD, or before anybody clicked"

    link = models.ForeignKey(IssueLink, models.CASCADE, related_name="+")
    who = models.BigIntegerField()
    at = models.DateTimeField()
    sort = models.PositiveSmallIntegerField(choices=Sort)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["who", "at"], name="click_hit_of_mail")]

    def __str__(self) -> str:
        return f"{self.link_id}, {self.at}"


class Click(models.Model):
    """That one mail's link was followed, and by what. Kept while the issue's clicks are counted."""

    class Verdict(models.IntegerChoices):
        """In this order: what was called a machine's may turn out to be a person's, not back."""

        MACHINE = 1, "machine"
        UNCERTAIN = 2, "uncertain"
        PERSON = 3, "person"

    link = models.ForeignKey(IssueLink, models.CASCADE, related_name="clicks")
    who = models.BigIntegerField()
    verdict = models.PositiveSmallIntegerField(choices=Verdict)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["link", "who"], name="click_once_a_mail"),
            models.CheckConstraint(name="click_verdict_known", condition=Q(verdict__in=[1, 2, 3])),
        ]

    def __str__(self) -> str:
        return f"{self.link_id}: {self.get_verdict_display()}"
