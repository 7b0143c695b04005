"""The forms of the issue desk: an issue, its articles, sending it, deliveries in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alarmroom.desk import dates
from alarmroom.desk.moments import MomentInputField
from alarmroom.desk.signing_in.confirming import ConfirmingForm
from newsletter import corrections
from newsletter.models import Issue, IssueCorrection, IssuePost
from posts.admin.shared import ArticleRowForm
from posts.models import Correction

LAST = 32_000  # A position after all others.


class CorrectionsField(forms.TypedMultipleChoiceField):
    """Corrections with a box each.

    One that was taken back, or went into another issue, while the form was open is no error:
    it is left out, and the page says so afterwards.
    """

    widget = forms.CheckboxSelectMultiple

    def __init__(self) -> None:
        super().__init__(coerce=int, required=False, label="Corrections since the last issue")
        self.left_out = False

    def to_python(self, value: Any) -> list[str]:
        sent = super().to_python(value)
        known = [each for each in sent if self.valid_value(each)]
        self.left_out = len(known) < len(sent)
        return known


def offered_line(correction: Correction) -> SafeString:
    return format_html(
        '<span class="offered__title">{}</span><span class="offered__words">{}</span>'
        '<span class="offered__date">{}</span>',
        correction.post.title,
        correction.text,
        dates.moment(correction.at),
    )


class IssueForm(forms.ModelForm):
    """Refuses to change an issue that somebody started while the form was open."""

    class Meta:
        model = Issue
        fields = ["number", "subject", "preheader", "intro", "count_clicks"]
        widgets = {
            "subject": forms.Textarea(
                attrs={"rows": 1, "class": "sheet__title", "placeholder": "Subject"}
            ),
            "preheader": forms.Textarea(
                attrs={
                    "rows": 1,
                    "class": "sheet__dek",
                    "placeholder": "Preheader: the line that mail programs show after the subject",
                }
            ),
        }

    corrections = CorrectionsField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.could_take_all = True
        choices: Any = self.fields["corrections"]
        choices.choices = lambda: [(each.pk, offered_line(each)) for each in self.offered]
        if self.instance.pk:
            inside = IssueCorrection.objects.filter(issue=self.instance)
            self.initial["corrections"] = lambda: list(inside.values_list("correction", flat=True))

    @cached_property
    def offered(self) -> list[Correction]:
        """The corrections that this issue may tell. Asked for only where they are shown or sent."""
        return corrections.offered_to(self.instance)

    def _save_m2m(self) -> None:
        super()._save_m2m()  # type: ignore[misc]  # the stubs leave it out
        wanted = self.cleaned_data["corrections"]
        took = corrections.put_in(self.instance, wanted)
        field: Any = self.fields["corrections"]
        self.could_take_all = took and not field.left_out

    def clean_subject(self) -> str:
        # The field is as high as its words need, so what is pasted may have several lines.
        return " ".join(self.cleaned_data["subject"].split())

    def clean_preheader(self) -> str:
        return " ".join(self.cleaned_data["preheader"].split())

    def clean(self) -> dict[str, Any] | None:
        # IssueAdmin.get_object has locked the row, so this is still true when it is saved.
        if self.instance.pk and not self.instance.is_open:
            raise forms.ValidationError(
                f"{already_done(self.instance)} Nothing on this page was saved, and nothing on it "
                "can change what is sent. Copy what you want to keep.",
                code="started",
            )
        return super().clean()


class IssuePostForm(ArticleRowForm):
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


class SendForm(ConfirmingForm):
    """The confirmation of sending: when, and of exactly which content (its SHA-256).

    `text` is the text that was shown, so that the page can name what has changed since. The
    password is asked again, and a code or a passkey of who has a second factor.
    """

    sha256 = forms.CharField(widget=forms.HiddenInput)
    text = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    when = MomentInputField(label="Send at", required=False)


@dataclass(frozen=True)
class Decision:
    """What an editor decided about deliveries in doubt: send them again, or count them as sent.

    `pks` are those of the chosen deliveries; None stands for all, which has buttons of its own.
    """

    again: bool
    pks: list[int] | None

    # The buttons of the page, and for each: whether to send again, and whether it means all.
    BUTTONS = {
        "_again": (True, False),
        "_sent": (False, False),
        "_again_all": (True, True),
        "_sent_all": (False, True),
    }

    @classmethod
    def read(cls, data: QueryDict) -> Self:
        """Read the form that was sent. Raises ValueError with a sentence for the editor."""
        pressed = [name for name in cls.BUTTONS if name in data]
        if len(pressed) != 1:
            raise ValueError("choose whether to send again or to count as sent.")
        again, everything = cls.BUTTONS[pressed[0]]
        if everything:
            return cls(again, None)
        values = data.getlist("delivery")
        if not values:
            raise ValueError("no delivery was chosen. Choose one, or the button for all of them.")
        if not all(is_id(value) for value in values):
            raise ValueError(
                "what was sent does not name deliveries. Reload the page, then choose again."
            )
        return cls(again, [int(value) for value in values])


def is_id(value: str) -> bool:
    """Whether a text is a number that can be the id of a row."""
    return value.isascii() and value.isdecimal() and len(value) <= 18


def already_done(issue: Issue) -> str:
    """Return a sentence for the second of two editors: the issue's state, and who changed it."""
    who = f" by {issue.started_by}" if issue.started_by else ""
    return f"{issue} is {issue.get_state_display()} already{who}."
