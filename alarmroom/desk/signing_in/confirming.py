"""The password again, and a code or a passkey of who has a second factor, before what matters."""

from __future__ import annotations

import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from alarmroom.desk.signing_in import factors, guesses, passkeys
from alarmroom.desk.signing_in.guesses import Outcome

LONGEST_PASSWORD = 4096  # characters, as Django's own forms
# In the session: which page was confirmed, and when, if what it is for could not be done yet. Then
# it is not asked again there: a code works only once.
CONFIRMED = "confirmed"
CONFIRMED_LASTS = 5 * 60  # seconds


class AnswerInput(forms.HiddenInput):
    """A hidden field that a page shown again does not repeat: an answer is used up."""

    def format_value(self, value: Any) -> None:
        return None


class ConfirmingForm(forms.Form):
    """Asks for the password, and for a code or a passkey. They are the last thing that is checked:
    a code that was right is used up.
    """

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Type your password."},
    )
    code = forms.CharField(
        label="Code",
        max_length=factors.LONGEST_CODE,
        help_text="The six digits from your app, or a recovery code.",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "class": "sign-in__code", "size": 12}
        ),
        error_messages={"required": "Type the six digits from your app, or a recovery code."},
    )
    # The answer of a passkey, which a script fills in (static/js/desk/passkey.js).
    passkey = forms.CharField(
        max_length=passkeys.LONGEST_ANSWER,
        required=False,
        widget=AnswerInput(attrs={"data-passkey-answer": "", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(data, **{"label_suffix": "", **kwargs})
        self.request = request
        self.was_locked = False
        self.has_app = self.has_passkey = False
        if is_fresh(request):
            self.leave_out()
        else:
            self.choose_factors()

    def choose_factors(self) -> None:
        """Ask for what the account has."""
        user, code = self.request.user, self.fields["code"]
        self.has_app = factors.app_of(user) is not None
        self.has_passkey = passkeys.has_one(user)
        if not self.has_passkey:
            del self.fields["passkey"]
            if not self.has_app:
                del self.fields["code"]
            return
        code.required = False
        if self.has_app:
            code.label = "Or a code"
        else:
            code.label, code.help_text = "Or a recovery code", "One of the ten that you kept."

    @property
    def elsewhere(self) -> str:
        """The address at which passkeys work, if it is not that of this page."""
        return passkeys.elsewhere(self.request)

    @property
    def missing(self) -> str:
        """What an account with a passkey is told that used nothing."""
        return f"Use your passkey, or type {'a' if self.has_app else 'a recovery'} code."

    @property
    def confirming(self) -> list[Any]:
        """The fields that are asked here, for the template."""
        return [self[name] for name in ("password", "code") if name in self.fields]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        typed = self.cleaned_data.get("code") or self.cleaned_data.get("passkey")
        if self.has_passkey and not typed and not {"code", "passkey"} & set(self.errors):
            self.add_error("code", ValidationError(self.missing, code="required"))
        if not self.errors:
            self.confirm()
        return cleaned

    def confirm(self) -> None:
        """Check the password, and then the second factor."""
        user = self.request.user
        if "password" not in self.fields:
            return
        password = self.cleaned_data["password"]
        if not self.note("password", guesses.try_password(self.request, user, password)):
            return
        if "code" in self.fields:
            code = self.cleaned_data["code"]
            passkey = self.cleaned_data.get("passkey", "")
            outcome = guesses.try_factor(self.request, user, code=code, passkey=passkey)
            if not self.note("code", outcome):
                return
        self.request.session[CONFIRMED] = [self.request.path, int(time.time())]
        # If what it is for cannot be done yet, the form is shown again, without them.
        self.leave_out()

    def leave_out(self) -> None:
        for name in ("password", "code", "passkey"):
            self.fields.pop(name, None)

    def note(self, name: str, found: tuple[Outcome, str]) -> bool:
        """Return whether an attempt was right; if not, the field says why."""
        outcome, sentence = found
        if outcome is not Outcome.RIGHT:
            self.was_locked = outcome is Outcome.LOCKED
            self.add_error(name, ValidationError(sentence, code=outcome.value))
        return outcome is Outcome.RIGHT


def is_fresh(request: HttpRequest, path: str = "") -> bool:
    """Whether this page, or that at `path`, was confirmed a moment ago."""
    confirmed, at = request.session.get(CONFIRMED) or ("", 0)
    return bool(confirmed == (path or request.path) and 0 <= time.time() - at < CONFIRMED_LASTS)


def use_up(request: HttpRequest) -> None:
    """What was confirmed is done: the next thing asks again."""
    request.session.pop(CONFIRMED, None)
