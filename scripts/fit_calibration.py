"""Fit how often a line is right that an engine is so sure of; writes calibration.json.

    scripts/fit_calibration.py --pages build/pages --corpus ../shared/corpus

`--pages` holds folders of scripts/synthesize_pages.py: those named fitting-… to fit on (faces that
no reader was trained on), those named measuring-… (other faces, other layouts) to measure on. Real
handwritten lines are cut into pieces of a few words, as long as a register's cells are; the `dev`
writers are fitted on, the `held` ones measured. Their labels know neither case nor commas, so those
are not counted.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import click
import numpy as np
from line_pictures import LinePicture, bare, page_lines, pieces_of, real_lines, stack

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.ocr.calibrate import Curve, calibration_error, fit, likely  # noqa: E402
from pipeline.ocr.crops import inks_of  # noqa: E402
from pipeline.ocr.engines import Engine, ctc_onnx, tesseract  # noqa: E402
from pipeline.settings import OcrSettings  # noqa: E402

OUT = ROOT / "ocr_models" / "vie" / "calibration.json"
MOST = 800  # lines of one script from invented pages, on each side
REAL = 400  # real lines on each side; each gives two or three pieces


@dataclass(frozen=True, slots=True)
class Judged:
    """How sure a reader was of a line, and whether it was right."""

    reader: str
    script: str
    source: str
    raw: float
    right: bool


def judge_pages(
    folders: Sequence[Path], source: str, readers: Sequence[Engine], rng: Random
) -> Iterator[Judged]:
    """Read lines of invented pages with every engine."""
    lines: dict[str, list[LinePicture]] = defaultdict(list)
    for folder in folders:
        for line in page_lines(folder):
            if line.text:
                lines[line.script].append(line)
    for script, drawn in lines.items():
        rng.shuffle(drawn)
        for engine in readers:
            for start in range(0, min(MOST, len(drawn)), 50):
                yield from judge_some(drawn[start : start + 50], script, source, engine)


def judge_some(
    pictures: Sequence[LinePicture],
    script: str,
    source: str,
    engine: Engine,
    told: Callable[[str], str] = str,
) -> Iterator[Judged]:
    """Read some lines, stacked on one page, in one call; `told` is what counts of a text."""
    image, lines = stack(pictures)
    read = engine.read(lines, inks_of(image, lines))
    for picture, line in zip(pictures, read, strict=True):
        if line.text:
            right = told(line.text) == told(picture.text)
            yield Judged(engine.reader, script, source, line.confidence, right)


def judge_hands(
    pictures: Sequence[LinePicture], source: str, engine: ctc_onnx.CtcEngine, rng: Random
) -> Iterator[Judged]:
    """Read real lines, cut into pieces of a few words where the truth has spaces."""
    pieces = [
        piece
        for picture in pictures
        for steps in engine.logits([picture.pixels])
        for piece in pieces_of(picture, steps, engine.model.characters, rng)
    ]
    for start in range(0, len(pieces), 50):
        yield from judge_some(pieces[start : start + 50], "handwriting", source, engine, bare)


def report(name: str, judged: Sequence[Judged], curve: Curve) -> dict[str, float]:
    """Print and return the calibration error before and after."""
    raw, right = [line.raw for line in judged], [line.right for line in judged]
    told = [likely(opinion, curve) for opinion in raw]
    sure = [hit for hit, opinion in zip(right, told, strict=True) if opinion >= 0.9]
    figures = {
        "lines": len(judged),
        "right": round(float(np.mean(right)), 3),
        "error_before": round(calibration_error(raw, right), 3),
        "error_after": round(calibration_error(told, right), 3),
        "sure_0.9": len(sure),
        "right_of_those": round(float(np.mean(sure)), 3) if sure else 0.0,
    }
    print(name, figures)
    return figures


def curves_of(judged: Mapping[str, Sequence[Judged]]) -> Iterator[dict[str, Any]]:
    """Fit a curve for each reader and script, and measure it on lines held back."""
    for key in sorted({(line.reader, line.script) for line in judged["fitting"]}):
        fitted, held_back = (
            [line for line in judged[part] if (line.reader, line.script) == key]
            for part in ("fitting", "measuring")
        )
        curve = fit([line.raw for line in fitted], [line.right for line in fitted])
        figures = {
            source: report(f"{key} {source}", [x for x in held_back if x.source == source], curve)
            for source in sorted({line.source for line in held_back})
        }
        figures["all"] = report(f"{key} all", held_back, curve)
        yield {
            "reader": key[0], "script": key[1], "fitted_on": len(fitted),
            "raw": np.round(curve.raw, 6).tolist(), "right": np.round(curve.right, 4).tolist(),
            "held_back": figures,
        }  # fmt: skip


@click.command()
@click.option("--pages", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--corpus", type=click.Path(exists=True, path_type=Path))
@click.option("--model", "models", multiple=True, default=("hand", "fast"), show_default=True)
@click.option("--tesseract/--no-tesseract", "with_tesseract", default=True, show_default=True)
def main(pages: Path, corpus: Path | None, models: Sequence[str], *, with_tesseract: bool) -> None:
    """Fit on some lines, measure on others, write the curves; those of other readers stay."""
    networks = [ctc_onnx.create(OcrSettings(hand_model=model)) for model in models]
    readers = [*networks, *([tesseract.create(OcrSettings())] if with_tesseract else [])]
    rng = Random(1)
    judged: dict[str, list[Judged]] = {}
    for part, mine in (("fitting", "dev"), ("measuring", "held")):
        folders = sorted(pages.glob(f"{part}-*"))
        judged[part] = list(judge_pages(folders, "invented", readers, rng))
        if corpus:
            lines = list(real_lines(corpus, mine))
            rng.shuffle(lines)
            for network in networks:
                judged[part] += judge_hands(lines[:REAL], "real", network, Random(2))
    curves = {
        (curve["reader"], curve["script"]): curve
        for curve in (*json.loads(OUT.read_text(encoding="utf-8"))["curves"], *curves_of(judged))
    }
    about = "whole-line probability by a reader's opinion; scripts/fit_calibration.py"
    data = {"about": about, "curves": [curves[key] for key in sorted(curves)]}
    OUT.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
