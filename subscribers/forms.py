"""The one question we ask: where to send The Weekly Alarm."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

from subscribers import wording

LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3: 256 with the angle brackets
LONGEST_SOURCE = 200
# What a paste brings along at either end, and nobody can see.
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def clean_address(typed: str) -> str:
    """Return an address as it is stored: ASCII, in lower case, the domain in punycode.

    Raises ValidationError, in words that say what to do. No DNS is asked: a resolver that
    is slow today must not turn a reader away.
    """
    address = typed.strip().strip(INVISIBLE).strip()
    if not address:
        raise ValidationError("Enter your e-mail address.", code="empty")
    if len(address) > LONGEST_ADDRESS:
        raise ValidationError(
            f"This is {len(address):,} characters long, and an e-mail address has at most "
            f"{LONGEST_ADDRESS}. Enter only your address.",
            code="too_long",
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in address):
        raise ValidationError(
            "There is a line break or an invisible character in this address. "
            "Type it again, on one line.",
            code="control_character",
        )
    if any(character.isspace() for character in address):
        raise ValidationError(
            "There is a space in this address. Take it out, or enter only one address.",
            code="space",
        )
    if address.count("@") == 1 and not address.partition("@")[0].isascii():
        raise ValidationError(
            "The part before the @ has a letter that many mail servers do not accept. "
            "Enter an address with only the letters a to z, digits and signs there.",
            code="local_part",
        )
    try:
        valid = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise ValidationError(
            f"{error} Check it and try again; an address looks like name@example.org.",
            code="malformed",
        ) from error
    # Never None: with allow_smtputf8=False whatever has no ASCII form was refused above.
    return str(valid.ascii_email).lower()


def local_path(source: str) -> str:
    """Return the path of ours that a form was on, or "" for anything else."""
    if not source.startswith("/") or source.startswith("//") or "\\" in source:
        return ""
    return source[:LONGEST_SOURCE] if source.isprintable() else ""


class AddressField(forms.Field):
    """An e-mail address; comes out as `clean_address` returns it."""

    widget = forms.EmailInput(
        attrs={
            "class": "signup__input",
            "autocomplete": "email",
            "placeholder": "name@example.org",
        }
    )
    default_error_messages = {"required": "Enter your e-mail address."}

    def to_python(self, value: Any) -> str:
        return clean_address(value) if isinstance(value, str) and value else ""


class SignUpForm(forms.Form):
    """Takes an address and asks for nothing else.

    The hidden values say which page the form was on and which words it showed; they are
    kept with the consent and refuse nobody.
    """

    address = AddressField(label="E-mail address")
    source = forms.CharField(required=False, widget=forms.HiddenInput, strip=True)
    wording = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Several boxes may stand on one page, so nothing carries an id.
        kwargs.setdefault("auto_id", False)
        super().__init__(*args, **kwargs)
        for hidden in ("source", "wording"):
            # A NUL in a hidden value is no reason to turn a reader away.
            self.fields[hidden].validators = []

    def clean_source(self) -> str:
        return local_path(self.cleaned_data["source"])

    def clean_wording(self) -> str:
        return wording.shown(self.cleaned_data["wording"])
