"""Write a trained reader as a model that the engine `ctc_onnx` runs.

    scripts/export_reader.py build/readers/hand/state.pt --network light ocr_models/vie/hand

The card's words and figures (README.md) are written by hand.
"""

import hashlib
import json
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import torch  # noqa: E402
from training.asternet import NETWORKS, make  # noqa: E402
from training.texts import CHARACTERS  # noqa: E402

from pipeline.tuning.exporting import FEED, export  # noqa: E402


@click.command()
@click.argument("state", type=click.Path(exists=True, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--network", type=click.Choice(NETWORKS), required=True)
@click.option("--int8/--float32", "small", default=True)
def main(state: Path, folder: Path, network: str, *, small: bool) -> None:
    """Export the reader in STATE to FOLDER."""
    reader = make(network)
    reader.load_state_dict(torch.load(state, weights_only=True)["reader"])
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{folder.name}.onnx"
    export(reader, file, small=small)
    (folder / "characters.txt").write_text(CHARACTERS + "\n", encoding="utf-8")
    card = {
        "file": file.name,
        "network": network,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "feed": FEED,
    }
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
