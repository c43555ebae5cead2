"""Make the general set of `sohoa train` in ocr_models/vie/general.

    scripts/make_general_lines.py --shared ../shared

Invented lines, worn and scanned as all lines for training are; `replay.npz` in faces of the
tuning part, `check.npz` in faces of the fitting part, which no reader was trained on. Faces of
the measuring part are in neither.
"""

import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from training.strips import invented_lines, learnable  # noqa: E402
from training.texts import Lists, load_lists  # noqa: E402

from pipeline.store.durable import durable_write  # noqa: E402
from pipeline.tuning.general import TextLine, pack  # noqa: E402

FOLDER = ROOT / "ocr_models" / "vie" / "general"
PARTS = {"replay": ("tuning", 9001, 450), "check": ("fitting", 9002, 360)}  # part, seed, lines


def strips(lists: Lists, part: str, seed: int, count: int) -> list[TextLine]:
    """Return invented lines in faces of that part as strips."""
    lines = invented_lines(lists, seed, count, part)
    return [(strip, line.text) for line, strip in learnable(lines)]


@click.command()
@click.option("--shared", type=click.Path(exists=True, path_type=Path), required=True)
def main(shared: Path) -> None:
    """Write both files."""
    lists = load_lists(shared)
    for name, (part, seed, count) in PARTS.items():
        file = FOLDER / f"{name}.npz"
        lines = strips(lists, part, seed, count)
        durable_write(file, pack(lines))
        print(f"{file}: {len(lines)} lines, {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
