"""Reads with a CTC network in ONNX, one folder of `ocr_models/vie/` with its card."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.errors import ReadingError
from pipeline.ocr.crops import Ink, find_ink
from pipeline.ocr.decode import LogProbs, decode, restrict
from pipeline.ocr.engines import too_slow
from pipeline.ocr.gazetteer import load_places
from pipeline.ocr.language import WITH_PLACES, family, leaning, letters_of
from pipeline.settings import OcrSettings, shipped, shipped_root
from pipeline.values import Letter, Line, Pixels, Signal
from pipeline.words import _

NAME = "ctc_onnx"
MARGIN = 0.03  # paper around the ink, as a share of its height; 0.12 costs 5 points of CER
WIDTH_STEP_PX = 8  # lines are padded to a multiple of this, so that some share a batch
MAX_BATCH_PX = 2048  # strips side by side; on one thread more gains nothing and costs memory
MIN_RESTRICTED = -7.0  # log-probability that a line is a number at all; of words it is below -9
OVERLAP_PX = 128  # to either side of a cut: a few letters
AGREE_STEPS = 7  # of two pieces, where the one is taken after the other
AWAY = 0.02  # nats for each step away from the cut: where both are as sure, the gap is better
MIN_STRIP_PX = 16  # narrower than this the network has no step to speak of


@dataclass(frozen=True, slots=True)
class Model:
    """What the card of a model says about feeding it.

    Attributes:
        file: the ONNX file, beside the card.
        sha256: of that file.
        characters: class i of the output is the character i - 1; class 0 is the blank.
        height_px: of the strips it was trained on.
        max_width_px: past this the network fails.
        channels: how often the grey samples are repeated.
        network: name in `tuning/networks.py`; empty when it cannot be tuned.
    """

    file: Path
    sha256: str
    characters: str
    height_px: int
    max_width_px: int
    channels: int
    network: str = ""

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self.file.parent.name


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """The ink of one line at the network's height.

    Attributes:
        pixels: uint8, shape (height_px, width_px), black on white.
        left: where it begins in the crop, as a fraction of the crop's width; likewise `right`.
    """

    pixels: Pixels
    left: float
    right: float


def load_model(folder: Path) -> Model:
    """Read the card of a model and check that its file is the one the card means.

    Raises:
        ReadingError: there is no such model, or its file was changed.
    """
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        characters = (folder / "characters.txt").read_text(encoding="utf-8").rstrip("\n")
        found = hashlib.sha256((folder / card["file"]).read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError) as error:
        raise ReadingError(
            _(
                "thiếu hoặc hỏng mô hình đọc chữ {model}; "
                "hãy chạy “sohoa model use hand” hoặc cài lại sohoa"
            ).format(model=folder.name)
        ) from error
    if found != card["sha256"]:
        raise ReadingError(
            _(
                "tệp của mô hình {model} đã bị thay đổi (SHA-256 sai); hãy chạy “sohoa model use” "
                "với mô hình khác hoặc cài lại sohoa"
            ).format(model=folder.name)
        )
    feed = card["feed"]
    return Model(
        file=folder / card["file"],
        sha256=found,
        characters=characters,
        height_px=feed["height_px"],
        max_width_px=feed["max_width_px"],
        channels=feed["channels"],
        network=card.get("network", ""),
    )


class CtcEngine:
    """Reads lines of any script with one network, many at a time."""

    name = NAME

    def __init__(self, model: Model, settings: OcrSettings) -> None:
        import onnxruntime  # 19 MB, and most that import this file read nothing

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.model = model
        self.reader = shipped_root(model.name)
        self.version = f"{model.name} {model.sha256}"
        self._settings = settings
        self._session: Any = onnxruntime.InferenceSession(
            str(model.file), options, providers=["CPUExecutionProvider"]
        )
        self._input: str = self._session.get_inputs()[0].name

    def read(self, lines: Sequence[Line], inks: Sequence[Ink | None], kind: str = "") -> list[Line]:
        """Return the lines with what stands in them."""
        strips = [to_strip(ink, self.model.height_px) for ink in inks]
        read = iter(self.strip_logits([strip.pixels for strip in strips if strip is not None]))
        return [
            _blank(line) if strip is None else self._fill(line, strip, next(read), kind)
            for line, strip in zip(lines, strips, strict=True)
        ]

    def legibility(self, crops: Sequence[Pixels]) -> float:
        """Return the mean probability of the letters read in the crops."""
        strips = [to_strip(find_ink(pixels), self.model.height_px) for pixels in crops]
        likely = [
            float(np.mean([letter.confidence for letter in reading.letters]))
            for reading in (
                decode(log_probs, self.model.characters)
                for log_probs in self.strip_logits(
                    [strip.pixels for strip in strips if strip is not None]
                )
            )
            if reading.letters
        ]
        return sum(likely) / len(crops) if crops else 0.0

    def logits(self, crops: Sequence[Pixels]) -> list[LogProbs]:
        """Return the log-probabilities (steps, classes) of each crop; none for a blank one."""
        strips = [to_strip(find_ink(pixels), self.model.height_px) for pixels in crops]
        read = iter(self.strip_logits([strip.pixels for strip in strips if strip is not None]))
        nothing = np.zeros((0, len(self.model.characters) + 1), np.float32)
        return [nothing if strip is None else next(read) for strip in strips]

    def reread(
        self, line: Line, part: tuple[float, float], kind: str, said: tuple[str, ...]
    ) -> Line | None:
        """Return a part of the line by what is likely in that kind of field."""
        signal = line.signal
        if signal is None:
            return None
        steps, span = len(signal.log_probs), signal.right - signal.left
        first, last = (
            min(steps, max(0, round((edge - signal.left) / span * steps))) for edge in part
        )
        heard = signal.log_probs[first:last]
        if not len(heard):
            return None
        if letters_of(kind):
            heard, sure = restrict(heard, self.model.characters, letters_of(kind))
            if sure < MIN_RESTRICTED:
                return None
        left, right = signal.left + span * first / steps, signal.left + span * last / steps
        width = part[1] - part[0]
        own = Signal(heard, (left - part[0]) / width, (right - part[0]) / width)
        return self._decoded(line, own, kind, said)

    def _fill(self, line: Line, strip: Strip, log_probs: LogProbs, kind: str) -> Line:
        if letters_of(kind):
            log_probs, _sure = restrict(log_probs, self.model.characters, letters_of(kind))
        return self._decoded(line, Signal(log_probs, strip.left, strip.right), kind, ())

    def _decoded(self, line: Line, signal: Signal, kind: str, said: tuple[str, ...]) -> Line:
        characters = self.model.characters
        language = leaning(kind, characters, said) if self._settings.language else None
        places = load_places() if language and family(kind) in WITH_PLACES else None
        reading = decode(signal.log_probs, characters, language, places)
        span = signal.right - signal.left
        letters = tuple(
            Letter(
                letter.text,
                signal.left + letter.left * span,
                signal.left + letter.right * span,
                letter.confidence,
            )
            for letter in reading.letters
        )
        return replace(
            line,
            text=reading.text,
            confidence=min(1.0, reading.probability),
            alternatives=reading.alternatives,
            letters=letters,
            engine=NAME,
            signal=signal,
        )

    def strip_logits(self, strips: Sequence[Pixels]) -> list[LogProbs]:
        """Return the log-probabilities of each strip; long ones are read in pieces.

        Args:
            strips: pixels at the network's height, see `Strip`.
        """
        cuts = [spans(strip, self.model.max_width_px) for strip in strips]
        read = self._run(
            [
                strip[:, left:right]
                for strip, cut in zip(strips, cuts, strict=True)
                for left, right in cut
            ]
        )
        answers: list[LogProbs] = []
        for cut in cuts:
            own, read = read[: len(cut)], read[len(cut) :]
            answers.append(join(own, cut))
        return answers

    def _run(self, strips: Sequence[Pixels]) -> list[LogProbs]:
        """Run the network over strips, those of about one width together."""
        answers: dict[int, LogProbs] = {}
        last = time.monotonic() + self._settings.page_seconds
        for batch in _batches([strip.shape[1] for strip in strips]):
            if time.monotonic() > last:
                raise too_slow(NAME, self._settings.page_seconds)
            width = max(_padded(strips[index].shape[1]) for index in batch)
            shape = (len(batch), self.model.channels, self.model.height_px, width)
            fed = np.ones(shape, np.float32)
            for place, index in enumerate(batch):
                strip = strips[index]
                fed[place, :, :, : strip.shape[1]] = strip.astype(np.float32) / 255
            (out,) = self._session.run(None, {self._input: fed})
            for place, index in enumerate(batch):
                steps = -(-strips[index].shape[1] * len(out) // width)
                answers[index] = out[:steps, place]
        return [answers[index] for index in range(len(strips))]


def create(settings: OcrSettings) -> CtcEngine:
    """Load the model that the settings name.

    Raises:
        ReadingError: there is no such model, or its file was changed.
    """
    return CtcEngine(load_model(model_folder(settings)), settings)


def model_folder(settings: OcrSettings) -> Path:
    """Return the folder of the model that the settings name; the archive's own is a path."""
    return shipped("ocr_models") / "vie" / settings.hand_model


