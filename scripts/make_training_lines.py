"""Make the lines that readers are trained on and measured with, as shards in build/lines.

    scripts/make_training_lines.py --shared ../shared --shards 12

Writes `tuning-NN` (invented lines, faces of the tuning part), `tuning-typed-NN` (typed ones, of
which the mix has few), `tuning-crossed-NN` (a word crossed out in each), `real-train`, `real-dev`,
`real-held` (the corpus's writers), `real-pieces` (the first of them in pieces of a few words) and
`measuring-SCRIPT` (faces that nothing is trained on).
A shard that is there is left alone, so that a run which was stopped goes on.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from line_pictures import LinePicture, pieces_of, real_lines  # noqa: E402
from training.strips import SCRIPTS, invented_lines, write_shard  # noqa: E402
from training.texts import load_lists  # noqa: E402

from pipeline.ocr.engines import ctc_onnx  # noqa: E402
from pipeline.settings import OcrSettings  # noqa: E402


def _pieces(corpus: Path) -> Iterator[LinePicture]:
    """Cut the real lines for training, each in three ways, with the shipped reader."""
    engine = ctc_onnx.create(OcrSettings())
    rng = Random(11)
    for picture in real_lines(corpus, "train"):
        (steps,) = engine.logits([picture.pixels]) or [None]
        if steps is not None:
            for _ in range(3):
                yield from pieces_of(picture, steps, engine.model.characters, rng)


@click.command()
@click.option("--shared", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--shards", default=12, show_default=True, help="Shards of invented lines to learn.")
@click.option("--typed", default=4, show_default=True, help="Shards of typed lines besides.")
@click.option("--crossed", default=2, show_default=True, help="Shards with words crossed out.")
@click.option("--lines", default=5000, show_default=True, help="Lines in each of them.")
@click.option("--held", default=400, show_default=True, help="Invented lines a script to measure.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "build" / "lines")
def main(
    shared: Path, shards: int, typed: int, crossed: int, lines: int, held: int, out: Path
) -> None:
    """Write what is missing."""
    lists = load_lists(shared)
    wanted: dict[str, Callable[[], Iterator[LinePicture]]] = {
        f"real-{part}": lambda part=part: real_lines(shared / "corpus", part)
        for part in ("train", "dev", "held")
    }
    wanted["real-pieces"] = lambda: _pieces(shared / "corpus")
    for script, _share in SCRIPTS:
        wanted[f"measuring-{script}"] = lambda script=script: invented_lines(
            lists, 1, held, "measuring", script
        )
    for number in range(shards):
        wanted[f"tuning-{number:02}"] = lambda number=number: invented_lines(
            lists, 1000 + number, lines
        )
    for number in range(typed):
        wanted[f"tuning-typed-{number:02}"] = lambda number=number: invented_lines(
            lists, 3000 + number, lines, script="typewriter"
        )
    for number in range(crossed):
        wanted[f"tuning-crossed-{number:02}"] = lambda number=number: invented_lines(
            lists, 4000 + number, lines, crossed=True
        )
    for name, make in wanted.items():
        if not (out / f"{name}.json").exists():
            print(f"{name}: {write_shard(out / name, make())} lines", flush=True)


if __name__ == "__main__":
    main()
