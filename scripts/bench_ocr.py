"""Measure engines and models on single lines that nothing was trained or tuned on.

    scripts/bench_ocr.py --shared ../shared [--lines 200] [--model hand --model asternet]

Real handwriting of the held writers and lines, invented lines in the measuring faces. Errors are
counted as written, and again without what the real labels leave open: case, punctuation and the
place of the tone. The interval is the bootstrap's over lines. Each reader works in a process of its
own, so that its memory is seen. Real lines are known to be places and upland names to be names;
of the others no kind is known. Run with OMP_NUM_THREADS=1.
"""

import json
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import click
import numpy as np
from line_pictures import LinePicture, bare, real_lines, stack, typed_lines
from rapidfuzz.distance import Levenshtein

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from training.strips import SCRIPTS, invented_lines  # noqa: E402
from training.texts import load_lists  # noqa: E402

from pipeline.ocr.crops import inks_of  # noqa: E402
from pipeline.ocr.engines import Engine, ctc_onnx, tesseract  # noqa: E402
from pipeline.settings import OcrSettings  # noqa: E402

BATCH = 40  # lines on a page
SEED = 20_261_126
DRAWS = 400  # of the bootstrap
CELLS, ADDRESSES, UPLAND = "real table cells", "real address lines", "invented upland names"
KINDS = {CELLS: "place_text", ADDRESSES: "place_text", UPLAND: "person_name"}


@dataclass(frozen=True, slots=True)
class Reader:
    """A model of the engine `ctc_onnx` with or without language; Tesseract when it is empty."""

    name: str
    model: str
    language: bool


@dataclass(frozen=True, slots=True)
class Row:
    """Errors in percent, CPU milliseconds a line and peak memory of one reader on one set."""

    lines: str
    reader: str
    n: int
    cer: float
    interval: tuple[float, float]
    wer: float
    exact: float
    bare_cer: float
    bare_exact: float
    ms: float
    peak_mb: int
    edits: Mapping[tuple[str, str], int]  # written, read: how often, as `bare` tells them


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the programs that it called."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measure(name: str, reader: Reader, engine: Engine, pictures: Sequence[LinePicture]) -> Row:
    """Read the lines and count."""
    kind = KINDS.get(name, "")
    texts: list[str] = []
    before = cpu_seconds()
    for start in range(0, len(pictures), BATCH):
        image, lines = stack(pictures[start : start + BATCH])
        texts += [line.text for line in engine.read(lines, inks_of(image, lines), kind)]
    spent = cpu_seconds() - before
    truth = [picture.text for picture in pictures]
    wrong, sizes = _errors(texts, truth)
    words, word_sizes = _errors([t.split() for t in texts], [t.split() for t in truth])
    plain, plain_sizes = _errors([bare(t) for t in texts], [bare(t) for t in truth])
    draws = np.random.default_rng(1).integers(0, len(truth), (DRAWS, len(truth)))
    rates = wrong[draws].sum(axis=1) / sizes[draws].sum(axis=1)
    low, high = np.percentile(100 * rates, (2.5, 97.5))
    return Row(
        lines=name,
        reader=reader.name,
        n=len(truth),
        cer=round(100 * float(wrong.sum() / sizes.sum()), 1),
        interval=(round(float(low), 1), round(float(high), 1)),
        wer=round(100 * float(words.sum() / word_sizes.sum()), 1),
        exact=round(100 * float((wrong == 0).mean()), 1),
        bare_cer=round(100 * float(plain.sum() / plain_sizes.sum()), 1),
        bare_exact=round(100 * float((plain == 0).mean()), 1),
        ms=round(1000 * spent / len(truth), 1),
        edits=Counter(
            edit
            for read, true in zip(texts, truth, strict=True)
            for edit in _edits(bare(true), bare(read))
        ),
        peak_mb=_peak_mb(),
    )


