"""Improve the reader on an office's own lines: hold back, tune, measure, then keep or refuse."""

import hashlib
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from pipeline.errors import ProgramError, UsageError
from pipeline.flow.book import working
from pipeline.flow.lessons import Lesson
from pipeline.ingest.intake import Progress
from pipeline.ocr.decode import greedy
from pipeline.ocr.engines.ctc_onnx import CtcEngine, Model, load_model, model_folder
from pipeline.settings import OcrSettings, Settings
from pipeline.store.database import now
from pipeline.store.durable import sha256_of
from pipeline.store.models import TunedModel, keep_model, next_name, use_model
from pipeline.tuning.general import TextLine, check_lines, replay_lines
from pipeline.values import Pixels
from pipeline.words import _

HELD = 0.2  # share of the lines that is held back
LEAST_HELD = 10  # fewer say nothing about the others
LEAST = 30  # lines; fewer cannot both teach and judge
MOST_WORSE = 0.002  # CER on the general set may rise by so much: a letter in 500
WAYS = (1.0, 0.75, 0.5, 0.25)  # how far a new model may go from the base to where training led
TOGETHER = 32  # lines that are read in one call while measuring


class Figures(NamedTuple):
    """Character error rates (greedy): on the lines held back, and on the general set."""

    held: float
    general: float


@dataclass(frozen=True, slots=True)
class Training:
    """What became of a training.

    Attributes:
        base: name of the model that it started from.
        learnt: how many lines it was tuned on, `held` how many were held back.
        model: name of the new model, which is in use now; empty when it was refused.
        minutes: by the clock, for the tuning itself.
    """

    base: str
    learnt: int
    held: int
    before: Figures
    after: Figures
    minutes: float
    model: str = ""


def is_better(before: Figures, after: Figures) -> bool:
    """Tell whether the new model is to be kept: better on the office's lines, no worse on all."""
    return after.held < before.held and after.general <= before.general + MOST_WORSE


