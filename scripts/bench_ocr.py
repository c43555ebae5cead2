"""Measure the engines on single lines: errors, CPU and memory.

    scripts/bench_ocr.py --pages build/pages --corpus ../shared/corpus [--lines 240]

`--pages` holds folders of scripts/synthesize_pages.py; those named measuring-… are read, rules
taken off. Real handwriting comes from the corpus, a third of it in every table. Errors are
counted as written: case, commas and tone placement count. Run with OMP_NUM_THREADS=1.
"""

import json
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random

import click
import jiwer
from line_pictures import LinePicture, hand_lines, page_lines, stack, typed_lines

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline import plugs  # noqa: E402
from pipeline.ocr.crops import inks_of  # noqa: E402
from pipeline.ocr.engines import Engine  # noqa: E402
from pipeline.settings import OcrSettings  # noqa: E402

FOLDER = "pipeline.ocr.engines"
BATCH = 40  # lines on a page


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the programs that it called."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure(engine: Engine, pictures: Sequence[LinePicture]) -> dict[str, float]:
    """Return error rates in percent and CPU milliseconds a line."""
    texts: list[str] = []
    before = cpu_seconds()
    for start in range(0, len(pictures), BATCH):
        image, lines = stack(pictures[start : start + BATCH])
        texts += [line.text for line in engine.read(lines, inks_of(image, lines))]
    spent = cpu_seconds() - before
    truth = [picture.text for picture in pictures]
    exact = sum(text == true for text, true in zip(texts, truth, strict=True))
    return {
        "lines": len(truth),
        "cer": round(100 * jiwer.cer(truth, texts), 1),
        "wer": round(100 * jiwer.wer(truth, texts), 1),
        "exact": round(100 * exact / len(truth), 1),
        "ms": round(1000 * spent / len(truth), 1),
    }


def sets(pages: Path | None, corpus: Path | None) -> Iterator[tuple[str, list[LinePicture]]]:
    """Return the sets of lines by name."""
    if pages:
        for script in ("print", "typewriter", "handwriting"):
            folders = sorted(pages.glob(f"measuring-{script}-*"))
            lines = [x for folder in folders for x in page_lines(folder) if x.script == script]
            yield f"invented {script}", [line for line in lines if line.text]
    if corpus:
        yield "real table cells", list(hand_lines(corpus, "table_cells"))
        yield "real address lines", list(hand_lines(corpus, "address_lines"))
        yield "real typing (French)", list(typed_lines(corpus))


@click.command()
@click.option("--pages", type=click.Path(exists=True, path_type=Path))
@click.option("--corpus", type=click.Path(exists=True, path_type=Path))
@click.option("--lines", default=240, show_default=True, help="Lines of each set.")
@click.option("--engine", "engines", multiple=True, help="Only these; otherwise all.")
@click.option("--json", "as_json", is_flag=True)
def main(
    *, pages: Path | None, corpus: Path | None, lines: int, engines: Sequence[str], as_json: bool
) -> None:
    """Print a table of engines by sets of lines."""
    chosen = engines or plugs.names(FOLDER)
    made: dict[str, Engine] = {
        name: plugs.load(FOLDER, name).create(OcrSettings()) for name in chosen
    }
    rows = []
    print(f"{'lines':22} {'engine':10}     n   CER   WER exact  ms/line", file=sys.stderr)
    for name, pictures in sets(pages, corpus):
        Random(5).shuffle(pictures)
        for engine_name, engine in made.items():
            row = measure(engine, list(islice(pictures, lines)))
            rows.append({"set": name, "engine": engine_name, **row})
            print(
                f"{name:22} {engine_name:10} {row['lines']:5} {row['cer']:5} {row['wer']:5} "
                f"{row['exact']:5} {row['ms']:8}",
                file=sys.stderr,
                flush=True,
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory of this process {peak} MB", file=sys.stderr)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))


if __name__ == "__main__":
    main()
