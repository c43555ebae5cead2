"""Measure a reading against ground truth: text, fields, records, and whether to trust it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from rapidfuzz.distance import Levenshtein

from pipeline.letters import words
from pipeline.measure.lines import LinePair, count_lines, pair_texts
from pipeline.measure.pairing import (
    Counts,
    FieldPair,
    Json,
    Scan,
    check_records,
    count_cells,
    pair_scans,
    same_side,
    scan_name,
    share,
)

Item = TypeVar("Item")

SURE = 0.95
PRECISIONS = (0.99, 0.995)  # at which an office may want to take fields as they are read
BINS = 10


def measure(truth: Json, pred: Json) -> Json:
    """Return all measures of the reading `pred`; a share of nothing is None."""
    scans = pair_scans(truth["pages"], pred["pages"])
    lines: list[LinePair] = []
    fields: list[FieldPair] = []
    cells, found, records = Counts(), Counts(), Counts()
    near = 0
    for scan in scans:
        cells += count_cells(scan)
        found += count_lines(scan)
        lines += pair_texts(scan)
        checked = check_records(scan)
        fields += checked.fields
        records += checked.counts
        near += checked.near
    return {
        "pages": _pages(scans),
        "form": _agreement(scans, "form"),
        "orientation": _agreement(scans, "orientation_deg"),
        "skew_deg": _skew(scans),
        "cells": cells.rates(),
        "lines": found.rates(),
        "text": _groups(lines, lambda pair: pair.script, _text),
        "fields": {
            "all": _fields(fields),
            "form": _groups(fields, lambda pair: pair.form, _fields),
            "script": _groups(fields, lambda pair: pair.script, _fields),
            "key": _groups(fields, lambda pair: pair.key, _fields),
        },
        "records": {
            "truth": records.truth,
            "read": records.read,
            "paired": records.paired,
            "near": near,
            "precision": share(near, records.read),
            "recall": share(near, records.truth),
        },
        "calibration": {
            **_calibration(fields),
            "script": _groups(fields, lambda pair: pair.script, _calibration_error),
        },
    }


def _pages(scans: Sequence[Scan]) -> Json:
    missing = sorted({scan_name(scan.truth[0])[0] for scan in scans if not scan.read})
    sides = [(page, same_side(page, scan.read)) for scan in scans for page in scan.truth]
    right = sum(read is not None and read["side"] == page["side"] for page, read in sides)
    return {"truth": len(sides), "sides_right": right, "missing": missing}


def _agreement(scans: Sequence[Scan], key: str) -> Json:
    """Return on how many pages the reading says the same; a page not read is wrong."""
    pairs = [(page, same_side(page, scan.read)) for scan in scans for page in scan.truth]
    right = sum(read is not None and read[key] == page[key] for page, read in pairs)
    return {"pages": len(pairs), "right": right, "accuracy": share(right, len(pairs))}


def _skew(scans: Sequence[Scan]) -> Json:
    """Return the errors of the skew on pages whose orientation is right."""
    errors = []
    for scan in scans:
        for page in scan.truth:
            read = same_side(page, scan.read)
            if read is not None and read["orientation_deg"] == page["orientation_deg"]:
                errors.append(abs(read["skew_deg"] - page["skew_deg"]))
    count = len(errors)
    return {
        "pages": count,
        "mean": share(sum(errors), count),
        "worst": max(errors, default=None),
        "within_0.1": share(sum(error <= 0.1 for error in errors), count),
        "within_0.3": share(sum(error <= 0.3 for error in errors), count),
    }


def _groups(
    items: Sequence[Item], of: Callable[[Item], str], tell: Callable[[Sequence[Item]], Json]
) -> Json:
    """Return the measures of each group and, first, of all together."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[of(item)].append(item)
    return {"all": tell(items), **{k: tell(groups[k]) for k in sorted(groups) if k}}


def _text(pairs: Sequence[LinePair]) -> Json:
    """Return error rates of the lines found, and with every missed line as left out.

    Ditto marks and other signs without a letter or digit are no text.
    """
    pairs = [pair for pair in pairs if words(pair.truth)]
    found = [(pair.truth, pair.read) for pair in pairs if pair.read is not None]
    whole = [(pair.truth, pair.read or "") for pair in pairs]
    return {
        "lines": len(pairs),
        "found": len(found),
        "characters": sum(len(truth) for truth, _read in found),
        "cer": _errors(found, list),
        "wer": _errors(found, str.split),
        "cer_folded": _errors(found, lambda text: list(" ".join(words(text)))),
        "wer_folded": _errors(found, words),
        "exact": share(sum(truth == read for truth, read in found), len(found)),
        "cer_with_missed": _errors(whole, list),
    }


