"""Train the readers of lines with torch; needs the extra `train` and build/lines.

    scripts/train_reader.py front --minutes 25        the light front learns from the heavy one
    scripts/train_reader.py ctc hand --network light --lines 40000 …
    scripts/train_reader.py ctc fast --network compact --lines 600000 …

Each run keeps its state in build/readers/NAME and goes on where it was when started again.
"""

import json
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import torch  # noqa: E402
from rapidfuzz.distance import Levenshtein  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from training.asternet import NETWORKS, load_asternet, make, thin  # noqa: E402
from training.loading import Lines, open_lines, resized  # noqa: E402
from training.texts import CHARACTERS  # noqa: E402

from pipeline.ocr.decode import greedy  # noqa: E402
from pipeline.tuning.batches import batches, collate  # noqa: E402
from pipeline.tuning.losses import from_both, from_texts  # noqa: E402
from pipeline.tuning.networks import HEIGHT_PX, LightFront, Reader  # noqa: E402

LINES = ROOT / "build" / "lines"
READERS = ROOT / "build" / "readers"
ASTERNET = ROOT / "ocr_models" / "vie" / "asternet" / "asternet.onnx"
TAUGHT = 0.7  # share of the teacher's opinion in the loss
SAVE_SECONDS = 180
WHOLE = 0.6  # of the real lines; the others are cut to a few words


