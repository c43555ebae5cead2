"""What an import has to tell of a file's rows, as a table that Excel opens."""

import csv
import io
from collections.abc import Iterable, Iterator

from pipeline.values import RowFault
from pipeline.words import _

_ACTS = ("=", "+", "-", "@", "\t", "\r")  # Excel would take such a text for a formula


def report(faults: Iterable[RowFault]) -> Iterator[bytes]:
    """Yield the lines of a CSV table in UTF-8 with its mark, the first its headings."""
    yield "\ufeff".encode()
    yield _line([_("trang tính"), _("hàng"), _("cột"), _("kết quả"), _("lý do")])
    results = {
        "wrong": _("sai, không nhập"),
        "conflict": _("trái, không nhập"),
        "differs": _("đã nhập, khác bản đọc"),
        "note": _("lưu ý"),
    }
    for fault in faults:
        told = [fault.sheet, str(fault.row), fault.column, results[fault.kind], fault.reason]
        yield _line(told)


def _line(texts: Iterable[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerow(f"'{text}" if text.startswith(_ACTS) else text for text in texts)
    return stream.getvalue().encode("utf-8")
