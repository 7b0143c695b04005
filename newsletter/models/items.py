"""What an issue holds: its articles in order, and the corrections that it tells."""

from __future__ import annotations

from django.db import models

from alarmroom.desk.binnable import GoesAlong, Said
from newsletter.models.issue import Issue
from posts.models import Correction, Post
from posts.models.fields import PlainTextField


class IssuePost(GoesAlong):
    """An article's place in an issue."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="issue_posts")
    post = models.ForeignKey(Post, models.PROTECT, related_name="issue_posts")
    position = models.PositiveSmallIntegerField(default=0)
    blurb = PlainTextField(
        max_length=600, blank=True, help_text="Left empty, the article's summary stands there."
    )

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue", "post"],
                name="issue_post_once",
                violation_error_message="This article is in the issue twice.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.issue} / {self.post}"

    def owner(self) -> models.Model:
        return self.issue

    def why_kept(self, thing: models.Model) -> Said | None:
        if thing == self.issue or self.issue.is_open:
            return None
        advice = "Withdraw the article instead: its address then tells readers that it was."
        return Said(
            f"It is in the issue “{self.issue}”, which is out. {advice}",
            f"It is in an issue that is out. {advice}",
            self.issue,
        )

    def why_not_back(self) -> Said | None:
        # Locked: whoever starts the issue at the same time waits, or is seen here.
        issue = Issue.objects.select_for_update().get(pk=self.issue_id)
        if issue.is_open:
            return None
        return Said(
            f"It is not in the issue “{issue}” again, which is {issue.get_state_display()} by now.",
            "It is not in an issue again that is out by now.",
            issue,
        )

    def said_in_bin(self, thing: models.Model) -> Said:
        if thing == self.issue:
            return Said(f"“{self.post}” is in it.", "One article is in it.", self.post)
        return Said(
            f"It is in the {self.issue.get_state_display()} issue “{self.issue}”, and leaves it.",
            f"It is in one {self.issue.get_state_display()} issue, and leaves it.",
            self.issue,
        )


class IssueCorrection(GoesAlong):
    """A correction that an issue tells its readers. No other issue tells it again."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="issue_corrections")
    correction = models.OneToOneField(Correction, models.PROTECT, related_name="taken")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.issue} / {self.correction}"

    def owner(self) -> models.Model:
        return self.issue

    def why_kept(self, thing: models.Model) -> Said | None:
        if thing == self.issue or self.issue.is_open:
            return None
        advice = "Withdraw the article instead: its address then tells readers that it was."
        return Said(
            f"A correction of it is in the issue “{self.issue}”, which is out. {advice}",
            f"A correction of it is in an issue that is out. {advice}",
            self.issue,
        )

    def why_not_back(self) -> Said | None:
        # Locked, as in IssuePost.
        issue = Issue.objects.select_for_update().get(pk=self.issue_id)
        if issue.is_open:
            return None
        return Said(
            f"Its correction is not in the issue “{issue}” again, which is "
            f"{issue.get_state_display()} by now.",
            "A correction of it is not in an issue again that is out by now.",
            issue,
        )

    def said_in_bin(self, thing: models.Model) -> Said:
        about = self.correction.post
        if thing == self.issue:
            return Said(f"A correction of “{about}” is in it.", "A correction is in it.", about)
        return Said(
            f"A correction of it is in the {self.issue.get_state_display()} issue "
            f"“{self.issue}”, and leaves it.",
            f"A correction of it is in one {self.issue.get_state_display()} issue, and leaves it.",
            self.issue,
        )