def _errors(
    read: Sequence[Sequence[str]], truth: Sequence[Sequence[str]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return edits and length of each line."""
    edits = [Levenshtein.distance(one, true) for one, true in zip(read, truth, strict=True)]
    return np.array(edits, np.float64), np.array([max(1, len(true)) for true in truth], np.float64)


def _peak_mb() -> int:
    """Return the peak memory of this process; `getrusage` would count its parent's before exec."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _edits(written: str, read: str) -> Iterator[tuple[str, str]]:
    """Return what was read for what was written, run by run, without what is the same."""
    for step in Levenshtein.opcodes(written, read):
        if step.tag != "equal":
            yield (
                written[step.src_start : step.src_end],
                read[step.dest_start : step.dest_end],
            )


def sets(shared: Path, most: int) -> Iterator[tuple[str, list[LinePicture]]]:
    """Return the sets of lines by name, at most so many lines of each."""
    real = list(real_lines(shared / "corpus", "held"))
    Random(SEED).shuffle(real)
    for name, known in ((CELLS, True), (ADDRESSES, False)):
        yield name, [line for line in real if ("/" not in line.group) == known][:most]
    lists = load_lists(shared)
    for script, _share in SCRIPTS:
        yield f"invented {script}", list(invented_lines(lists, SEED, most, "measuring", script))
    names = invented_lines(lists, SEED, most, "measuring", "handwriting", {"minority": 1.0})
    yield UPLAND, list(names)
    typed = list(typed_lines(shared / "corpus"))
    Random(SEED).shuffle(typed)
    yield "real typing (French)", typed[:most]


def readers(models: Sequence[str]) -> Iterator[Reader]:
    """Return every model with and without language, and Tesseract."""
    for model in models:
        yield Reader(model, model, language=False)
        yield Reader(f"{model} + language", model, language=True)
    yield Reader("tesseract", "", language=False)


def measure_all(reader: Reader, named: Sequence[tuple[str, Sequence[LinePicture]]]) -> list[Row]:
    """Read all sets with one reader."""
    if reader.model:
        settings = OcrSettings(hand_model=reader.model, language=reader.language)
        engine: Engine = ctc_onnx.create(settings)
    else:
        engine = tesseract.create(OcrSettings())
    return [measure(name, reader, engine, pictures) for name, pictures in named]


@click.command()
@click.option("--shared", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--lines", default=200, show_default=True, help="Lines of each set, at most.")
@click.option(
    "--model", "models", multiple=True, default=("asternet", "hand", "fast"), show_default=True
)
@click.option("--errors", default=0, help="Also the commonest errors on real lines, so many.")
@click.option("--json", "as_json", is_flag=True)
def main(*, shared: Path, lines: int, models: Sequence[str], errors: int, as_json: bool) -> None:
    """Print a table of readers by sets of lines."""
    named = list(sets(shared, lines))
    rows: list[Row] = []
    for reader in readers(models):
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=fresh) as alone:
            rows += alone.submit(measure_all, reader, named).result()
        print(f"{reader.name}: done", file=sys.stderr, flush=True)
    order = [name for name, _pictures in named]
    rows.sort(key=lambda row: order.index(row.lines))
    print("| lines | n | reader | CER | 95 % | WER | exact | CER bare | exact bare | CPU ms | MB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.lines} | {row.n} | {row.reader} | {row.cer} "
            f"| {row.interval[0]}–{row.interval[1]} | {row.wer} | {row.exact} | {row.bare_cer} "
            f"| {row.bare_exact} | {row.ms} | {row.peak_mb} |"
        )
    for name in sorted({row.reader for row in rows}) if errors else ():
        edits: Counter[tuple[str, str]] = Counter()
        for row in rows:
            if row.reader == name and row.lines in (CELLS, ADDRESSES):
                edits.update(row.edits)
        first = (f"{a or '·'}→{b or '·'} {times}" for (a, b), times in edits.most_common(errors))
        print(f"{name}: {sum(edits.values())} runs of wrong letters; {', '.join(first)}")
    if as_json:
        told = [{k: v for k, v in asdict(row).items() if k != "edits"} for row in rows]
        print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