def _errors(pairs: Sequence[tuple[str, str]], parts: Callable[[str], list[str]]) -> float | None:
    """Return insertions, deletions and substitutions over the length of the truth."""
    split = [(parts(truth), parts(read)) for truth, read in pairs]
    wrong = sum(Levenshtein.distance(truth, read) for truth, read in split)
    return share(wrong, sum(len(truth) for truth, _read in split))


def _fields(pairs: Sequence[FieldPair]) -> Json:
    """Return how many written fields came out right, and how much was read that is not there."""
    written = [pair for pair in pairs if pair.raw]
    told = [pair for pair in pairs if pair.confidence is not None]
    return {
        "written": len(written),
        "read": sum(pair.confidence is not None for pair in written),
        "exact": share(sum(pair.value == pair.read_value for pair in written), len(written)),
        "exact_folded": share(
            sum(words(pair.value) == words(pair.read_value) for pair in written), len(written)
        ),
        "raw_exact": share(sum(pair.raw == pair.read_raw for pair in written), len(written)),
        "invented": len(told) - sum(pair.confidence is not None for pair in written),
    }


def _calibration(pairs: Sequence[FieldPair]) -> Json:
    """Return how far confidence and share of right values lie apart, over ten equal bins."""
    told = _opinions(pairs)
    table = _bins(told)
    sure = [right for confidence, right in told if confidence >= SURE]
    return {
        "fields": len(told),
        "ece": _gap(table),
        "bins": table,
        "sure": {"fields": len(sure), "share": share(len(sure), len(told)),
                 "right": share(sum(sure), len(sure))},
        "acceptable": [_acceptable(told, precision) for precision in PRECISIONS],
    }  # fmt: skip


def _calibration_error(pairs: Sequence[FieldPair]) -> Json:
    told = _opinions(pairs)
    return {"fields": len(told), "ece": _gap(_bins(told))}


def _opinions(pairs: Sequence[FieldPair]) -> list[tuple[float, bool]]:
    """Return the confidence of each field that was read, and whether its value is right."""
    return [
        (pair.confidence, bool(pair.raw) and pair.value == pair.read_value)
        for pair in pairs
        if pair.confidence is not None
    ]


def _acceptable(told: Sequence[tuple[float, bool]], precision: float) -> Json:
    """Return how many fields could be taken unseen so that that share of them is right.

    The threshold is the lowest confidence from which on the fields of this very set are right so
    often: a bound for what is possible, not a promise for other pages.
    """
    ranked = sorted(told, reverse=True)
    right = taken = 0
    threshold = None
    for place, (confidence, hit) in enumerate(ranked, 1):
        right += hit
        whole = place == len(ranked) or ranked[place][0] < confidence  # none left of it
        if whole and right >= precision * place:
            taken, threshold = place, confidence
    return {
        "precision": precision,
        "threshold": threshold,
        "fields": taken,
        "share": share(taken, len(told)),
    }


def _bins(told: Sequence[tuple[float, bool]]) -> list[Json]:
    bins: list[list[tuple[float, bool]]] = [[] for _index in range(BINS)]
    for confidence, right in told:
        bins[min(int(confidence * BINS), BINS - 1)].append((confidence, right))
    return [_bin(index, inside) for index, inside in enumerate(bins)]


def _gap(table: Sequence[Json]) -> float | None:
    """Return the expected calibration error of a reliability table."""
    gaps = sum(
        row["fields"] * abs(row["confidence"] - row["right"]) for row in table if row["fields"]
    )
    return share(gaps, sum(row["fields"] for row in table))


def _bin(index: int, inside: Sequence[tuple[float, bool]]) -> Json:
    return {
        "from": index / BINS,
        "to": (index + 1) / BINS,
        "fields": len(inside),
        "confidence": share(sum(confidence for confidence, _right in inside), len(inside)),
        "right": share(sum(right for _confidence, right in inside), len(inside)),
    }
