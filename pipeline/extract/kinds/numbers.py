"""Kinds made of digits: serials, volumes, pages, parcels, areas, identity papers."""

import re

from pipeline.extract import reasons
from pipeline.extract.kinds.result import NOTHING, Clues, Read
from pipeline.extract.kinds.texts import is_nil, tidy

# Letters that engines read in place of digits; mended only beside a real digit.
LOOKS_LIKE = str.maketrans("OoQDlI|iSsBZz", "0000111155822")
_UNMARKED = str.maketrans("ỌỎÓÒÕÔƠọỏóòõôơỊÍÌỈĨịíìỉĩ", "OOOOOOOoooooooIIIIIiiiii")
_DIGITISH = re.compile(r"[0-9OoQDlI|iSsBZz]*[0-9][0-9OoQDlI|iSsBZz]*")
_WORDS = re.compile(r"(?i)^(quyển|quyen|trang|tờ|thửa|sổ|số|so|no)\b[\s.:°]*")
_SERIAL = re.compile(r"(\d+)\s*[-/]?\s*(bis|[a-dA-D])?(?:\s*/\s*(?:\d{4}|\d{2}))?")
_VOLUME = re.compile(r"(\d+\s*[a-zA-Z]?)(\s*[/\-.]\s*(\d{4}|\d{2}))?")
_PARCEL = re.compile(r"(\d+)\s*(?:([a-zA-Z])|([-/])\s*(\d+))?")
_AREA = re.compile(r"\d[\d.,\s]*")
_COLON = re.compile(r"(?<=\d)\s*[,.]?[:;]\s*(?=\d)")
_UNIT = re.compile(r"(?i)\s*m\s*[²2]?\s*$")
_CERTIFICATE = re.compile(r"([A-Za-zĐđ]{1,2})[\s.,-]*((?:[0-9OoQDlI|iSsBZz][\s.]*){6,8})")
_ID_NUMBER = re.compile(r"\d(?:[ .]?\d){7,11}")


def mend_digits(text: str) -> tuple[str, bool]:
    """Return the text with O for 0, l for 1 … put right beside digits, and whether any was."""
    mended = re.sub(
        r"[^\W_|]*[\d|][\w|]*",
        lambda hit: (
            hit[0].translate(LOOKS_LIKE)
            if _DIGITISH.fullmatch(hit[0]) and not hit[0].isdigit()
            else hit[0]
        ),
        text,
    )
    return mended, mended != text


def _number(raw: str) -> tuple[str, tuple[str, ...], float]:
    text = tidy(raw)
    while _WORDS.match(text):
        text = _WORDS.sub("", text).strip(" .:")
    mended, changed = mend_digits(text)
    return mended, (reasons.MISREAD_CORRECTED,) if changed else (), 0.7 if changed else 1.0


def _joined(raw: str) -> tuple[str, tuple[str, ...], float]:
    """Return a number as `_number` does, its digits joined over spaces and dots of a leader."""
    text, doubts, trust = _number(raw)
    if re.fullmatch(r"\d+([ .]+\d+)+", text):
        return re.sub(r"\D", "", text), (reasons.MISREAD_CORRECTED,), 0.6
    return text, doubts, trust


def _unreadable(raw: str) -> Read:
    """Offer what letters alone would be as digits: O1, SO."""
    letters = raw.replace(" ", "").translate(_UNMARKED)
    looks = letters.translate(LOOKS_LIKE)
    others = (looks,) if looks.isascii() and looks.isdigit() else ()
    return Read("", (reasons.NUMBER_UNREADABLE,), 0.3, others)


def _is_empty(raw: str) -> bool:
    return not any(map(str.isalnum, raw))


def read_serial(raw: str, clues: Clues) -> Read:
    """Return the entry's number; `bis` or a letter behind it is part of it, a year is not."""
    if _is_empty(raw):
        return NOTHING
    text, doubts, trust = _joined(raw)
    hit = _SERIAL.fullmatch(text)
    if hit is None:
        return _unreadable(text)
    suffix = hit[2] or ""
    value = f"{hit[1]} bis" if suffix.lower() == "bis" else hit[1] + suffix.upper()
    return Read(value, doubts, trust)


def read_volume(raw: str, clues: Clues) -> Read:
    """Return a volume number: `01`, `2A`, `01/2017`."""
    if _is_empty(raw):
        return NOTHING
    text, doubts, trust = _number(raw)
    hit = _VOLUME.fullmatch(text)
    if hit is None:
        return _unreadable(text)
    number = hit[1].replace(" ", "").upper()
    return Read(f"{number}/{hit[3]}" if hit[3] else number, doubts, trust)


