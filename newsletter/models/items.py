"""What an issue holds: its articles in order, and the corrections that it tells."""

from __future__ import annotations

from django.db import models

from alarmroom.desk.binnable import GoesAlong, Said
from newsletter.models.issue import Issue
from posts.models import Correction, Post
from posts.models.fields import PlainTextField


class InIssue(GoesAlong):
    """Something that an issue holds, and which keeps what it is of once the issue is out."""

    issue: models.ForeignKey[Issue, Issue]
    issue_id: int

    words = "It"
    """What of a binned thing is in the issue, as a sentence begins."""

    class Meta:
        abstract = True

    def named(self) -> Said:
        """Return its name, where it is spoken of beside the issue."""
        raise NotImplementedError

    def owner(self) -> models.Model:
        return self.issue

    def why_kept(self, thing: models.Model) -> Said | None:
        if thing == self.issue or self.issue.is_open:
            return None
        advice = "Withdraw the article instead: its address then tells readers that it was."
        return Said(
            f"{self.words} is in the issue “{self.issue}”, which is out. {advice}",
            f"{self.words} is in an issue that is out. {advice}",
            self.issue,
        )

    def why_not_back(self) -> Said | None:
        # Locked: whoever starts the issue at the same time waits, or is seen here.
        issue = Issue.objects.select_for_update().get(pk=self.issue_id)
        if issue.is_open:
            return None
        state = issue.get_state_display()
        return Said(
            f"{self.words} is not in the issue “{issue}” again, which is {state} by now.",
            f"{self.words} is not in an issue again that is out by now.",
            issue,
        )

    def said_in_bin(self, thing: models.Model) -> Said:
        if thing == self.issue:
            item = self.named()
            return Said(f"{item.named} is in it.", f"{item.plain} is in it.", item.about)
        state = self.issue.get_state_display()
        return Said(
            f"{self.words} is in the {state} issue “{self.issue}”, and leaves it.",
            f"{self.words} is in one {state} issue, and leaves it.",
            self.issue,
        )


class IssuePost(InIssue):
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

    def named(self) -> Said:
        return Said(f"“{self.post}”", "One article", self.post)


class IssueCorrection(InIssue):
    """A correction that an issue tells its readers. No other issue tells it again."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="issue_corrections")
    correction = models.OneToOneField(Correction, models.PROTECT, related_name="taken")

    words = "A correction of it"

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.issue} / {self.correction}"

    def named(self) -> Said:
        about = self.correction.post
        return Said(f"A correction of “{about}”", "A correction", about)
