"""Make the models of letters in ocr_models/vie/language from word lists.

    scripts/make_language.py --shared ../shared

Texts are invented by scripts/training/texts.py, a mix of kinds for each model, and counted as
letter n-grams. No transcription of a real line is among them.
"""

import math
import sys
from collections import Counter
from pathlib import Path
from random import Random

import click
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from training.texts import CHARACTERS, MIX, Lists, draw_text, load_lists  # noqa: E402

from pipeline.ocr.language import END, NOTHING, SHARE_STEPS, START, Context  # noqa: E402

ORDER = 6
RARE = {4: 2, 5: 2, 6: 3}  # n-grams of that length seen less often are not kept
MIXES = {
    "name": {"name": 70, "minority": 22, "short": 3, "prose": 5},
    "place": {"place": 60, "hamlet": 18, "street": 12, "phrase": 4, "prose": 4, "short": 2},
    "date": {"date": 60, "worded": 32, "number": 6, "short": 2},
    "number": {"number": 66, "code": 22, "date": 8, "short": 4},
    "any": MIX,
}


def count(lists: Lists, mix: dict[str, float], texts: int, seed: int) -> list[Counter[Context]]:
    """Return how often each n-gram of classes was seen, by length less one."""
    rng = Random(seed)
    seen: list[Counter[Context]] = [Counter() for _ in range(ORDER)]
    codes = {letter: index + 1 for index, letter in enumerate(CHARACTERS)}
    for _ in range(texts):
        line = (START, *(codes[letter] for letter in draw_text(rng, lists, mix)), END)
        for place in range(1, len(line)):
            for length in range(1, min(ORDER, place + 1) + 1):
                seen[length - 1][line[place + 1 - length : place + 1]] += 1
    return seen


def pack(seen: list[Counter[Context]]) -> dict[str, np.ndarray]:
    """Return the arrays of a model: Witten-Bell shares of each context's letters."""
    after: dict[Context, dict[int, int]] = {}
    for length, counted in enumerate(seen, 1):
        for gram, times in counted.items():
            if times >= RARE.get(length, 1):
                after.setdefault(gram[:-1], {})[gram[-1]] = times
    contexts = np.full((len(after), ORDER - 1), NOTHING, np.int16)
    counts, letters, shares, rests = [], [], [], []
    for place, context in enumerate(sorted(after, key=lambda c: (len(c), c))):
        contexts[place, : len(context)] = context
        found = after[context]
        total = sum(found.values()) + len(found)
        counts.append(len(found))
        letters += found
        shares += [times / total for times in found.values()]
        rests.append(len(found) / total)
    return {
        "contexts": contexts,
        "counts": np.array(counts, np.uint16),
        "letters": np.array(letters, np.uint16),
        "shares": np.array([_stored(share) for share in shares], np.uint8),
        "rests": np.array([_stored(rest) for rest in rests], np.uint8),
        "characters": np.array(CHARACTERS),
    }


def _stored(share: float) -> int:
    return min(255, round(-SHARE_STEPS * math.log(share)))


@click.command()
@click.option("--shared", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--texts", default=120_000, show_default=True, help="Invented for each model.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "ocr_models/vie/language")
@click.argument("names", nargs=-1)
def main(shared: Path, texts: int, out: Path, names: tuple[str, ...]) -> None:
    """Write the models (all, or the NAMES given)."""
    lists = load_lists(shared)
    out.mkdir(parents=True, exist_ok=True)
    for name in names or MIXES:
        packed = pack(count(lists, MIXES[name], texts, seed=20_251_126))
        np.savez_compressed(out / f"{name}.npz", **packed)
        size = (out / f"{name}.npz").stat().st_size / 1e6
        print(f"{name}: {len(packed['contexts'])} contexts, {len(packed['letters'])} n-grams, "
              f"{size:.1f} MB", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
