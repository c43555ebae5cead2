"""Make the models of letters in ocr_models/vie/language from word lists.

    scripts/make_language.py --shared ../shared

Texts are invented by scripts/training/texts.py, a mix of kinds for each model, and counted as
letter n-grams. No transcription of a real line is among them.
"""

import csv
import gzip
import io
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import click
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from training.texts import (  # noqa: E402
    CHARACTERS,
    MIX,
    Lists,
    bare_unit,
    draw_text,
    load_lists,
)

from pipeline.ocr.gazetteer import FILE  # noqa: E402
from pipeline.ocr.language import (  # noqa: E402
    NOTHING,
    ORDER,
    SHARE_STEPS,
    Context,
    Language,
    count_grams,
    weigh,
)

RARE = {4: 2, 5: 2, 6: 3}  # n-grams of that length seen less often are not kept
MIXES = {
    "name": {"name": 70, "minority": 22, "short": 3, "prose": 5},
    "place": {"place": 60, "hamlet": 18, "street": 12, "phrase": 4, "prose": 4, "short": 2},
    "date": {"date": 60, "worded": 32, "number": 6, "short": 2},
    "number": {"number": 66, "code": 22, "date": 8, "short": 4},
    "any": MIX,
}


def count(lists: Lists, mix: dict[str, float], texts: int, seed: int) -> list[Counter[Context]]:
    """Return how often each n-gram of classes stands in invented texts, by length less one."""
    rng = Random(seed)
    codes = {letter: index + 1 for index, letter in enumerate(CHARACTERS)}
    drawn = (draw_text(rng, lists, mix) for _ in range(texts))
    return count_grams((tuple(codes[letter] for letter in text) for text in drawn), ORDER)


def pack(language: Language) -> dict[str, np.ndarray]:
    """Return the arrays of a model as they are stored."""
    contexts = np.full((len(language.places), language.order - 1), NOTHING, np.int16)
    for place, context in enumerate(language.places):
        contexts[place, : len(context)] = context
    return {
        "contexts": contexts,
        "counts": np.diff(language.starts).astype(np.uint16),
        "letters": language.letters,
        "shares": _stored(language.shares),
        "rests": _stored(language.rests),
        "characters": np.array(CHARACTERS),
    }


def _stored(shares: np.ndarray) -> np.ndarray:
    return np.minimum(255, np.round(-SHARE_STEPS * np.log(shares))).astype(np.uint8)


def write_places(shared: Path, file: Path) -> int:
    """Write the units of all lists by province and district; return how many rows there are."""
    parts: dict[tuple[str, str], set[str]] = {}
    for table in sorted((shared / "places").glob("communes-*.csv")):
        for row in _rows(table):
            place = (bare_unit(row["province"]), bare_unit(row["district"]))
            parts.setdefault(place, set()).add(bare_unit(row["name"]))
    for row in _rows(shared / "places" / "commune-conversion-2025-07-01.csv"):
        place = (bare_unit(row["new_province"]), "")
        parts.setdefault(place, set()).add(bare_unit(row["new_name"]))
    told = [[*place, "|".join(sorted(parts[place] - {""}))] for place in sorted(parts)]
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(told)
    file.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))  # the same bytes each time
    return len(told)


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


@click.command()
@click.option("--shared", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--texts", default=120_000, show_default=True, help="Invented for each model.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "ocr_models/vie/language")
@click.argument("names", nargs=-1)
def main(shared: Path, texts: int, out: Path, names: tuple[str, ...]) -> None:
    """Write the models (all, or the NAMES given)."""
    lists = load_lists(shared)
    out.mkdir(parents=True, exist_ok=True)
    print(f"{write_places(shared, out / FILE)} districts and provinces", flush=True)
    for name in names or MIXES:
        seen = count(lists, MIXES[name], texts, seed=20_251_126)
        packed = pack(weigh(seen, len(CHARACTERS) + 1, RARE))
        np.savez_compressed(out / f"{name}.npz", **packed)
        size = (out / f"{name}.npz").stat().st_size / 1e6
        print(f"{name}: {len(packed['contexts'])} contexts, {len(packed['letters'])} n-grams, "
              f"{size:.1f} MB", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
