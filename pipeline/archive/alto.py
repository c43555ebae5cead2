"""The text of a scan as ALTO 4, the form in which libraries keep page text.

One file a scan, in px of the scan as a viewer shows it. A side of a spread is a block of its own;
in it a block for each cell of the table and one for the lines outside of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, cast

from lxml import etree

from pipeline.archive.word_boxes import Word, bounds, edges_of, word_polygon, words_of
from pipeline.letters import nfc
from pipeline.values import Cell, Line, Page, PageReading, Polygon, Script

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_LOCATION = f"{{{_XSI}}}schemaLocation"
_SCRIPTS: tuple[Script, ...] = ("print", "typewriter", "handwriting")
_NOT_XML = {code: None for code in (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)}


def alto(page: Page, readings: Sequence[PageReading], file: str) -> bytes:
    """Return the ALTO file of one scan.

    Args:
        readings: of its sides, in reading order.
        file: where the picture lies, relative to the ALTO file.
    """
    root = etree.Element(
        _name("alto"),
        {_LOCATION: f"{NAMESPACE} {SCHEMA}", "SCHEMAVERSION": "4.4"},
        nsmap=cast(Any, {None: NAMESPACE, "xsi": _XSI}),  # the stubs know no default namespace
    )
    _describe(root, file)
    layout = _add(root, "Layout")
    width, height = page.width_px, page.height_px
    sheet = _add(layout, "Page", ID="page", PHYSICAL_IMG_NR=page.number, WIDTH=width, HEIGHT=height)
    sheet.set("LANG", "vi")
    if readings:  # by how much the writing lies turned counter-clockwise on the scan
        sheet.set("ROTATION", str(readings[0].turn_deg))
    whole: Polygon = ((0, 0), (width, 0), (width, height), (0, height))
    space = _add(sheet, "PrintSpace", **_place([whole]))
    ids = count(1)
    for reading in readings:
        within = space
        if reading.side is not None:
            within = _add(
                space,
                "ComposedBlock",
                ID=reading.side,
                TYPE=f"side-{reading.side}",
                **_place([reading.outline]),
            )
            _shape(within, reading.outline)
        for block in _blocks(reading):
            _block(within, block, ids)
    encoded: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return encoded


_Block = tuple[Cell | None, list[Line]]


def _blocks(reading: PageReading) -> list[_Block]:
    """Return cells with their lines, in reading order; empty cells stand at the end."""
    cells = {(cell.row, cell.column): cell for cell in reading.cells}
    blocks: dict[Cell | None, list[Line]] = {}
    for line in reading.lines:
        cell = cells.get(line.cell) if line.cell else None
        blocks.setdefault(cell, []).append(line)
    for empty in reading.cells:
        blocks.setdefault(empty, [])
    return list(blocks.items())


def _describe(root: etree._Element, file: str) -> None:
    description = _add(root, "Description")
    _add(description, "MeasurementUnit").text = "pixel"
    source = _add(description, "sourceImageInformation")
    _add(source, "fileName").text = nfc(file)
    tags = _add(root, "Tags")
    for script in _SCRIPTS:
        _add(tags, "OtherTag", ID=script, TYPE="script", LABEL=script)


def _block(within: etree._Element, block: _Block, ids: Iterator[int]) -> None:
    cell, lines = block
    outlines = [cell.polygon] if cell else [line.polygon for line in lines]
    name = f"r{cell.row}c{cell.column}-{next(ids)}" if cell else f"lines-{next(ids)}"
    added = _add(within, "TextBlock", ID=name, **_place(outlines))
    if cell:
        _shape(added, cell.polygon)
    for line in lines:
        _line(added, line, ids)


def _line(block: etree._Element, line: Line, ids: Iterator[int]) -> None:
    _top, bottom = edges_of(line.polygon)
    added = _add(
        block,
        "TextLine",
        ID=f"line-{next(ids)}",
        BASELINE=_points(bottom),
        TAGREFS=line.script,
        **_place([line.polygon]),
    )
    _shape(added, line.polygon)
    words = words_of(line)
    for at, word in enumerate(words):
        if at:
            _add(added, "SP")
        _string(added, line.polygon, word)
    if not words:  # nothing is written there, or nothing could be read
        _string(added, line.polygon, Word("", 0, 1, min(1.0, max(0.0, line.confidence))))


def _string(line: etree._Element, polygon: Polygon, word: Word) -> None:
    _add(
        line,
        "String",
        CONTENT=word.text.translate(_NOT_XML),
        WC=f"{word.confidence:.3f}",
        **_place([word_polygon(polygon, word)]),
    )


def _shape(block: etree._Element, polygon: Polygon) -> None:
    _add(_add(block, "Shape"), "Polygon", POINTS=_points(polygon))


def _points(polygon: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in polygon)


def _place(polygons: Sequence[Polygon]) -> dict[str, str]:
    left, top, right, bottom = bounds(polygons)
    return {
        "HPOS": _number(left),
        "VPOS": _number(top),
        "WIDTH": _number(right - left),
        "HEIGHT": _number(bottom - top),
    }


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _add(parent: etree._Element, tag: str, **attributes: object) -> etree._Element:
    return etree.SubElement(
        parent, _name(tag), {key: str(value) for key, value in attributes.items()}
    )
