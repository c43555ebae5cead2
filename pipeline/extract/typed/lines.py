"""JSON lines become entries: one record a line, as `records.jsonl` of a book's package has them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any

import pydantic

from pipeline.extract.codes import Codes
from pipeline.extract.form import Form, FormField
from pipeline.extract.kinds.registry import KINDS
from pipeline.extract.kinds.result import Clues
from pipeline.extract.rules import rule_doubts
from pipeline.extract.typed.entry import Choices, TypedEntry
from pipeline.extract.typed.layout import known_forms
from pipeline.letters import nfc
from pipeline.values import Alternative, Doubt, FieldValue, RowFault, Script
from pipeline.words import _

FIRST_YEAR, LAST_YEAR = 1800, 2200  # as of a book's card
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_MAX_TEXT = 2000
_PLACES = ("noiDangKy", "noiCap")  # what says the book's place when the line itself does not
_Text = Annotated[str, pydantic.Field(max_length=_MAX_TEXT)]
_Share = Annotated[float, pydantic.Field(ge=0, le=1, allow_inf_nan=False)]
_STRICT = pydantic.ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class _Other:
    __pydantic_config__ = _STRICT
    text: _Text
    confidence: _Share


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a line; where it stood on a page means nothing in another archive."""

    __pydantic_config__ = _STRICT
    raw: _Text
    value: _Text | None = None
    confidence: _Share = 1.0
    alternatives: Annotated[tuple[_Other, ...], pydantic.Field(strict=False)] = ()
    key: _Text = ""
    script: Script = "handwriting"
    page: Any = None
    side: Any = None
    polygon: Any = None


@dataclass(frozen=True, slots=True)
class _Line:
    __pydantic_config__ = _STRICT
    form: _Text
    fields: Annotated[
        Annotated[tuple[_Field, ...], pydantic.Field(strict=False), pydantic.Tag("list")]
        | Annotated[dict[str, _Field], pydantic.Tag("object")],
        pydantic.Discriminator(lambda told: "list" if isinstance(told, list) else "object"),
    ]
    place: _Text = ""
    years: Annotated[tuple[int, int], pydantic.Field(strict=False)] | None = None
    volume: _Text = ""
    file: _Text = ""
    id: _Text = ""
    doubts: Annotated[tuple[Doubt, ...], pydantic.Field(strict=False)] = ()
    page: Any = None
    side: Any = None
    row: Any = None
    polygon: Any = None


class _WrongError(Exception):
    """The line is wrong: the key, and a sentence."""


def line_entries(lines: Iterable[tuple[int, int, bytes]], choices: Choices) -> Iterator[TypedEntry]:
    """Yield the entry of each line that is not empty.

    Args:
        lines: number of the line, counted from 1; where the next begins, in bytes; its bytes.
        choices: what holds for all of them.
    """
    for number, end, line in lines:
        if line.strip():
            yield _entry(number, end, line, choices)


def _entry(number: int, end: int, line: bytes, choices: Choices) -> TypedEntry:
    at = (number, end)
    try:
        told = _parsed(line)
        form = known_forms().get(choices.form or told.form)
        if form is None:
            raise _WrongError("form", _("không có mẫu sổ này"))
        fields = _fields(told, form)
        doubts = [doubt for doubt in told.doubts if doubt.key in fields or not doubt.key]
        doubts += [Doubt(key, reason) for key, (_field, why) in fields.items() for reason in why]
        values = {key: field for key, (field, _why) in fields.items()}
        doubts += rule_doubts(form, values)
        place = told.place or choices.place or _first(values, _PLACES)
        if not place:
            raise _WrongError("place", _("thiếu nơi đăng ký"))
        return TypedEntry(
            at,
            "",
            number,
            form.id,
            nfc(place),
            _years(told, values),
            nfc(told.volume) or _said(values, "quyenSo").partition("/")[0],
            tuple(values.values()),
            tuple(dict.fromkeys(doubts)),
            nfc(told.file),
            told.id,
        )
    except _WrongError as wrong:
        key, reason = wrong.args
        return TypedEntry(at, "", number, faults=(RowFault("wrong", "", number, key, reason),))


@cache
def _adapter() -> pydantic.TypeAdapter[_Line]:
    return pydantic.TypeAdapter(_Line)


def _parsed(line: bytes) -> _Line:
    """Return what a line says.

    Raises:
        _WrongError: it is no JSON object of this layout.
    """
    try:
        return _adapter().validate_json(line)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"] if part not in ("list", "object"))
        raise _WrongError(key, _reason(first["type"])) from None


