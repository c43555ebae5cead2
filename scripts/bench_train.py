"""Measure what `sohoa train` does for one unseen writer: error before and after, and on the rest.

    scripts/bench_train.py --shared ../shared --writers real-held --count 6
    scripts/bench_train.py --shared ../shared --writers invented-held --count 4

`real`: a writer of the corpus, 18 of whose 27 lines are learnt. `invented`: one face with one
hand's own slant, weight and wobble, 60 lines to learn and 60 to measure. `held` writers and
faces (of the part `measuring`) are for the figures alone; everything is tried out on `dev` ones
(faces of the part `fitting`).
"""

import json
import math
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from line_pictures import LinePicture, bare, real_lines  # noqa: E402
from rapidfuzz.distance import Levenshtein  # noqa: E402
from synthesis.books import draw_hand, faces  # noqa: E402
from training.strips import lines_of_hand  # noqa: E402
from training.texts import load_lists  # noqa: E402

from pipeline.flow.train import at_height, cer, settle  # noqa: E402
from pipeline.ocr.crops import find_ink  # noqa: E402
from pipeline.ocr.decode import greedy  # noqa: E402
from pipeline.ocr.engines.ctc_onnx import CtcEngine, load_model, to_strip  # noqa: E402
from pipeline.settings import OcrSettings, shipped  # noqa: E402
from pipeline.tuning.general import STRIP_PX, TextLine, check_lines, replay_lines  # noqa: E402
from pipeline.tuning.tune import Schedule, tune, weights_of  # noqa: E402
from pipeline.tuning.weights import load_reader  # noqa: E402

Writer = tuple[str, list[TextLine], list[TextLine]]  # name, lines to learn, lines to measure
REAL, INVENTED = 18, 60  # lines to learn


def text_lines(pictures: Sequence[LinePicture], letters: set[str]) -> list[TextLine]:
    """Return the pictures as strips; lines with letters that the model lacks are left out."""
    found = []
    for picture in pictures:
        strip = to_strip(find_ink(picture.pixels), STRIP_PX)
        if strip is not None and set(picture.text) <= letters:
            found.append((strip.pixels, picture.text))
    return found


def real_writers(shared: Path, part: str, letters: set[str]) -> list[Writer]:
    """Return the corpus's writers of that part who are known and have lines enough."""
    by_writer: dict[str, list[LinePicture]] = {}
    for picture in real_lines(shared / "corpus", part):
        if "/" not in picture.group:
            by_writer.setdefault(picture.group, []).append(picture)
    writers = []
    for name, pictures in sorted(by_writer.items()):
        lines = text_lines(pictures, letters)
        Random(name).shuffle(lines)
        if len(lines) > REAL:
            writers.append((name, lines[:REAL], lines[REAL:]))
    return writers


def invented_writers(shared: Path, part: str, letters: set[str]) -> list[Writer]:
    """Return one writer for each handwriting face of that part."""
    lists = load_lists(shared)
    writers = []
    for number, face in enumerate(faces(part, "hand")):
        hand = draw_hand(Random(f"{face.id} writes"), face, "handwriting")
        pictures = list(lines_of_hand(lists, hand, 500 + number, 2 * INVENTED))
        lines = text_lines(pictures, letters)
        writers.append((face.id, lines[:INVENTED], lines[INVENTED:]))
    return writers


def bare_cer(engine: CtcEngine, lines: Sequence[TextLine]) -> float:
    """Return the error rate without what labels of real lines leave open, see `bare`."""
    strips = [at_height(pixels, engine.model.height_px) for pixels, _ in lines]
    wrong = letters = 0
    for (_, text), steps in zip(lines, engine.strip_logits(strips), strict=True):
        truth = bare(text)
        wrong += Levenshtein.distance(bare(greedy(steps, engine.model.characters)), truth)
        letters += len(truth)
    return wrong / letters


@click.command()
@click.option("--shared", type=click.Path(exists=True, path_type=Path), required=True)
@click.option(
    "--writers",
    type=click.Choice(["real-dev", "real-held", "invented-dev", "invented-held"]),
    required=True,
)
@click.option("--count", default=4, show_default=True, help="Writers, evenly from all.")
@click.option("--model", default="hand", show_default=True, help="Of ocr_models/vie.")
@click.option("--minutes", default=50.0, show_default=True)
@click.option("--schedule", default="{}", help="Other values for Schedule, as JSON.")
def main(shared: Path, writers: str, count: int, model: str, minutes: float, schedule: str) -> None:
    """Tune on each writer's first lines and measure on the others; print one line a writer."""
    base = load_model(shipped("ocr_models") / "vie" / model)
    settings = OcrSettings(page_seconds=math.inf)
    kind, part = writers.split("-")
    letters = set(base.characters)
    if kind == "real":
        found = real_writers(shared, part, letters)
    else:
        found = invented_writers(shared, {"dev": "fitting", "held": "measuring"}[part], letters)
    engine = CtcEngine(base, settings)
    judges = check_lines()[1::2]
    general = cer(engine, judges)
    pace = Schedule(**{"minutes": minutes, **json.loads(schedule)})
    for name, learn, measure in islice(found, 0, None, max(1, len(found) // count)):
        reader = load_reader(base.file, base.network, len(base.characters) + 1)
        begun, used = time.monotonic(), time.process_time()
        began = weights_of(reader)
        tune(reader, base.characters, learn, replay_lines(), pace)
        with TemporaryDirectory() as folder:
            _, tuned = settle(reader, began, base, Path(folder) / "model.onnx", check_lines()[::2])
        spent, used = time.monotonic() - begun, time.process_time() - used
        told = {
            "writer": name,
            "learnt": len(learn),
            "measured": len(measure),
            "cer": [round(100 * cer(one, measure), 2) for one in (engine, tuned)],
            "bare": [round(100 * bare_cer(one, measure), 2) for one in (engine, tuned)],
            "general": [round(100 * general, 2), round(100 * cer(tuned, judges), 2)],
            "minutes": round(spent / 60, 1),
            "cpu_minutes": round(used / 60, 1),
        }
        print(json.dumps(told, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
