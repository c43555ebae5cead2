"""Find thin dark lines that run along a page, strip by strip."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.layout.darkness import Darkness, Scale
from pipeline.layout.follow import (
    MAX_GAP_MM,
    MAX_SLOPE,
    MIN_RUN_MM,
    STRIP_MM,
    Near,
    Node,
    Trace,
    follow,
)
from pipeline.values import Pixels

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

MIN_COVER = 0.5  # share of a strip that such runs fill where a rule passes


def thin_runs(values: Pixels, dark: Darkness) -> Pixels:
    """Return 1 on thin dark lines that run along x without a break, else 0."""
    scale = dark.scale
    smooth = np.asarray(cv2.blur(values, (3, 1)), np.uint8)
    near = scale.whole(0.55)
    thin = np.asarray(cv2.subtract(smooth, _darker_side(smooth, near)), np.uint8)
    above = cv2.copyMakeBorder(smooth, near, 0, 0, 0, cv2.BORDER_CONSTANT, value=0)
    unlike = cv2.absdiff(smooth[::4, ::4], above[: len(smooth) : 4, ::4])
    grain = float(np.median(unlike))
    # Stems of letters that stand on a row or hang from it darken its sides.
    is_thin = ((thin > int(max(5.0, 2.5 * grain))) & (thin > smooth // 3)).astype(np.uint8)
    joined = cv2.dilate(is_thin, np.ones((2, scale.odd(0.5)), np.uint8))
    runs = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, scale.odd(MIN_RUN_MM)), np.uint8))
    # A thick rule is solid over some length, which the bodies of letters are not.
    run = np.ones((1, scale.odd(3.0)), np.uint8)
    solid = np.asarray(cv2.morphologyEx(values, cv2.MORPH_OPEN, run), np.uint8)
    thick = np.asarray(cv2.subtract(solid, _darker_side(solid, scale.whole(1.3))), np.uint8)
    return np.asarray(
        np.asarray(runs, np.uint8) | (thick > max(dark.ink, 0.4 * dark.full)), np.uint8
    )


def _darker_side(values: Pixels, reach: int) -> Pixels:
    """Return the darker of what lies so many rows above and below each point; none is 0."""
    around = cv2.copyMakeBorder(values, reach, reach, 0, 0, cv2.BORDER_CONSTANT, value=0)
    return np.asarray(cv2.max(around[: -2 * reach], around[2 * reach :]), np.uint8)


def find_traces(values: Pixels, dark: Darkness) -> list[Trace]:
    """Return the rules that run along x."""
    scale = dark.scale
    strip = scale.whole(STRIP_MM)
    if values.shape[1] < 2 * strip or values.shape[0] < 2 * strip:
        return []
    mask = thin_runs(values, dark)
    beside = np.ones((3, 1), np.uint8)  # a path may miss its rule by one px
    near = Near(*(np.asarray(cv2.dilate(part, beside), np.uint8) for part in (mask, values)))
    traces: list[Trace] = []
    for chain in _link(_nodes(mask, strip), scale):
        strips = chain[-1].strip - chain[0].strip + 1
        if len(chain) > 1 and len(chain) >= (0.65 if strips <= 6 else 0.35) * strips:
            traces += follow(chain, near, values, scale)
    return _without_doubles(traces)


@dataclass(slots=True)
class _Chain:
    """Nodes on one line, while they are being gathered."""

    nodes: list[Node]
    slope: float = 0.0  # px across for one strip along, as its last nodes run

    def add(self, node: Node) -> None:
        """Lengthen the chain by a node."""
        self.nodes.append(node)
        tail = self.nodes[-8:]
        if len(tail) >= 4:
            self.slope = (node.across - tail[0].across) / (node.strip - tail[0].strip)


def _nodes(mask: Pixels, strip: int) -> list[list[float]]:
    """Return for every strip the rows where a rule may pass."""
    strips = mask.shape[1] // strip
    used = mask[:, : strips * strip] * np.uint8(255)
    cover = cv2.resize(used, (strips, mask.shape[0]), interpolation=cv2.INTER_AREA)
    cover = cover.astype(np.float32) / 255
    weight = cv2.blur(cover, (1, 5)) + 1e-3 * cover
    is_top = (weight == cv2.dilate(weight, np.ones((5, 1), np.uint8))) & (cover >= MIN_COVER)
    nodes: list[list[float]] = [[] for _ in range(strips)]
    rows, columns = np.nonzero(is_top)
    beside = np.arange(-2, 3)
    parts = np.pad(cover, ((2, 2), (0, 0)))[rows[:, None] + beside + 2, columns[:, None]]
    centres = rows + (parts * beside).sum(axis=1) / parts.sum(axis=1)
    for centre, column in zip(centres.tolist(), columns.tolist(), strict=True):
        if nodes[column] and centre - nodes[column][-1] < 2:
            continue  # a plateau has two tops
        nodes[column].append(centre)
    return nodes


def _link(nodes: list[list[float]], scale: Scale) -> list[list[Node]]:
    """Return chains of nodes that lie on one line."""
    reach = max(1, round(MAX_GAP_MM / STRIP_MM))
    steepest = MAX_SLOPE * scale.px(STRIP_MM)
    chains: list[_Chain] = []
    living: list[_Chain] = []
    for strip, here in enumerate(nodes):
        living = [chain for chain in living if strip - chain.nodes[-1].strip <= reach]
        free = set(range(len(here)))
        if living and here:
            steps = np.array([strip - chain.nodes[-1].strip for chain in living])
            last = np.array([chain.nodes[-1].across for chain in living])
            slopes = np.clip([chain.slope for chain in living], -steepest, steepest)
            off = np.abs(np.array(here)[None, :] - (last + slopes * steps)[:, None])
            fits = off <= (1.7 + 0.25 * (steps - 1))[:, None]
            off -= 0.02 * np.array([min(20, len(chain.nodes)) for chain in living])[:, None]
            pairs = np.argwhere(fits)
            used: set[int] = set()
            for number, node in pairs[np.argsort(off[fits], kind="stable")].tolist():
                if number not in used and node in free:
                    living[number].add(Node(strip, here[node]))
                    used.add(number)
                    free.discard(node)
        begun = [_Chain([Node(strip, here[node])]) for node in sorted(free)]
        chains += begun
        living += begun
    return [chain.nodes for chain in chains]


def _without_doubles(traces: list[Trace]) -> list[Trace]:
    """Return the traces without those that run inside another, longer one."""
    kept: list[Trace] = []
    for trace in sorted(traces, key=lambda t: float(t.along[0] - t.along[-1])):
        places = np.linspace(trace.along[0], trace.along[-1], 9)
        own = np.interp(places, trace.along, trace.across)
        far = 20 + MAX_SLOPE * (trace.along[-1] - trace.along[0])
        for other in kept:
            if abs(other.across[0] - own[0]) > far and abs(other.across[-1] - own[-1]) > far:
                continue
            inside = (places >= other.along[0] - 2) & (places <= other.along[-1] + 2)
            apart = np.abs(np.interp(places, other.along, other.across) - own)
            near = max(2.5, 0.5 * other.thickness + 1)
            if (inside & (apart < near)).mean() > 0.6:
                break
        else:
            kept.append(trace)
    return kept
