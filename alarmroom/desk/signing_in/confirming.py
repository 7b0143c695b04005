"""The password again, and the code of who has a second factor, before something that matters."""

from __future__ import annotations

import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from alarmroom.desk.signing_in import factors, guesses
from alarmroom.desk.signing_in.guesses import Outcome

LONGEST_PASSWORD = 4096  # characters, as Django's own forms
# In the session: which page was confirmed, and when, if what it is for could not be done yet. Then
# it is not asked again there: a code works only once.
CONFIRMED = "confirmed"
CONFIRMED_LASTS = 5 * 60  # seconds


class ConfirmingForm(forms.Form):
    """Asks for the password and the code. They are the last thing that is checked: a code that was
    right is used up.
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

    def __init__(self, data: Any = None, *, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(data, **{"label_suffix": "", **kwargs})
        self.request = request
        self.was_locked = False
        if is_fresh(request):
            del self.fields["password"], self.fields["code"]
        elif not factors.has_one(request.user):
            del self.fields["code"]

    @property
    def confirming(self) -> list[Any]:
        """The fields that are asked here, for the template."""
        return [self[name] for name in ("password", "code") if name in self.fields]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.errors:
            self.confirm()
        return cleaned

    def confirm(self) -> None:
        """Check the password, and then the code."""
        for name, attempt in (("password", guesses.try_password), ("code", guesses.try_code)):
            if name not in self.fields:
                continue
            outcome, sentence = attempt(self.request, self.request.user, self.cleaned_data[name])
            if outcome is not Outcome.RIGHT:
                self.was_locked = outcome is Outcome.LOCKED
                self.add_error(name, ValidationError(sentence, code=outcome.value))
                return
        if "password" in self.fields:
            self.request.session[CONFIRMED] = [self.request.path, int(time.time())]


def is_fresh(request: HttpRequest) -> bool:
    path, at = request.session.get(CONFIRMED) or ("", 0)
    return bool(path == request.path and 0 <= time.time() - at < CONFIRMED_LASTS)


def use_up(request: HttpRequest) -> None:
    """What was confirmed is done: the next thing asks again."""
    request.session.pop(CONFIRMED, None)
