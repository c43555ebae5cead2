"""What the whole book says: serials rise by one, dates do not fall, ditto marks reach back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.extract import reasons
from pipeline.extract.form import Form, Rule
from pipeline.values import Alternative, Doubt, FieldValue, Record

OF_SERIES = frozenset(
    {
        reasons.SERIAL_GAP,
        reasons.SERIAL_REPEATED,
        reasons.SERIAL_FALLS,
        reasons.DATE_FALLS,
        reasons.NUMBER_FALLS,
    }
)
DATES = frozenset({"date", "partial_date", "date_words"})
EXPECTED = 0.9  # confidence of a number that both neighbours ask for
OVER_BORDER = 0.95  # a ditto mark at the head of a page may also stand for nothing
_NUMBER = re.compile(r"\d+")


def check_book(form: Form, records: Sequence[Record]) -> tuple[Record, ...]:
    """Return the records of a book, which come in its order, with what their neighbours say.

    Ditto marks at the head of a page take the raw text of the page before. All else adds
    doubts and alternatives only.
    """
    return check_series(form, _resolved(records))


def check_series(form: Form, records: Sequence[Record]) -> tuple[Record, ...]:
    """Return the records with the doubts that their order raises."""
    checked = [_without_series(record) for record in records]
    for rule in form.rules:
        if rule.name == "rises_by_one":
            checked = _rises(rule, checked)
        elif rule.name == "does_not_fall":
            is_date = _is_date(form, rule.key)
            checked = _does_not_fall(rule, checked, is_date=is_date)
    return tuple(checked)


def _without_series(record: Record) -> Record:
    kept = tuple(doubt for doubt in record.doubts if doubt.reason not in OF_SERIES)
    return replace(record, doubts=kept)


def _resolved(records: Sequence[Record]) -> list[Record]:
    done: list[Record] = []
    above: Mapping[str, FieldValue] = {}
    for record in records:
        now = _with_ditto(record, above)
        done.append(now)
        above = {field.key: field for field in now.fields}
    return done


def _with_ditto(record: Record, above: Mapping[str, FieldValue]) -> Record:
    open_keys = {doubt.key for doubt in record.doubts if doubt.reason == reasons.DITTO_UNRESOLVED}
    keys = {key for key in open_keys if key in above and above[key].value}
    if not keys:
        return record
    fields = tuple(
        _inherited(field, above[field.key]) if field.key in keys else field
        for field in record.fields
    )
    doubts = tuple(
        replace(doubt, reason=reasons.DITTO)
        if doubt.key in keys and doubt.reason == reasons.DITTO_UNRESOLVED
        else doubt
        for doubt in record.doubts
    )
    return replace(record, fields=fields, doubts=doubts)


def _inherited(field: FieldValue, above: FieldValue) -> FieldValue:
    return replace(
        field,
        raw=above.raw,
        value=above.value,
        confidence=above.confidence * OVER_BORDER,
        alternatives=above.alternatives,
    )


def value_of(record: Record, key: str) -> str:
    """Return the value of a record's field; empty when the record has no such field."""
    return next((field.value for field in record.fields if field.key == key), "")


def leading_number(value: str) -> int | None:
    """Return the number that a serial begins with: 45 of `45 bis`; None without one."""
    hit = _NUMBER.match(value)
    return int(hit[0]) if hit else None


def _doubted(record: Record, key: str, reason: str, expected: str = "") -> Record:
    doubt = Doubt(key, reason)
    doubts = record.doubts if doubt in record.doubts else (*record.doubts, doubt)
    fields = record.fields
    if expected:
        fields = tuple(
            _offered(field, expected) if field.key == key else field for field in record.fields
        )
    return replace(record, doubts=doubts, fields=fields)


def _offered(field: FieldValue, value: str) -> FieldValue:
    rest = tuple(other for other in field.alternatives if other.text != value)
    return replace(field, alternatives=(Alternative(value, EXPECTED), *rest))


def _rises(rule: Rule, records: Sequence[Record]) -> list[Record]:
    """Doubt serials that do not follow the one before; a new year may begin again."""
    checked = list(records)
    numbers = [leading_number(value_of(record, rule.key)) for record in records]
    before: int | None = None
    for index, (record, number) in enumerate(zip(records, numbers, strict=True)):
        if before is None:
            before = number
            continue
        wanted = before + 1
        follows = index + 1 < len(numbers) and numbers[index + 1] == wanted + 1
        if number == wanted or (number is not None and _begins_again(rule, records, index)):
            before = number
        elif number is None or follows:
            # the neighbours agree: this one is misread, and they say what it should be
            if number is not None or _value_is_unread(record, rule.key):
                reason = reasons.SERIAL_GAP if (number or 0) > before else reasons.SERIAL_FALLS
                checked[index] = _doubted(record, rule.key, reason, str(wanted))
            before = wanted
        else:
            reason = _reason(number, before, value_of(record, rule.key), records[index - 1], rule)
            if reason:
                checked[index] = _doubted(record, rule.key, reason)
            before = number
    return checked


def _value_is_unread(record: Record, key: str) -> bool:
    return any(field.key == key for field in record.fields)


def _reason(number: int, before: int, value: str, last: Record, rule: Rule) -> str:
    if number > before:
        return reasons.SERIAL_GAP
    if number < before:
        return reasons.SERIAL_FALLS
    return reasons.SERIAL_REPEATED if value == value_of(last, rule.key) else ""  # 45, 45 bis


def _begins_again(rule: Rule, records: Sequence[Record], index: int) -> bool:
    """Tell whether the numbering starts anew with a new year."""
    if not rule.other or leading_number(value_of(records[index], rule.key)) != 1:
        return False
    now = value_of(records[index], rule.other)[:4]
    last = value_of(records[index - 1], rule.other)[:4]
    return not now or not last or now > last


def _does_not_fall(rule: Rule, records: Sequence[Record], *, is_date: bool) -> list[Record]:
    """Doubt the value that is out of order: of two neighbours the one that the third denies."""
    checked = list(records)
    group = ""
    known: list[tuple[int, str]] = []  # index and sortable value of this group
    for index, record in enumerate(records):
        now = value_of(record, rule.other) if rule.other else ""
        if now and now != group:
            group, known = now, []
        value = _sortable(value_of(record, rule.key), is_date=is_date)
        if value:
            known.append((index, value))
            for culprit in _culprits(known):
                reason = reasons.DATE_FALLS if is_date else reasons.NUMBER_FALLS
                checked[culprit] = _doubted(checked[culprit], rule.key, reason)
    return checked


def _culprits(known: Sequence[tuple[int, str]]) -> list[int]:
    (first, earlier), (second, later) = known[-2:] if len(known) > 1 else (known[-1], known[-1])
    length = min(len(earlier), len(later))
    if later[:length] >= earlier[:length]:
        return []
    fits_older = len(known) > 2 and known[-3][1][:length] <= later[:length]
    return [first if fits_older else second]


def _is_date(form: Form, key: str) -> bool:
    return any(field.key == key and field.kind in DATES for field in form.fields)


def _sortable(value: str, *, is_date: bool) -> str:
    """Return text that sorts like the value: dates as they are, numbers with leading zeros."""
    if is_date:
        return value
    hit = _NUMBER.match(value)
    return f"{int(hit[0]):09}" if hit else ""