def read_digits(raw: str, clues: Clues) -> Read:
    """Return a whole number as its digits, as written."""
    if _is_empty(raw):
        return NOTHING
    text, doubts, trust = _joined(raw)
    return Read(text, doubts, trust) if text.isascii() and text.isdigit() else _unreadable(text)


def read_parcel(raw: str, clues: Clues) -> Read:
    """Return a parcel number; split parcels keep their mark: `123a`, `123-1`, `123/1`."""
    if _is_empty(raw):
        return NOTHING
    text, doubts, trust = _joined(raw)
    hit = _PARCEL.fullmatch(text)
    if hit is None:
        return _unreadable(text)
    tail = hit[2].lower() if hit[2] else f"{hit[3]}{hit[4]}" if hit[3] else ""
    return Read(hit[1] + tail, doubts, trust)


def read_certificate(raw: str, clues: Clues) -> Read:
    """Return the serial of a land-use certificate: letters, a space, six or eight digits."""
    if _is_empty(raw):
        return NOTHING
    text = tidy(raw)
    hit = _CERTIFICATE.fullmatch(text)
    written = re.sub(r"[\s.]", "", hit[2]) if hit else ""
    if hit is None or len(written) == 7:  # of seven, the first may be a letter: B0 647576
        return Read(text, (reasons.CERTIFICATE_SHAPE,), 0.5)
    digits = written.translate(LOOKS_LIKE)
    value = f"{hit[1].upper()} {digits}"
    return Read(value) if digits == written else Read(value, (reasons.MISREAD_CORRECTED,), 0.7)


def read_decimal(raw: str, clues: Clues) -> Read:
    """Return an area with a decimal point: `1.234,5` → `1234.5`.

    The comma is the decimal sign and the point groups thousands, as Vietnamese books write;
    a point with one or two digits behind it can only be a decimal sign.
    """
    if _is_empty(raw):
        return NOTHING
    text, doubts, trust = _number(_UNIT.sub("", raw))
    clean = _COLON.sub(",", text)
    if clean != text:  # a comma with a speck above it
        text, doubts, trust = clean, (reasons.MISREAD_CORRECTED,), min(trust, 0.7)
    if _AREA.fullmatch(text) is None:
        return _unreadable(text)
    groups = re.split(r"([.,\s]+)", text.strip(" .,"))
    digits, signs = groups[::2], [sign.strip() or " " for sign in groups[1::2]]
    return _area(digits, signs, doubts, trust)


def _area(digits: list[str], signs: list[str], doubts: tuple[str, ...], trust: float) -> Read:
    decimal = ""
    if signs and (signs[-1] == "," or len(digits[-1]) in (1, 2)):
        decimal = digits[-1]
        unclear = len(decimal) > 2 or signs[-1] not in (",", ".")
        digits, signs = digits[:-1], signs[:-1]
        if unclear:
            whole = "".join(digits)
            others = (f"{whole}{decimal}", f"{whole}.{decimal}")
            return Read("", (*doubts, reasons.DECIMAL_UNCLEAR), 0.4, others)
    if any(len(group) != 3 for group in digits[1:]) or any("," in sign for sign in signs):
        return Read("", (*doubts, reasons.DECIMAL_UNCLEAR), 0.3)
    whole = "".join(digits)
    return Read(f"{whole}.{decimal}" if decimal else whole, doubts, trust)


def read_id_number(raw: str, clues: Clues) -> Read:
    """Return the number of an identity paper: 9 or 12 digits; other papers as written."""
    text = tidy(raw)
    if is_nil(text):
        return NOTHING
    mended, changed = mend_digits(text)
    numbers = [re.sub(r"\D", "", hit) for hit in _ID_NUMBER.findall(mended)]
    fit = [number for number in numbers if len(number) in (9, 12)]
    if len(fit) == 1:
        doubts = (reasons.MISREAD_CORRECTED,) if changed else ()
        return Read(fit[0], doubts, 0.7 if changed else 1.0)
    if len(fit) > 1:
        return Read("", (reasons.AMBIGUOUS,), 0.5, tuple(fit))
    digits = sum(map(str.isdigit, text))
    doubt = reasons.ID_SHAPE if digits else reasons.NUMBER_UNREADABLE
    return Read(text if digits else "", (doubt,), 0.4)
