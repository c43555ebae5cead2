"""Going on training: what is learnt, what is left alone, and what a killed run leaves behind."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

# First of all: without torch it says so, and the rest cannot be imported.
from tests.tuning.tuning_readers import LETTERS, strip, tiny_reader, torch

from pipeline.tuning import tune as tuning  # isort: skip
from pipeline.tuning.batches import batches, bend  # isort: skip
from pipeline.tuning.losses import from_opinion, from_texts  # isort: skip
from pipeline.tuning.tune import Checkpoint, Schedule, tune  # isort: skip

LINES = [(strip(number), text) for number, text in enumerate(["ab", "a cab", "bb", "c"] * 4)]
OTHERS = [(strip(90), "aaa")]
SHORT = Schedule(passes=1, least=40, general=0.2, rate=1e-3, batch=4)


def loss(reader: torch.nn.Module) -> float:
    """The mean CTC loss on the lines as they are."""
    reader.eval()
    stream = batches([(LINES, 1.0)], LETTERS, Random(5), 32, 4, 4000)
    with torch.no_grad():
        return float(
            np.mean([
                from_texts(reader(batch.pixels), batch).item()
                for batch in islice(stream, 8)
            ])
        )  # fmt: skip


def weights(reader: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: values.clone() for name, values in reader.state_dict().items()}


def test_what_is_learnt_is_the_lines() -> None:
    reader = tiny_reader()
    before = loss(reader)
    tune(reader, LETTERS, LINES, OTHERS, replace(SHORT, least=160))
    assert loss(reader) < 0.8 * before


def test_norms_keep_what_they_learnt_before() -> None:
    reader = tiny_reader()
    before = weights(reader)
    tune(reader, LETTERS, LINES, OTHERS, SHORT)
    after = weights(reader)
    kept = [name for name in before if "running" in name]
    assert kept
    assert all(torch.equal(before[name], after[name]) for name in kept)
    assert not torch.equal(before["trunk.classifier.weight"], after["trunk.classifier.weight"])


def test_general_lines_keep_what_was_said_of_them() -> None:
    reader = tiny_reader()
    tune(reader, LETTERS, OTHERS, OTHERS, replace(SHORT, general=0, least=160))  # it knows them
    (batch,) = islice(batches([(OTHERS, 1.0)], LETTERS, Random(5), 32, 4, 4000), 1)
    reader.eval()
    with torch.no_grad():
        before = reader(batch.pixels)

    def drift(general: float) -> float:
        other = deepcopy(reader)
        tune(other, LETTERS, LINES, OTHERS, replace(SHORT, least=200, general=general, kept=1.0))
        with torch.no_grad():
            return from_opinion(other(batch.pixels), before).item()

    assert drift(2.0) < 0.5 * drift(0.0)


def test_the_time_limit_ends_the_training_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    schedule = replace(SHORT, least=10**6, minutes=0.01)
    tune(tiny_reader(), LETTERS, LINES, OTHERS, schedule, None, lambda *at: told.append(at))
    assert told == sorted(told)
    assert 0 < told[-1][0] < told[-1][1] == 10**6


def test_a_killed_run_goes_on_and_another_begins_anew(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "state.pt", "these lines")
    tune(tiny_reader(), LETTERS, LINES, OTHERS, SHORT, checkpoint)

    def seen_first(key: str) -> int:
        told: list[int] = []
        longer, run = replace(SHORT, least=60), Checkpoint(tmp_path / "state.pt", key)
        tune(
            tiny_reader(), LETTERS, LINES, OTHERS, longer, run, lambda seen, _of: told.append(seen)
        )
        return told[0]

    assert seen_first("other lines") <= SHORT.batch
    tune(tiny_reader(), LETTERS, LINES, OTHERS, SHORT, checkpoint)
    assert seen_first("these lines") >= 40


def test_a_run_that_goes_on_keeps_what_was_said_before_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = Checkpoint(tmp_path / "state.pt", "these lines")
    tune(tiny_reader(), LETTERS, LINES, OTHERS, SHORT, checkpoint)
    guides: list[torch.nn.Module] = []
    kept = tuning._kept

    def watched(reader: Any, before: Any, batch: Any, schedule: Schedule) -> torch.Tensor:
        guides.append(before)
        return kept(reader, before, batch, schedule)

    monkeypatch.setattr(tuning, "_kept", watched)
    tune(tiny_reader(), LETTERS, LINES, OTHERS, replace(SHORT, least=60), checkpoint)
    base = weights(tiny_reader())
    assert guides
    assert all(torch.equal(base[name], now) for name, now in weights(guides[0]).items())


def test_a_bent_line_is_another_picture_of_the_same_height() -> None:
    rng, grain = Random(1), np.random.default_rng(1)
    first, second = (bend(strip(1), 32, rng, grain) for _ in range(2))
    assert first.shape[0] == second.shape[0] == 32
    assert first.dtype == np.float32
    assert 0 <= first.min() < 0.4 < 0.9 < first.max() <= 1
    assert first.shape != second.shape or not np.array_equal(first, second)


def test_batches_hold_each_source_by_its_share_padded_with_paper() -> None:
    stream = batches([(LINES, 0.5), (OTHERS, 0.5)], LETTERS, Random(2), 32, 4, 4000)
    some = list(islice(stream, 24))
    a = LETTERS.index("a") + 1
    texts = [line for batch in some for line in batch.classes.split(batch.lengths.tolist())]
    others = sum(line.tolist() == [a, a, a] for line in texts)
    assert 0.3 < others / len(texts) < 0.7
    for batch in some:
        assert batch.pixels.shape[1:3] == (1, 32)
        assert batch.pixels.shape[3] % 8 == 0
        assert batch.steps.max() <= batch.pixels.shape[3] // 4
        assert (batch.pixels[:, :, :, -1] == 1).all()
