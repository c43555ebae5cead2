"""Read the lines of a page: each by the engine for its script, one call an engine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from pipeline.ocr.calibrate import calibrate
from pipeline.ocr.crops import Ink, inks_of
from pipeline.ocr.engines import Engine
from pipeline.ocr.script import tell_script, tell_scripts
from pipeline.values import Line, PageImage, Script, Strokes

SURE = 0.9  # of a script, so that its own engine reads the line


class Unread(NamedTuple):
    """A page without its rules, its lines, and which line each stroke belongs to, if known."""

    image: PageImage
    lines: Sequence[Line]
    strokes: Strokes | None = None


def read_pages(pages: Sequence[Unread], engines: Mapping[Script, Engine]) -> list[tuple[Line, ...]]:
    """Return each page's lines, in the same order, with their script and what stands in them.

    The pages of a spread are read in one call an engine: Tesseract takes 0.2 CPU s to start.

    Confidences are the engines' own opinions, from which the fields' are made; for the lines
    themselves, `calibrate.py` makes probabilities of them.
    """
    inks: list[Ink | None] = []
    named: list[Line] = []
    chosen: list[Engine] = []
    for image, lines, strokes in pages:
        found = inks_of(image, lines, strokes)
        told = tell_scripts(found, [line.cell for line in lines])
        inks += found
        named += [replace(line, script=told[at][0]) for at, line in enumerate(lines)]
        chosen += [_engine(engines, *opinion) for opinion in told]
    read: dict[int, Line] = {}
    for engine, indexes in _by_engine(chosen):
        answers = engine.read([named[i] for i in indexes], [inks[i] for i in indexes])
        read.update(zip(indexes, answers, strict=True))
    in_order = map(read.__getitem__, range(len(named)))
    return [tuple(islice(in_order, len(page.lines))) for page in pages]


def read_crop(image: PageImage, engines: Mapping[Script, Engine], kind: str = "") -> Line:
    """Return what stands in a picture that holds one line and nothing else.

    Args:
        image: dark ink on light paper.
        engines: the engine for each script.
        kind: what the line holds, if that is known (`int`, `person_name`).
    """
    height_px, width_px = image.pixels.shape
    whole = ((0.0, 0.0), (width_px, 0.0), (width_px, height_px), (0.0, height_px))
    inks = inks_of(image, [Line(whole)])
    script, sure = tell_script(inks[0])
    engine = _engine(engines, script, sure)
    return calibrate(engine.read([Line(whole, script=script)], inks, kind)[0], engine.reader)


def reread(
    engines: Mapping[Script, Engine],
    line: Line,
    part: tuple[float, float],
    kind: str,
    said: tuple[str, ...],
) -> Line | None:
    """Return a part of a line read again by the engine that read it, see `Engine.reread`."""
    engine = _reader_of(engines, line)
    return engine.reread(line, part, kind, said) if engine is not None else None


def calibrated(engines: Mapping[Script, Engine], line: Line) -> Line:
    """Return a line with probabilities instead of the opinions of the engine that read it."""
    engine = _reader_of(engines, line)
    return calibrate(line, engine.reader) if engine is not None else line


def _reader_of(engines: Mapping[Script, Engine], line: Line) -> Engine | None:
    return next((one for one in engines.values() if one.name == line.engine), None)


def _engine(engines: Mapping[Script, Engine], script: Script, sure: float) -> Engine:
    """Return the engine for a line; the one for handwriting when its script is in doubt.

    That one reads print nearly as well, while one for print makes noise of a hand.
    """
    return engines[script if sure >= SURE else "handwriting"]


def _by_engine(engines: Sequence[Engine]) -> list[tuple[Engine, list[int]]]:
    """Return each engine with the indexes of its lines; scripts may share an engine."""
    groups: dict[int, tuple[Engine, list[int]]] = {}
    for index, engine in enumerate(engines):
        groups.setdefault(id(engine), (engine, []))[1].append(index)
    return list(groups.values())
