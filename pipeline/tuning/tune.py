"""Go on training a reader on lines of an office's own books."""

import time
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.store.durable import durable_write
from pipeline.tuning.batches import Batch, Lines, batches
from pipeline.tuning.losses import from_both, from_texts
from pipeline.tuning.networks import HEIGHT_PX, Reader

WARM_UP = 0.1  # of the way, over which the rate rises
STEADY = 3.0  # norm of the gradient above which a step is shortened
SAVE_SECONDS = 120.0  # a state is some 130 MB
MOST_PX = 400  # of a line's width, on average in a full batch; bounds the memory

Told = Callable[[int, int], None]  # lines that were seen, and that are to be seen


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard a reader is tuned.

    Attributes:
        passes: how often each own line is seen at least, bent anew each time.
        least: own lines that are seen in all when there are but few of them.
        general: general lines in each step for each own one, so that nothing is forgotten.
        kept: what of the loss on general lines is how far the reader is from what it said of them
            before (Li and Hoiem 2018); the rest is how far from their text.
        rate: of AdamW at its height; it rises at first, and then falls to nothing.
        batch: own lines in a step.
        minutes: by the clock; the rate falls so that the end is reached by then.
        much: how far lines are bent: little, since it is this hand that is to be learnt.
    """

    passes: int = 8
    least: int = 600
    general: float = 1.0
    kept: float = 0.5
    rate: float = 3e-4
    batch: int = 8
    minutes: float = 50.0
    much: float = 0.4


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a run keeps its state.

    Attributes:
        key: what the run is about; the state of another run is passed over.
    """

    file: Path
    key: str


def tune(
    reader: Reader,
    characters: str,
    own: Lines,
    general: Lines,
    schedule: Schedule,
    checkpoint: Checkpoint | None = None,
    on_progress: Told = lambda _seen, _of: None,
) -> None:
    """Train the reader further; a run that was killed goes on from its last checkpoint.

    The time that a killed run had spent counts.

    Raises:
        StorageError: a checkpoint cannot be written.
    """
    optimizer = torch.optim.AdamW(reader.parameters(), schedule.rate, weight_decay=1e-3)
    before = deepcopy(reader).eval()  # not what a checkpoint has made of it
    seen, spent = _resumed(reader, optimizer, checkpoint)
    to_see = max(schedule.passes * len(own), schedule.least)
    stream = _stream(own, characters, schedule, schedule.batch, seen + 1)
    others = round(schedule.general * schedule.batch)
    general_stream = _stream(general, characters, schedule, others, seen + 2) if others else None
    _set_training(reader)
    begun = saved = time.monotonic()
    while (part := max(seen / to_see, spent / (60 * schedule.minutes))) < 1:
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate * min(1.0, part / WARM_UP + 0.05) * (1 - part)
        batch = next(stream)
        loss = from_texts(reader(batch.pixels), batch)
        if general_stream is not None:
            loss = loss + schedule.general * _kept(reader, before, next(general_stream), schedule)
        _step(reader, optimizer, loss)
        seen += len(batch.lengths)
        now = time.monotonic()
        spent, begun = spent + now - begun, now
        if checkpoint is not None and now - saved > SAVE_SECONDS:
            saved = now
            _save(reader, optimizer, checkpoint, seen, spent)
        on_progress(min(seen, to_see), to_see)
    if checkpoint is not None:  # what follows may be killed as well
        _save(reader, optimizer, checkpoint, seen, spent)
    reader.eval()


def weights_of(reader: Reader) -> dict[str, Tensor]:
    """Return a copy of a reader's weights as they are now."""
    return {name: values.clone() for name, values in reader.state_dict().items()}


def put_between(
    reader: Reader, began: Mapping[str, Tensor], led: Mapping[str, Tensor], share: float
) -> None:
    """Give a reader the weights that lie so far on the way from where it began to where it was led.

    Part of the way it has most of what it learnt, and has lost little of what it knew (Wortsman
    et al. 2022).
    """
    reader.load_state_dict(
        {
            name: values.lerp(led[name], share) if values.is_floating_point() else led[name]
            for name, values in began.items()
        }
    )


def _stream(
    lines: Lines, characters: str, schedule: Schedule, batch: int, seed: int
) -> Iterator[Batch]:
    return batches(
        [(lines, 1.0)], characters, Random(seed), HEIGHT_PX, batch, MOST_PX * batch,
        much=schedule.much,
    )  # fmt: skip


def _set_training(reader: Reader) -> None:
    """Let dropout work; norms keep what they learnt from many more lines than these."""
    reader.train()
    for layer in reader.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()


def _kept(reader: Reader, before: Reader, batch: Batch, schedule: Schedule) -> Tensor:
    """Return the loss on general lines: what they say, and what was said of them before."""
    said = reader(batch.pixels)
    with torch.no_grad():
        opinion = before(batch.pixels)
    return from_both(said, batch, opinion, schedule.kept)


def _step(reader: Reader, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(reader.parameters(), STEADY)
    optimizer.step()


def _resumed(
    reader: Reader, optimizer: torch.optim.Optimizer, checkpoint: Checkpoint | None
) -> tuple[int, float]:
    """Fill both from the checkpoint of the same run; return lines seen and seconds spent."""
    if checkpoint is None or not checkpoint.file.exists():
        return 0, 0.0
    state: dict[str, Any] = torch.load(checkpoint.file, weights_only=True)
    if state["key"] != checkpoint.key:
        return 0, 0.0
    reader.load_state_dict(state["reader"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["seen"]), float(state["spent"])


def _save(
    reader: Reader,
    optimizer: torch.optim.Optimizer,
    checkpoint: Checkpoint,
    seen: int,
    spent: float,
) -> None:
    """Write a checkpoint, whole or not at all."""
    state = {
        "key": checkpoint.key,
        "reader": reader.state_dict(),
        "optimizer": optimizer.state_dict(),
        "seen": seen,
        "spent": spent,
    }
    stream = BytesIO()
    torch.save(state, stream)
    durable_write(checkpoint.file, stream.getvalue())
