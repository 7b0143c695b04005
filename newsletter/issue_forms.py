"""The forms of the issue desk: an issue, its articles, and the confirmation to send it."""

from __future__ import annotations

from typing import Any

from django import forms

from alarmroom.moments import MomentInputField
from newsletter.models import Issue, IssuePost

LAST = 32_000  # A position after every other


class IssueForm(forms.ModelForm):
    """Refuses to change an issue that somebody started while the form was open."""

    class Meta:
        model = Issue
        fields = ["number", "subject", "preheader", "intro"]

    def clean(self) -> dict[str, Any] | None:
        # The row is locked (IssueAdmin.get_object), so this is still true when it is saved.
        if self.instance.pk and not self.instance.is_open:
            raise forms.ValidationError(
                f"{already_words(self.instance)} Nothing on this page was saved, and nothing on it "
                "can change what is sent. Copy what you want to keep.",
                code="started",
            )
        return super().clean()


class IssuePostForm(forms.ModelForm):
    position = forms.IntegerField(
        label="Order", required=False, min_value=0, help_text="Left empty: at the end."
    )

    class Meta:
        model = IssuePost
        fields = ["post", "position", "blurb"]
        widgets = {"blurb": forms.Textarea(attrs={"rows": 3, "cols": 60})}

    def clean_position(self) -> int:
        position: int | None = self.cleaned_data["position"]
        return LAST if position is None else position


class SendForm(forms.Form):
    """The confirmation: when, and of exactly which content.

    `text` is what the content says, so that the page can tell what changed since.
    """

    sha256 = forms.CharField(widget=forms.HiddenInput)
    text = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    when = MomentInputField(label="Send at", required=False)


def already_words(issue: Issue) -> str:
    """Say to the slower of two editors what the faster one did."""
    who = f" by {issue.started_by}" if issue.started_by else ""
    return f"{issue} is {issue.get_state_display()} already{who}."
