"""The truth about a scan in the shape of `sohoa read --json`, without confidences."""

from collections.abc import Callable
from typing import Any

from pipeline.values import Polygon
from synthesis.paper import Wear
from synthesis.sheets import SidePage, moved


def corners(polygon: Polygon) -> list[list[float]]:
    """Return the corners, to a tenth of a pixel."""
    return [[round(x, 1), round(y, 1)] for x, y in polygon]


def page_truth(
    page: SidePage,
    carry: Callable[[Polygon], Polygon],
    file: str,
    size: tuple[int, int],
    dpi: float,
    wear: Wear,
) -> dict[str, Any]:
    """Return one page of the truth file; polygons are in px of the scan."""
    there = moved(page, carry)
    return {
        "file": file,
        "page": 1,
        "side": page.side,
        "width_px": size[0],
        "height_px": size[1],
        "dpi": dpi,
        "orientation_deg": wear.turn_deg,
        "skew_deg": wear.skew_deg,
        "form": page.form,
        "cells": [
            {
                "polygon": corners(cell.polygon),
                "row": cell.row,
                "column": cell.column,
                "row_span": cell.row_span,
                "column_span": cell.column_span,
                "is_header": cell.is_header,
            }
            for cell in there.cells
        ],
        "lines": [
            {"polygon": corners(line.polygon), "text": line.text, "script": line.script}
            for line in there.lines
        ],
        "records": [
            {
                "row": record.row,
                "polygon": corners(record.polygon),
                "doubts": record.doubts,
                "fields": {
                    key: {
                        "raw": f.raw,
                        "value": f.value,
                        "polygon": corners(f.polygon),
                        "doubts": list(f.doubts),
                    }
                    for key, f in record.fields.items()
                },
            }
            for record in there.records
        ],
    }