def _reason(kind: str) -> str:
    return {
        "json_invalid": _("không phải JSON"),
        "missing": _("thiếu khóa này"),
        "unexpected_keyword_argument": _("không có khóa này trong mẫu"),
        "string_too_long": _("dài quá {most} chữ").format(most=_MAX_TEXT),
        "greater_than_equal": _("phải từ 0 đến 1"),
        "less_than_equal": _("phải từ 0 đến 1"),
    }.get(kind, _("không đúng kiểu dữ liệu của mẫu"))


def _fields(told: _Line, form: Form) -> dict[str, tuple[FieldValue, tuple[str, ...]]]:
    """Return the fields in the form's order, with their doubts.

    Raises:
        _WrongError: one is not the form's, or its value not as the form has it.
    """
    given = (
        told.fields.items()
        if isinstance(told.fields, dict)
        else [(field.key, field) for field in told.fields]
    )
    by_key: dict[str, _Field] = {}
    for key, field in given:
        if key in by_key or (field.key and field.key != key):
            raise _WrongError(key, _("trường có hai lần"))
        by_key[key] = field
    known = _known(form)
    unknown = by_key.keys() - known.keys()
    if unknown:
        raise _WrongError(min(unknown), _("không có trường này trong mẫu sổ"))
    found = {
        key: _field(known[key][1], by_key[key], form)
        for key in sorted(by_key, key=lambda key: known[key][0])
        if by_key[key].raw or by_key[key].value
    }
    if not found:
        raise _WrongError("fields", _("không có trường nào có nội dung"))
    return found


def _field(field: FormField, told: _Field, form: Form) -> tuple[FieldValue, tuple[str, ...]]:
    raw = nfc(told.raw)
    doubts: tuple[str, ...] = ()
    if told.value is None:
        value, doubts = KINDS[field.kind](raw, Clues(codes=field.codes))[:2]
    else:
        value = nfc(told.value)
        _check(field, value, form)
    others = tuple(Alternative(nfc(other.text), other.confidence) for other in told.alternatives)
    made = FieldValue(
        field.key, raw, value, told.confidence, 0, (), alternatives=others, script=told.script
    )
    return made, doubts


def _check(field: FormField, value: str, form: Form) -> None:
    """Check that a value is one that the program itself could have made.

    Raises:
        _WrongError: it is not.
    """
    pattern = _patterns(form).get(field.key)
    if pattern and not pattern.search(value):
        raise _WrongError(field.key, _("giá trị không đúng dạng mà biểu mẫu yêu cầu"))
    hit = _DATE.fullmatch(value) if "date" in field.kind and value else None
    if hit is not None:
        try:
            date(int(hit[1]), int(hit[2] or 1), int(hit[3] or 1))
        except ValueError:
            raise _WrongError(field.key, _("ngày không có trong lịch")) from None
    codes = field.codes if field.kind == "enum" else None
    if value and codes and not codes.is_open and value not in _values(codes):
        raise _WrongError(field.key, _("mã không có trong danh mục"))


@cache
def _values(codes: Codes) -> frozenset[str]:
    return frozenset(code.value for code in codes.codes)


@cache
def _known(form: Form) -> Mapping[str, tuple[int, FormField]]:
    return {field.key: (place, field) for place, field in enumerate(form.fields)}


@cache
def _patterns(form: Form) -> Mapping[str, re.Pattern[str]]:
    return {
        key: re.compile(item["pattern"])
        for key, item in form.schema["properties"].items()
        if "pattern" in item
    }


def _years(told: _Line, fields: Mapping[str, FieldValue]) -> tuple[int, int]:
    """Return the years of the book: as told, else those of its number or of the registration.

    Raises:
        _WrongError: nothing tells them, or they are none.
    """
    if told.years is not None:
        years = told.years
    else:
        text = _said(fields, "quyenSo").partition("/")[2] or _said(fields, "ngayDangKy")[:4]
        years = (int(text), int(text)) if re.fullmatch(r"\d{4}", text) else (0, 0)
    if not FIRST_YEAR <= years[0] <= years[1] <= LAST_YEAR:
        raise _WrongError("years", _("thiếu năm của sổ, hoặc năm không thể có"))
    return years


def _said(fields: Mapping[str, FieldValue], key: str) -> str:
    return fields[key].value if key in fields else ""


def _first(fields: Mapping[str, FieldValue], keys: Iterable[str]) -> str:
    return next((fields[key].value for key in keys if key in fields and fields[key].value), "")
