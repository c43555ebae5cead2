"""The answer of `sohoa read --json`: a contract that benchmarks and other programs rely on.

Its JSON Schema is docs/read-answer.schema.json; a test holds the two together. Ground truth files
and `sohoa measure` use the same shape.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline.quality.sentences import sentence
from pipeline.values import Cell, FieldValue, Line, Page, PageReading, Polygon, Record

VERSION = 1


def answer(pages: Sequence[dict[str, Any]], errors: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the whole answer."""
    return {"version": VERSION, "pages": list(pages), "errors": list(errors)}


def page_answer(file: str, page: Page, reading: PageReading) -> dict[str, Any]:
    """Return the answer for one page (one side of one scan) of a file."""
    return {
        "file": file,
        "page": page.frame,
        "side": reading.side,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": page.dpi,
        "orientation_deg": reading.turn_deg,
        "skew_deg": round(reading.skew_deg, 3),
        "quality": quality_answer(page),
        "form": reading.form or None,
        "form_confidence": round(reading.form_confidence, 3),
        "outline": _points(reading.outline),
        "cells": [_cell(cell) for cell in reading.cells],
        "lines": [_line(line) for line in reading.lines],
        "records": [record_answer(record) for record in reading.records],
    }


def scan_answer(file: str, page: Page) -> dict[str, Any]:
    """Return what `sohoa quality --json` tells about a page of a file."""
    return {
        "file": file,
        "page": page.frame,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": page.dpi,
        "quality": quality_answer(page),
    }


def quality_answer(page: Page) -> dict[str, Any]:
    """Return what was measured on a scan, and the verdict on it."""
    verdict = page.verdict
    return {
        **asdict(page.quality),
        "verdict": verdict.grade,
        "profile": verdict.profile,
        "flags": [reason.name for reason in verdict.reasons],
        "reasons": [{**asdict(reason), "sentence": sentence(reason)} for reason in verdict.reasons],
    }


def line_answer(file: str, page: Page, line: Line) -> dict[str, Any]:
    """Return the answer for a file that is the crop of one line (`--line`)."""
    width, height = float(page.width_px), float(page.height_px)
    outline = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    reading = PageReading(None, 0, 0.0, "", 0.0, outline, (), (line,))
    return page_answer(file, page, reading)


def error_answer(file: str, error: str, message: str) -> dict[str, str]:
    """Return the entry of a file that could not be read."""
    return {"file": file, "error": error, "message": message}


def _points(polygon: Polygon) -> list[list[float]]:
    return [[round(x, 1), round(y, 1)] for x, y in polygon]


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "polygon": _points(cell.polygon),
        "row": cell.row,
        "column": cell.column,
        "row_span": cell.row_span,
        "column_span": cell.column_span,
        "is_header": cell.is_header,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "polygon": _points(line.polygon),
        "cell": list(line.cell) if line.cell else None,
        "text": line.text,
        "confidence": round(line.confidence, 4),
        "alternatives": _alternatives(line.alternatives),
        "script": line.script,
        "engine": line.engine,
    }


def record_answer(record: Record) -> dict[str, Any]:
    """Return the answer for one entry of a page."""
    return {
        "row": record.row,
        "polygon": _points(record.polygon),
        "fields": {field.key: _field(field, record) for field in record.fields},
        "doubts": [doubt.reason for doubt in record.doubts if not doubt.key],
    }


def _field(field: FieldValue, record: Record) -> dict[str, Any]:
    return {
        "raw": field.raw,
        "value": field.value,
        "confidence": round(field.confidence, 4),
        "alternatives": _alternatives(field.alternatives),
        "side": field.side,
        "polygon": _points(field.polygon),
        "doubts": [doubt.reason for doubt in record.doubts if doubt.key == field.key],
    }


def _alternatives(alternatives: Sequence[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"text": text, "confidence": round(sure, 4)} for text, sure in alternatives]
