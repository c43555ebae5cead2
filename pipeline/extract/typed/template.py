"""An empty table in the Ministry's layout for an office to fill in, and how to."""

import io
from collections.abc import Iterator

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from pipeline.extract.form import FormField
from pipeline.extract.typed.layout import Layout, column_fields, known_forms, ministry
from pipeline.words import _

_TEXT = "@"  # Excel turns nothing that is typed here into a date or a number
_REQUIRED = PatternFill("solid", fgColor="FFF2CC")


def template(layout: Layout) -> bytes:
    """Return an empty workbook of a book: its keys, their titles, and how to fill them in."""
    fields = column_fields(layout, known_forms()[layout.form])
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = layout.code
    scan = ("tenTep", _("Tên tệp quét của trường hợp (không bắt buộc)"), False)
    columns = [(one.key, fields[one.key].title, one.required) for one in layout.columns]
    for index, (key, title, required) in enumerate([*columns, scan], 1):
        for row, text in ((1, key), (2, title)):
            cell = sheet.cell(row, index, text)
            cell.font = Font(bold=row == 1)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if required:
                cell.fill = _REQUIRED
        column = sheet.column_dimensions[get_column_letter(index)]
        column.width, column.number_format = 18, _TEXT
    sheet.freeze_panes = "A3"
    guide = book.create_sheet(ministry().guide)
    for told in _guide(layout, fields):
        guide.append(told)
    for letter, width in zip("ABCD", (30, 50, 12, 80), strict=True):
        guide.column_dimensions[letter].width = width
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _guide(layout: Layout, fields: dict[str, FormField]) -> Iterator[list[str]]:
    yield [_("cột"), _("nội dung"), _("bắt buộc"), _("cách ghi")]
    for column in layout.columns:
        field = fields[column.key]
        how = _("mã 5 chữ số của xã, hoặc tên") if column.key == layout.place else _how(field)
        yield [column.key, field.title, _("có") if column.required else "", how]


def _how(field: FormField) -> str:
    if field.codes is not None:
        told = "; ".join(
            code.value if code.value == code.name else f"{code.value}: {code.name}"
            for code in field.codes.codes
        )
        return told + (_("; hoặc ghi tên khác") if field.codes.is_open else "")
    return {
        "serial": _("số/năm: 45/1987"),
        "volume": _("quyển/năm mở sổ: 01/1987"),
        "page": _("chữ số"),
        "date": _("đủ ngày, tháng, năm: 09.01.2017"),
        "partial_date": _("09.01.2017, hoặc chỉ năm: 2017"),
        "partial_date_or_age": _("09.01.1962, năm: 1962, hoặc tuổi: 32 tuổi"),
        "date_words": _("đúng như trong sổ ghi bằng chữ"),
        "int": _("0 hoặc 1"),
        "id_number": _("9 hoặc 12 chữ số"),
    }.get(field.kind, _("đúng như trong sổ"))