def to_strip(ink: Ink | None, height_px: int) -> Strip | None:
    """Return the ink of a crop at the network's height; None when nothing is written."""
    if ink is None:
        return None
    box, height = ink.box, ink.box.bottom - ink.box.top
    framed = np.pad(ink.pixels, max(1, round(MARGIN * height)), constant_values=255)
    width = max(MIN_STRIP_PX, round(framed.shape[1] * height_px / framed.shape[0]))
    method = cv2.INTER_AREA if framed.shape[0] > height_px else cv2.INTER_CUBIC
    strip = np.asarray(cv2.resize(framed, (width, height_px), interpolation=method), np.uint8)
    return Strip(strip, box.left / ink.crop_px, box.right / ink.crop_px)


def spans(strip: Pixels, max_width_px: int) -> list[tuple[int, int]]:
    """Return the columns from and up to which the strip is read: at once, or in pieces.

    Pieces overlap around the place where the paper shows most, so that each letter is whole in one
    of them and has its neighbours beside it.
    """
    width = strip.shape[1]
    start = 0
    found = []
    while width - start > max_width_px:
        at = start + _widest_gap(strip[:, start:], max_width_px - OVERLAP_PX)
        found.append((start, at + OVERLAP_PX))
        start = (at - OVERLAP_PX) // WIDTH_STEP_PX * WIDTH_STEP_PX
    return [*found, (start, width)]


