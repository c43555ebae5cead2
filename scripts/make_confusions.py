#!/usr/bin/env python3
"""Count which letters the shipped reader takes for which, as data for search and its benchmark.

    scripts/make_confusions.py --shared ../shared

Writes `schemas/confusions.json`, from the corpus's real lines of the part `dev` and invented
people's names in the faces of the part `fitting`: what search takes for alike. And, from the part
`held` and the faces of the part `measuring`, `scripts/data/misreadings.json`: by which the
benchmark damages its records, so that it does not measure with what search was made of. A file
that is there is left alone: remove it to have it made again.
Letters are compared in lower case, with their marks, the tone in its new place.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from line_pictures import TONES, LinePicture, real_lines, stack
from rapidfuzz.distance import Levenshtein

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from training.strips import invented_lines  # noqa: E402
from training.texts import load_lists  # noqa: E402

from pipeline.letters import fold, nfc  # noqa: E402
from pipeline.ocr.crops import inks_of  # noqa: E402
from pipeline.ocr.engines import ctc_onnx  # noqa: E402
from pipeline.settings import OcrSettings  # noqa: E402
from pipeline.values import Line  # noqa: E402

BATCH = 40  # lines on a page
SEEDS = {"fitting": 51, "measuring": 52}
NAMES = {"name": 1.0}
MOST_REAL = 270
LEAST, RATE, LARGEST = 4, 0.005, 3  # times, share of the rarer letter, letters in a class
FIRST = 3  # alternatives that search keeps


def spelt(text: str) -> str:
    """Return the text in lower case, the tone in its new place."""
    text = nfc(text.lower())
    for old, new in TONES.items():
        text = text.replace(old, new)
    return " ".join(text.split())


def readings(pictures: Sequence[LinePicture], engine: Any, kind: str) -> Iterator[tuple[str, Line]]:
    """Yield what stands in each line and how it was read."""
    for start in range(0, len(pictures), BATCH):
        some = pictures[start : start + BATCH]
        image, lines = stack(some)
        found = engine.read(lines, inks_of(image, lines), kind)
        yield from zip((one.text for one in some), found, strict=True)
        print(f"{kind}: {start + len(some)} of {len(pictures)}", file=sys.stderr, flush=True)


def edits(written: str, read: str) -> Iterator[tuple[str, str]]:
    """Yield each letter with what became of it; an empty one was lost, or came from nowhere."""
    at = 0
    for step in Levenshtein.editops(written, read):
        yield from ((letter, letter) for letter in written[at : step.src_pos])
        at = max(at, step.src_pos)
        if step.tag == "insert":
            yield "", read[step.dest_pos]
            continue
        yield written[at], "" if step.tag == "delete" else read[step.dest_pos]
        at += 1
    yield from ((letter, letter) for letter in written[at:])


def count(told: Sequence[tuple[str, Line]]) -> dict[str, Any]:
    """Return counts of letters, over all lines and over the misread ones, and of lines."""
    letters: dict[str, Counter[str]] = defaultdict(Counter)
    misread: dict[str, Counter[str]] = defaultdict(Counter)
    right = among = 0
    for text, line in told:
        written, read = spelt(text), spelt(line.text)
        right += written == read
        others = [spelt(other.text) for other in line.alternatives[:FIRST]]
        among += written != read and written in others
        for letter, became in edits(written, read):
            letters[letter][became] += 1
            if written != read:
                misread[letter][became] += 1
    return {
        "lines": len(told),
        "right": right,
        "right_among_alternatives": among,
        "letters": {key: dict(found.most_common()) for key, found in sorted(letters.items())},
        "letters_of_misread_lines": {
            key: dict(found.most_common()) for key, found in sorted(misread.items())
        },
    }


def classes(parts: Sequence[dict[str, Any]]) -> list[str]:
    """Return the letters without marks that are taken for one another, as classes.

    The pairs most often confused come first; a pair joins two classes while they stay small.
    """
    confused: Counter[tuple[str, ...]] = Counter()
    whole: Counter[str] = Counter()
    for letters in (part["letters"] for part in parts):
        for written, became in letters.items():
            for read, times in became.items():
                one, two = fold(written), fold(read)
                whole[one] += times
                if one != two and one.isalpha() and two.isalpha():
                    confused[tuple(sorted((one, two)))] += times
    rates = {pair: times / min(whole[one] for one in pair) for pair, times in confused.items()}
    found: dict[str, str] = {}
    for pair in sorted(rates, key=lambda pair: -rates[pair]):
        joined = "".join(dict.fromkeys("".join(found.get(one, one) for one in pair)))
        if confused[pair] >= LEAST and rates[pair] >= RATE and len(joined) <= LARGEST:
            found |= dict.fromkeys(joined, joined)
    return sorted(set(found.values()))


@click.command()
@click.option("--shared", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--names", default=700, show_default=True, help="Invented names of each part.")
def main(shared: Path, names: int) -> None:
    """Read the lines of both parts and write what was counted."""
    engine = ctc_onnx.create(OcrSettings())
    lists = load_lists(shared)
    for part, faces, file in (
        ("dev", "fitting", ROOT / "schemas" / "confusions.json"),
        ("held", "measuring", ROOT / "scripts" / "data" / "misreadings.json"),
    ):
        if file.exists():
            continue
        real = list(real_lines(shared / "corpus", part))[:MOST_REAL]
        invented = list(invented_lines(lists, SEEDS[faces], names, faces, "handwriting", NAMES))
        card: dict[str, Any] = {
            "title": "Which letters the reader takes for which; made by scripts/make_confusions.py",
            "model": "hand, with language",
            "sets": {
                "real": f"real handwritten places of the corpus, part {part}, at most {MOST_REAL}",
                "names": f"invented people's names in handwriting faces, part {faces}",
            },
        }
        counted = {
            "real": count(list(readings(real, engine, "place_text"))),
            "names": count(list(readings(invented, engine, "person_name"))),
        }
        card["classes"] = classes(list(counted.values()))
        told = json.dumps({**card, **counted}, ensure_ascii=False, indent=1)
        file.write_text(told + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
