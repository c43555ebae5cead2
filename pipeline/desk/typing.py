"""What a field shows, and what a person's typing becomes in the record."""

from functools import lru_cache

from pipeline.extract.form import FormField
from pipeline.extract.kinds.registry import KINDS, WRITTEN_KINDS
from pipeline.extract.kinds.result import Clues
from pipeline.flow.page import forms
from pipeline.letters import nfc
from pipeline.review.letters import is_uncertain, is_well_formed


@lru_cache(maxsize=4096)
def field_of(form: str, key: str) -> FormField | None:
    """Return a field of a form; None when the form or the field is not known."""
    known = forms().get(form)
    return next((field for field in known.fields if field.key == key), None) if known else None


def shown(field: FormField | None, value: str, raw: str) -> str:
    """Return a field as people write it: the name of a code, day before month, else as it is."""
    if not value:
        return raw
    if field is None:
        return value
    if field.codes is not None:
        names = [code.name for code in field.codes.codes if code.value == value]
        return names[0] if names else value
    parts = value.split("-")
    if "date" in field.kind and len(parts) in (2, 3) and all(part.isdecimal() for part in parts):
        return "/".join(reversed(parts))
    return value


def typed(field: FormField | None, text: str, years: tuple[int, int]) -> tuple[str, str]:
    """Return value and raw text of what a person typed; the value is empty when nothing fits.

    Names, places and notes stay as they were typed, letter by letter. So does a text with letters
    that could not be read; of a date or a number it is no value.

    Args:
        field: what was typed in; None is a field of an unknown form.
        text: as typed.
        years: first and last year of the book.
    """
    plain = " ".join(nfc(text).split())
    if field is None or field.kind in WRITTEN_KINDS:
        return plain, plain if is_uncertain(plain) else ""
    if is_uncertain(plain):
        return "", plain
    read = KINDS[field.kind](plain, Clues(years, field.codes))
    return (read.value, "") if read.value else ("", plain)


def is_typeable(text: str) -> bool:
    """Say whether a text can be kept: its brackets tell of letters, and it is not too long."""
    return len(text) <= 2000 and text.isprintable() and is_well_formed(text)