def cer(reader: Reader, lines: Lines, most: int) -> tuple[float, float]:
    """Return character error rate and share of lines wholly right, greedy."""
    reader.eval()
    wrong = letters = right = 0
    places = range(0, len(lines), max(1, len(lines) // most))
    with torch.no_grad():
        for place in places:
            strip, text = lines[place]
            batch = collate([resized(strip, HEIGHT_PX)], [text], CHARACTERS)
            read = greedy(reader(batch.pixels)[0].numpy(), CHARACTERS)
            wrong += Levenshtein.distance(read, text)
            letters += len(text)
            right += read == text
    reader.train()
    return wrong / max(1, letters), right / max(1, len(places))


def report(reader: Reader, folder: Path, told: dict[str, Any], most: int) -> None:
    """Measure on development lines, and say it; faces for measuring are only watched."""
    for name in ("real-dev", "measuring-handwriting", "measuring-print", "measuring-typewriter"):
        lines = open_lines(folder, name)
        if len(lines):
            error, exact = cer(reader, lines, most)
            told[name] = f"{100 * error:.1f}/{100 * exact:.0f}"
    print(json.dumps(told), flush=True)


def save(file: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, file.with_suffix(".part"))
    file.with_suffix(".part").replace(file)


def swift() -> torch.autocast:
    """Reckon in bfloat16 where the processor can (1.7 times as fast); weights stay float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported())


@click.group()
def main() -> None:
    """Train readers."""
    torch.set_num_threads(1)


@main.command()
@click.option("--minutes", default=25.0, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=LINES)
@click.option("--rate", default=2e-3, show_default=True)
def front(minutes: float, folder: Path, rate: float) -> None:
    """Let the light front give the same features as asternet's own (mean squared error)."""
    heavy = build("heavy", ASTERNET, None).front.eval()
    light = LightFront().train()
    file = READERS / "front" / "state.pt"
    spent = 0.0
    optimizer = torch.optim.AdamW(light.parameters(), rate, weight_decay=1e-4)
    if file.exists():
        state = torch.load(file, weights_only=True)
        light.load_state_dict(state["front"])
        optimizer.load_state_dict(state["optimizer"])
        spent = state["spent"]
    rng = Random(int(spent) + 1)
    sources = [(open_lines(folder, "real-train"), 0.5), (open_lines(folder, "tuning-*"), 0.5)]
    stream = batches(sources, CHARACTERS, rng, HEIGHT_PX, 12, 3000)

    def keep(spent: float) -> None:
        told = {"front": light.state_dict(), "optimizer": optimizer.state_dict(), "spent": spent}
        save(file, told)

    begun = saved = time.monotonic()
    total, count = 0.0, 0
    while (now := spent + time.monotonic() - begun) < minutes * 60:
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, now / 30 + 0.05) * max(0.02, 1 - now / (minutes * 60))
        batch = next(stream)
        with torch.no_grad():
            target = heavy(batch.pixels)
        loss = functional.mse_loss(light(batch.pixels), target) / target.var()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.item(), count + 1
        if time.monotonic() - saved > SAVE_SECONDS:
            saved = time.monotonic()
            print(json.dumps({"s": round(now), "unexplained": round(total / count, 4)}), flush=True)
            total, count = 0.0, 0
            keep(now)
    keep(now)


def build(network: str, start: Path | None, front_file: Path | None) -> Reader:
    """Return the network with the weights that it starts from."""
    reader = make(network)
    if start is not None and start.suffix == ".onnx":
        load_asternet(start, reader)
    elif start is not None:
        told = torch.load(start, weights_only=True)["reader"]
        if front_file is not None:  # the front comes from there
            told = {key: value for key, value in told.items() if key.startswith("trunk.")}
        if network == "lean" and any(key.startswith("trunk.transformer.") for key in told):
            told = thin(told)
        reader.load_state_dict(told, strict=front_file is None)
    if front_file is not None:
        reader.front.load_state_dict(torch.load(front_file, weights_only=True)["front"])
    return reader


@main.command()
@click.argument("name")
@click.option("--network", type=click.Choice(NETWORKS), required=True)
@click.option("--start", type=click.Path(exists=True, path_type=Path), help="ONNX or state.pt.")
@click.option("--front-file", type=click.Path(exists=True, path_type=Path))
@click.option("--freeze-front/--whole", default=False)
@click.option("--lines", default=40_000, show_default=True, help="To be seen in all.")
@click.option("--rate", default=4e-4, show_default=True)
@click.option("--batch", default=8, show_default=True)
@click.option("--real", default=0.45, show_default=True, help="Share of real lines.")
@click.option("--grow/--all-lengths", default=False, help="Short lines first.")
@click.option("--teacher", type=click.Path(exists=True, path_type=Path), help="A state.pt.")
@click.option("--teacher-network", type=click.Choice(NETWORKS), default="lean", show_default=True)
@click.option("--minutes", default=20.0, show_default=True, help="Between reports.")
@click.option("--folder", type=click.Path(path_type=Path), default=LINES)
def ctc(
    name: str,
    network: str,
    start: Path | None,
    front_file: Path | None,
    lines: int,
    rate: float,
    batch: int,
    real: float,
    minutes: float,
    folder: Path,
    *,
    freeze_front: bool,
    grow: bool,
    teacher: Path | None,
    teacher_network: str,
) -> None:
    """Train a reader on lines with the CTC loss, and to say at each step what a teacher says."""
    file = READERS / name / "state.pt"
    state = torch.load(file, weights_only=True) if file.exists() else None
    reader = build(network, None if state else start, None if state else front_file).train()
    seen, spent = 0, 0.0
    guide = build(teacher_network, teacher, None).eval() if teacher else None
    if freeze_front:
        reader.front.requires_grad_(requires_grad=False)
    optimizer = torch.optim.AdamW(
        [p for p in reader.parameters() if p.requires_grad], rate, weight_decay=1e-3
    )
    if state:
        reader.load_state_dict(state["reader"])
        optimizer.load_state_dict(state["optimizer"])
        seen, spent = state["seen"], state["spent"]
    rng = Random(seen + 7)
    begun = saved = time.monotonic()
    told_at, total, count = time.monotonic() - 1e9, 0.0, 0
    letters = 0
    stream = None
    while seen < lines:
        wanted = (
            99 if not grow else 12 if seen < lines * 0.06 else 24 if seen < lines * 0.15 else 99
        )
        if stream is None or wanted != letters:
            letters = wanted
            sources = [(open_lines(folder, "tuning-*"), 1 - real)]
            if real and (not grow or letters == 99):
                sources.append((open_lines(folder, "real-train"), real * WHOLE))
                sources.append((open_lines(folder, "real-pieces"), real * (1 - WHOLE)))
            stream = batches(sources, CHARACTERS, rng, HEIGHT_PX, batch, 400 * batch, letters)
        drawn = next(stream)
        part = seen / lines
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, part / 0.02 + 0.05) * max(0.01, 1 - part)
        with swift():
            said = reader(drawn.pixels)
        if guide is None:
            loss = from_texts(said, drawn)
        else:
            with torch.no_grad(), swift():
                opinion = guide(drawn.pixels)
            loss = from_both(said, drawn, opinion, TAUGHT)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 3.0)
        optimizer.step()
        seen += len(drawn.lengths)
        total, count = total + loss.item(), count + 1
        now = time.monotonic()
        if now - saved > SAVE_SECONDS or seen >= lines:
            saved = now
            save(file, {"reader": reader.state_dict(), "optimizer": optimizer.state_dict(),
                        "seen": seen, "spent": spent + now - begun})  # fmt: skip
            told = {"name": name, "min": round((spent + now - begun) / 60, 1), "seen": seen,
                    "loss": round(total / count, 3)}  # fmt: skip
            total, count = 0.0, 0
            if now - told_at > minutes * 60 or seen >= lines:
                told_at = now
                report(reader, folder, told, 400 if seen >= lines else 60)
            else:
                print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