def join(pieces: Sequence[LogProbs], cut: Sequence[tuple[int, int]]) -> LogProbs:
    """Return the steps of overlapping pieces in a row, each begun where it agrees with the last.

    Where both say the same over a few steps no letter is lost or doubled.
    """
    whole = pieces[0]
    for piece, (left, right) in zip(pieces[1:], cut[1:], strict=True):
        offset = left // max(1, round((right - left) / len(piece)))
        shared = min(len(whole) - offset, len(piece))
        alike = np.logaddexp.reduce(whole[offset : offset + shared] + piece[:shared], axis=1)
        near = np.convolve(alike, np.ones(AGREE_STEPS), "valid")
        away = np.abs(np.arange(len(near)) - len(near) / 2)
        at = int(np.argmax(near - AWAY * away)) + AGREE_STEPS // 2
        whole = np.concatenate([whole[: offset + at], piece[at:]])
    return whole


def _widest_gap(strip: Pixels, max_width_px: int) -> int:
    """Return the middle of the widest inkless stretch in the latter half of the window."""
    first = max_width_px // 2
    dark = (255 - strip[:, first:max_width_px].astype(np.int32)).sum(axis=0)
    empty = dark <= max(200, int(np.percentile(dark, 5)))
    bounds = np.flatnonzero(np.diff(np.concatenate(([0], empty.astype(np.int8), [0]))))
    starts, ends = bounds[::2], bounds[1::2]
    if not len(starts):
        return max_width_px
    widest = int(np.argmax(ends - starts))
    return first + max(1, int(starts[widest] + ends[widest]) // 2)


def _padded(width_px: int) -> int:
    return -(-width_px // WIDTH_STEP_PX) * WIDTH_STEP_PX


def _batches(widths: Sequence[int]) -> list[list[int]]:
    """Return the indexes of strips that go through the network together."""
    groups: dict[int, list[int]] = {}
    for index, width in enumerate(widths):
        groups.setdefault(_padded(width), []).append(index)
    batches: list[list[int]] = []
    for width, group in groups.items():
        size = max(1, MAX_BATCH_PX // width)
        batches += [group[start : start + size] for start in range(0, len(group), size)]
    return batches


def _blank(line: Line) -> Line:
    """Return the line as one on which nothing is written."""
    return replace(line, text="", confidence=1.0, alternatives=(), letters=(), engine=NAME)
