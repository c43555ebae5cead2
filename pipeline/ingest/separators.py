"""Separator sheets: paper between the scans of two books, which says whose the next ones are.

Two QR codes, apart on the sheet: the book, and a check that only this archive can give. Where one
of them is missing or wrong nobody knows whose the next scans are, and nothing is guessed.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import NamedTuple

BOOK, CHECK = "SOHOA-SO:", "SOHOA-KIEM:"
_CHECK_DIGITS = 16


class Separator(NamedTuple):
    """A separator sheet that was seen: of which book (accession), and whether its check holds."""

    accession: str
    is_true: bool


def codes_of(accession: str, key: str) -> tuple[str, str]:
    """Return the texts of the two codes of a book's separator sheet.

    Args:
        key: the archive's own.
    """
    digest = hmac.new(key.encode("utf-8"), accession.encode("utf-8"), hashlib.sha256)
    return BOOK + accession, CHECK + digest.hexdigest()[:_CHECK_DIGITS].upper()


def separator_in(codes: Iterable[str], key: str) -> Separator | None:
    """Return the separator sheet that the codes on a page are of; None: they are of none."""
    ours = sorted({code for code in codes if code.startswith((BOOK, CHECK))})
    if not ours:
        return None
    books = [code.removeprefix(BOOK) for code in ours if code.startswith(BOOK)]
    accession = books[0] if len(books) == 1 else ""
    return Separator(accession, ours == sorted(codes_of(accession, key)))
