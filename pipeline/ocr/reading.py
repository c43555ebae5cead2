"""Read the lines of a page: each by the engine for its script, one call an engine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.ocr.crops import crop
from pipeline.ocr.engines import Engine
from pipeline.ocr.script import tell_script
from pipeline.values import Line, PageImage, Script

DIGITS = "0123456789"
ALLOWED = {
    "int": DIGITS,
    "page": DIGITS,
    "id_number": DIGITS,
    "decimal": f"{DIGITS},. ",
}


def read_lines(
    image: PageImage, lines: Sequence[Line], engines: Mapping[Script, Engine]
) -> tuple[Line, ...]:
    """Return the lines, in the same order, with their script and what stands in them."""
    told = [replace(line, script=tell_script(crop(image, line))[0]) for line in lines]
    read: dict[int, Line] = {}
    for engine, indexes in _by_engine(told, engines):
        answers = engine.read(image, [told[index] for index in indexes])
        read.update(zip(indexes, answers, strict=True))
    return tuple(read[index] for index in range(len(told)))


def read_crop(image: PageImage, engines: Mapping[Script, Engine], kind: str = "") -> Line:
    """Return what stands in a picture that holds one line and nothing else.

    Args:
        image: dark ink on light paper.
        engines: the engine for each script.
        kind: what the line holds, if that is known (`int`, `person_name`); it rules out letters.
    """
    height_px, width_px = image.pixels.shape
    whole = ((0.0, 0.0), (width_px, 0.0), (width_px, height_px), (0.0, height_px))
    line = Line(whole)
    line = replace(line, script=tell_script(crop(image, line))[0])
    return engines[line.script].read(image, [line], ALLOWED.get(kind, ""))[0]


def _by_engine(
    lines: Sequence[Line], engines: Mapping[Script, Engine]
) -> list[tuple[Engine, list[int]]]:
    """Return each engine with the indexes of its lines; scripts may share an engine."""
    groups: dict[int, tuple[Engine, list[int]]] = {}
    for index, line in enumerate(lines):
        engine = engines[line.script]
        groups.setdefault(id(engine), (engine, []))[1].append(index)
    return list(groups.values())
