"""Train what tells print, typing and handwriting apart; writes ocr_models/vie/script.json.

    scripts/train_script_classifier.py --pages build/pages --corpus ../shared/corpus

`--pages` holds folders of scripts/synthesize_pages.py (`--script handwriting|typewriter|print`):
those named tuning-… to learn from, those named measuring-… (other faces, other layouts) to
measure on. Real handwriting and real typing of the corpus are split by writer and by page.
Without --corpus only the invented pages are used.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click
import numpy as np
import numpy.typing as npt
from line_pictures import LinePicture, hand_lines, page_lines, typed_lines

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.ocr.script import FEATURES, SCRIPTS, Floats, Weights, features, judge  # noqa: E402

OUT = ROOT / "ocr_models" / "vie" / "script.json"
HIDDEN = 16
STEPS = 6000
BATCH = 256
DECAY = 1e-3
MOST = 900  # lines from one folder or set
HELD_SHARE = 1 / 3  # of real writers and pages


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The features of one line, and where it comes from."""

    found: Floats
    script: int
    source: str
    letters: int


def look(lines: Iterator[LinePicture], source: str, rng: Random) -> list[Seen]:
    """Return the features of at most MOST of the lines."""
    drawn = [line for line in lines if line.text]
    rng.shuffle(drawn)
    seen = []
    for line in drawn[:MOST]:
        found = features(line.pixels)
        if found is not None:
            seen.append(Seen(found, SCRIPTS.index(line.script), source, len(line.text)))
    print(f"{source}: {len(seen)} lines")
    return seen


def split(lines: Iterator[LinePicture], rng: Random) -> tuple[list[LinePicture], list[LinePicture]]:
    """Return lines to learn from and lines held back; a writer is in one of them only."""
    drawn = list(lines)
    groups = sorted({line.group for line in drawn})
    rng.shuffle(groups)
    held = set(groups[: round(len(groups) * HELD_SHARE)])
    return (
        [line for line in drawn if line.group not in held],
        [line for line in drawn if line.group in held],
    )


def shares(seen: Sequence[Seen]) -> Floats:
    """Return how often to draw each line: scripts alike, and their sources alike."""
    sources = Counter((line.script, line.source) for line in seen)
    kinds = Counter(script for script, _source in sources)
    share = np.array(
        [1 / (kinds[line.script] * sources[line.script, line.source]) for line in seen]
    )
    return np.asarray(share / share.sum(), np.float64)


def train(seen: Sequence[Seen], rng: np.random.Generator) -> Weights:
    """Fit the small network by Adam on the cross-entropy."""
    found = np.array([line.found for line in seen])
    scripts = np.array([line.script for line in seen])
    mean, spread = found.mean(axis=0), found.std(axis=0) + 1e-6
    inputs = np.clip((found - mean) / spread, -4, 4)
    layers = [
        rng.normal(0, 0.3, (found.shape[1], HIDDEN)), np.zeros(HIDDEN),
        rng.normal(0, 0.3, (HIDDEN, len(SCRIPTS))), np.zeros(len(SCRIPTS)),
    ]  # fmt: skip
    first = [np.zeros_like(layer) for layer in layers]
    second = [np.zeros_like(layer) for layer in layers]
    draw = shares(seen)
    for step in range(1, STEPS + 1):
        batch = rng.choice(len(seen), BATCH, p=draw)
        slopes = gradients(layers, inputs[batch], scripts[batch])
        rate = 0.01 * (1 - step / STEPS) + 1e-4
        for index, slope in enumerate(slopes):
            first[index] = 0.9 * first[index] + 0.1 * slope
            second[index] = 0.999 * second[index] + 0.001 * slope**2
            size = np.sqrt(second[index] / (1 - 0.999**step)) + 1e-8
            layers[index] = layers[index] - rate * first[index] / (1 - 0.9**step) / size
    return Weights(mean, spread, *layers)


def gradients(
    layers: Sequence[Floats], inputs: Floats, scripts: npt.NDArray[np.int64]
) -> list[Floats]:
    """Return the slopes of the loss for each layer."""
    hidden_weights, hidden_bias, out_weights, out_bias = layers
    hidden = np.tanh(inputs @ hidden_weights + hidden_bias)
    scores = hidden @ out_weights + out_bias
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    wrong = scores / scores.sum(axis=1, keepdims=True)
    wrong[np.arange(len(scripts)), scripts] -= 1
    wrong /= len(scripts)
    back = (wrong @ out_weights.T) * (1 - hidden**2)
    return [
        inputs.T @ back + DECAY * hidden_weights, back.sum(axis=0),
        hidden.T @ wrong + DECAY * out_weights, wrong.sum(axis=0),
    ]  # fmt: skip


def report(seen: Sequence[Seen], weights: Weights) -> dict[str, dict[str, float]]:
    """Print and return, by source and length, how many held-back lines are told right."""
    told = judge(np.array([line.found for line in seen]), weights).argmax(axis=1)
    truth = np.array([line.script for line in seen])
    hand = SCRIPTS.index("handwriting")
    figures = {}
    lengths = np.array([line.letters for line in seen])
    sources = np.array([line.source for line in seen])
    parts = {f"source {name}": sources == name for name in sorted(set(sources))}
    for low, high in ((1, 3), (4, 8), (9, 20), (21, 999)):
        parts[f"letters {low}-{high}"] = (lengths >= low) & (lengths <= high)
    parts["all"] = np.ones(len(seen), np.bool_)
    for name, part in parts.items():
        figures[name] = {
            "lines": int(part.sum()),
            "right": round(float((told == truth)[part].mean()), 3),
            "hand_or_machine": round(float(((told == hand) == (truth == hand))[part].mean()), 3),
        }
        print(name, figures[name])
    return figures


@click.command()
@click.option("--pages", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--corpus", type=click.Path(exists=True, path_type=Path))
def main(pages: Path, corpus: Path | None) -> None:
    """Train on some pages, measure on others, write the weights."""
    rng = Random(1)
    learnt, held = (
        [
            line
            for folder in sorted(pages.glob(f"{part}-*"))
            for line in look(page_lines(folder), folder.name, rng)
        ]
        for part in ("tuning", "measuring")
    )
    real = {}
    if corpus:
        real = {
            "real table cells": hand_lines(corpus, "table_cells"),
            "real address lines": hand_lines(corpus, "address_lines"),
            "real typing": typed_lines(corpus),
        }
    for name, lines in real.items():
        mine, others = split(lines, rng)
        learnt += look(iter(mine), name, rng)
        held += look(iter(others), name, rng)
    weights = train(learnt, np.random.default_rng(1))
    data: dict[str, object] = {
        "about": "tells print, typewriter and handwriting; scripts/train_script_classifier.py",
        "features": FEATURES,
        "scripts": SCRIPTS,
        "learnt_from": dict(Counter(line.source for line in learnt)),
        "held_back": report(held, weights),
    }
    data |= {
        name: np.round(values, 5).tolist()
        for name, values in zip(Weights._fields, weights, strict=True)
    }
    OUT.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
