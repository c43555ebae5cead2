"""Make records of a read page: find its entries, read their fields, check them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from pipeline.extract import reasons
from pipeline.extract.confidence import Calibration, shipped_calibration
from pipeline.extract.fields import read_slot
from pipeline.extract.form import Form
from pipeline.extract.hearing import AS_READ, Hearing, said_by
from pipeline.extract.kinds.result import Clues
from pipeline.extract.later import beside_slips, under_slips, with_later
from pipeline.extract.locate import find_entries
from pipeline.extract.rules import CONFLICT, broken_rules, compared
from pipeline.extract.sequence import check_series
from pipeline.extract.slots import Entry
from pipeline.values import Alternative, Doubt, FieldValue, PageReading, Record


def extract_records(
    form: Form,
    sheets: Sequence[PageReading],
    accession: str,
    page: int,
    years: tuple[int, int],
    calibration: Calibration | None = None,
    hearing: Hearing = AS_READ,
) -> tuple[Record, ...]:
    """Return the entries on one scan.

    Args:
        form: what the page looks like.
        sheets: its one or two sides, left before right; polygons in px of each side's image,
            and so are the records'.
        accession: the book.
        page: number of the scan in the book.
        years: first and last year of the book's entries; zeros when unknown.
        calibration: curves for the confidence; those that come with the program when None.
        hearing: how lines are read again by their kind; what sure fields of this scan say is
            leant to besides.
    """
    curves = shipped_calibration() if calibration is None else calibration
    sheets = [beside_slips(sheet) for sheet in sheets]
    entries = [under_slips(entry, sheets) for entry in find_entries(form, sheets)]

    def read(hearing: Hearing) -> list[Record]:
        found = _records(form, entries, accession, page, Clues(years), curves, hearing)
        return [with_later(record, sheets) for record in found]

    if hearing.reread is not None:  # the second look asks much of what the first one asked
        hearing = hearing._replace(reread=cache(hearing.reread))
    records = read(hearing)
    said = said_by(form, records, hearing.said)
    if hearing.reread is not None and said != hearing.said:
        records = read(hearing._replace(said=said))
    return check_series(form, records)


def _records(
    form: Form,
    entries: Iterable[Entry],
    accession: str,
    page: int,
    clues: Clues,
    curves: Calibration,
    hearing: Hearing,
) -> list[Record]:
    records: list[Record] = []
    above: Mapping[str, FieldValue] = {}
    for entry in entries:
        if entry.row == 1:
            above = {}
        fields, doubts = _fields(form, entry, above, page, clues, curves, hearing)
        above = fields
        fields = compared(form, fields)
        doubts += [
            doubt
            for doubt in broken_rules(form, fields)
            if not (doubt.reason == reasons.MISSING and any(d.key == doubt.key for d in doubts))
        ]
        doubts += [Doubt("", reason) for reason in entry.doubts]
        records.append(_record(form, entry, fields, doubts, accession, page))
    return records


def _fields(
    form: Form,
    entry: Entry,
    above: Mapping[str, FieldValue],
    page: int,
    clues: Clues,
    calibration: Calibration,
    hearing: Hearing,
) -> tuple[dict[str, FieldValue], list[Doubt]]:
    by_key = {field.key: field for field in form.fields}
    fields: dict[str, FieldValue] = {}
    doubts: list[Doubt] = []
    for slot in entry.slots:
        for key in slot.keys:
            reading = read_slot(
                by_key[key],
                slot,
                above.get(key),
                page,
                clues,
                calibration,
                hearing,
                in_table=form.layout == "table",
            )
            if reading:
                own = [Doubt(key, reason) for reason in reading.doubts]
                doubts = _put(fields, doubts, reading.field, own)
    return fields, doubts


def _put(
    fields: dict[str, FieldValue], doubts: list[Doubt], new: FieldValue, own: list[Doubt]
) -> list[Doubt]:
    """Keep the surer of two answers to one field: a label printed twice, two ticked boxes."""
    old = fields.get(new.key)
    if old is None:
        fields[new.key] = new
        return doubts + own
    best, other = (new, old) if new.confidence > old.confidence else (old, new)
    if not other.value or best.value == other.value:
        fields[new.key] = best
    else:
        offered = Alternative(other.value, other.confidence * CONFLICT)
        alternatives = (offered, *best.alternatives)
        fields[new.key] = replace(
            best, confidence=best.confidence * CONFLICT, alternatives=alternatives
        )
        own = [*own, Doubt(new.key, reasons.AMBIGUOUS)]
    kept = [doubt for doubt in doubts if best is old or doubt.key != new.key]
    return kept + [doubt for doubt in own if best is new or doubt.reason == reasons.AMBIGUOUS]


def _record(
    form: Form,
    entry: Entry,
    fields: Mapping[str, FieldValue],
    doubts: Sequence[Doubt],
    accession: str,
    page: int,
) -> Record:
    ordered = tuple(fields[field.key] for field in form.fields if field.key in fields)
    return Record(
        f"{accession}/{page}/{entry.side or '-'}/{entry.row}",
        form.id,
        page,
        entry.side,
        entry.row,
        entry.polygon,
        ordered,
        tuple(dict.fromkeys(doubts)),
    )
