"""Entries that go on at the head of the next page, where the last row of a page was too small.

What stands in a first row without any of the fields that no entry lacks belongs to the last entry
of the page before. It is put behind what that one has, and says so; without such an entry it is a
stamp, dirt or a tail, and no entry either.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.extract import reasons
from pipeline.extract.form import Form
from pipeline.letters import syllables
from pipeline.values import Doubt, FieldValue, Record


def is_rest(record: Record) -> bool:
    """Tell whether this is no entry but the rest of one."""
    return any(doubt == Doubt("", reasons.CONTINUED) for doubt in record.doubts)


def put_together(form: Form, records: Sequence[Record]) -> list[Record]:
    """Return the entries of a book, which come in its order, each with its rest."""
    done: list[Record] = []
    for record in records:
        if not is_rest(record):
            done.append(record)
        elif done and done[-1].page != record.page:
            done[-1] = _with_rest(form, done[-1], record)
    return done


def _with_rest(form: Form, record: Record, rest: Record) -> Record:
    shared = {key for label in form.above for key in label.keys}  # of every entry of its page
    fields = {field.key: field for field in record.fields}
    doubts = list(record.doubts)
    for field in rest.fields:
        if field.key in shared or not syllables(field.raw):
            continue
        before = fields.get(field.key)
        fields[field.key] = _joined(before, field) if before else field
        doubts.append(Doubt(field.key, reasons.CONTINUED))
    ordered = tuple(fields[field.key] for field in form.fields if field.key in fields)
    return replace(record, fields=ordered, doubts=tuple(dict.fromkeys(doubts)))


def _joined(before: FieldValue, rest: FieldValue) -> FieldValue:
    """Return a field with its rest; it stays where it begins."""
    return replace(
        before,
        raw=f"{before.raw} {rest.raw}",
        value=f"{before.value} {rest.value}".strip(),
        confidence=before.confidence * rest.confidence,
        alternatives=(),
    )