def held_back(lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """Return the lines to learn from, and those to measure on.

    Which are held back follows from each line's place alone, so that no later training learns
    from a line that is still to judge it; where that gives too few, those next to it are added.
    """
    ranked = sorted(lessons, key=lambda lesson: _share(lesson.place))
    count = sum(_share(lesson.place) < HELD for lesson in ranked)
    count = max(count, LEAST_HELD)
    return ranked[count:], ranked[:count]


def _share(place: str) -> float:
    """Return a number from 0 to 1 that a place always has."""
    return int(hashlib.sha256(place.encode()).hexdigest()[:8], 16) / 16**8


def train(
    settings: Settings,
    lessons: Sequence[Lesson],
    minutes: float,
    on_progress: Progress,
    check: Sequence[TextLine] | None = None,
) -> Training:
    """Tune the model in use on the lessons; keep the new one and use it if it is better.

    A run that was killed goes on where it was when the same lessons come again.

    Args:
        check: lines that the new model must not read worse; the general set when None.

    Raises:
        UsageError: there are too few lessons, or the model in use cannot be tuned.
        ProgramError: torch is not installed.
        BusyError: another training runs on this archive, or it is being worked on at the end.
    """
    tuner, exporter, loader = torch_parts()
    if len(lessons) < LEAST:
        raise UsageError(
            _("mới có {count} dòng dùng được; cần ít nhất {least} dòng để luyện").format(
                count=len(lessons), least=LEAST
            )
        )
    base = load_model(model_folder(settings.ocr))
    if not base.network:
        raise UsageError(
            _("mô hình {model} không luyện thêm được; hãy chạy “sohoa model use hand”").format(
                model=base.name
            )
        )
    learn, held = held_back(lessons)
    work = settings.archive / "work" / "tuning"
    with working(settings.archive, "tuning-lock"):
        begun = time.monotonic()
        reader = loader.load_reader(base.file, base.network, len(base.characters) + 1)
        schedule = tuner.Schedule(minutes=minutes)
        began = tuner.weights_of(reader)
        tuner.tune(
            reader,
            base.characters,
            [(lesson.pixels, lesson.text) for lesson in learn],
            replay_lines(),
            schedule,
            tuner.Checkpoint(work / "state.pt", _key(base, learn)),
            lambda seen, of: on_progress(_("luyện"), seen, of),
        )
        spent = (time.monotonic() - begun) / 60
        general = check_lines() if check is None else check
        engines = settle(reader, began, base, work / "model.onnx", general[::2])
        candidate = engines[1].model
        before, after = (figures(engine, held, general[1::2]) for engine in engines)
        told = Training(base.name, len(learn), len(held), before, after, spent)
        if is_better(before, after):
            card = TunedModel(
                name="",
                file="",
                sha256=candidate.sha256,
                network=base.network,
                feed=exporter.FEED,
                base=base.name,
                base_sha256=base.sha256,
                date=now(),
                person=settings.person,
                learnt=len(learn),
                held=len(held),
                books=tuple(sorted({lesson.book for lesson in lessons} - {""})),
                held_cer=(before.held, after.held),
                general_cer=(before.general, after.general),
            )
            told = replace(
                told, model=_keep(settings.archive, card, candidate.file, base.characters)
            )
        shutil.rmtree(work)
    return told


def _keep(archive: Path, card: TunedModel, file: Path, characters: str) -> str:
    """Put a new model into the archive under the next name, and use it; return the name."""
    with working(archive):
        name = next_name(archive, card.base)
        keep_model(archive, replace(card, name=name, file=f"{name}.onnx"), file, characters)
        use_model(archive, name)
    return name


def settle(
    reader: Any, began: Mapping[str, Any], base: Model, file: Path, general: Sequence[TextLine]
) -> tuple[CtcEngine, CtcEngine]:
    """Go back from where training led, until general lines are read no worse than before.

    Args:
        reader: as it was trained; it gets the weights that are settled on.
        began: its weights before that.
        base: the model it was tuned from.
        file: where the new one is written.
        general: lines to settle with; they do not judge the model.

    Returns:
        engines that read with the base and with the new model.
    """
    tuner, exporter, _loader = torch_parts()
    patient = OcrSettings(page_seconds=math.inf)  # a set of lines is no page
    old = CtcEngine(base, patient)
    most = cer(old, general) + MOST_WORSE
    led = tuner.weights_of(reader)
    for share in WAYS:
        tuner.put_between(reader, began, led, share)
        exporter.export(reader, file)
        new = CtcEngine(replace(base, file=file, sha256=sha256_of(file)), patient)
        if cer(new, general) <= most:
            break
    return old, new


def figures(engine: CtcEngine, held: Sequence[Lesson], general: Sequence[TextLine]) -> Figures:
    """Return a model's error rates, read as it would ship."""
    own = cer(engine, [(lesson.pixels, lesson.text) for lesson in held])
    return Figures(own, cer(engine, general))


def cer(engine: CtcEngine, lines: Sequence[TextLine]) -> float:
    """Return the character error rate of a network by itself (greedy) on strips of lines."""
    wrong = letters = 0
    for start in range(0, len(lines), TOGETHER):
        some = lines[start : start + TOGETHER]
        strips = [at_height(pixels, engine.model.height_px) for pixels, _text in some]
        for (_pixels, text), steps in zip(some, engine.strip_logits(strips), strict=True):
            wrong += Levenshtein.distance(greedy(steps, engine.model.characters), text)
            letters += len(text)
    return wrong / max(1, letters)


def at_height(pixels: Pixels, height_px: int) -> Pixels:
    """Return a strip at the height that a network is fed."""
    width = max(1, round(pixels.shape[1] * height_px / pixels.shape[0]))
    small = cv2.resize(pixels, (width, height_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _key(base: Model, learn: Sequence[Lesson]) -> str:
    """Return what tells a run from one on another base or on other lines."""
    told = (base.sha256, [(lesson.place, lesson.text) for lesson in learn])
    return hashlib.sha256(repr(told).encode()).hexdigest()


def torch_parts() -> tuple[ModuleType, ModuleType, ModuleType]:
    """Return what needs torch: tuning, exporting, weights.

    Raises:
        ProgramError: torch or onnx is not installed.
    """
    try:
        from pipeline.tuning import exporting, tune, weights
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("torch", "onnx"):
            raise
        raise ProgramError(
            "torch",
            _("chưa cài đặt; chỉ lệnh “sohoa train” cần"),
            _("hãy chạy: {command}").format(command="pip install 'sohoa[train]'"),
        ) from error
    return tune, exporting, weights
