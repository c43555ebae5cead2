"""Write a trained reader as a model that the engine `ctc_onnx` runs.

    scripts/export_reader.py build/readers/hand/state.pt --network light ocr_models/vie/hand

Matrices are stored as int8 with a scale for each output and become float32 again when the model
is loaded (onnxruntime folds the product of two constants), so the file is a quarter of the size
and the reading as fast and, to the third digit, as good. The card's words and figures
(README.md) are written by hand.
"""

import hashlib
import json
import sys
from pathlib import Path

import click
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import onnx  # noqa: E402
import torch  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from training.networks import HEIGHT_PX, MOST_STEPS, STEP_PX, Reader, make  # noqa: E402
from training.texts import CHARACTERS  # noqa: E402

SMALL = 4096  # numbers; smaller constants stay float32


class StepsFirst(nn.Module):
    """The reader with its output turned to (steps, batch, classes)."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, images: Tensor) -> Tensor:
        """Return log-probabilities."""
        out: Tensor = self.reader(images).transpose(0, 1)
        return out


def export(reader: Reader, file: Path) -> None:
    """Write the network as ONNX, of any batch and width."""
    torch.onnx.export(
        StepsFirst(reader.eval()),
        (torch.rand(2, 1, HEIGHT_PX, 320),),
        str(file),
        input_names=["images"],
        output_names=["log_probs"],
        dynamic_axes={"images": {0: "lines", 3: "width"}, "log_probs": {0: "steps", 1: "lines"}},
        opset_version=17,
        dynamo=False,
    )


def shrink(file: Path) -> None:
    """Store each large matrix as int8 and a scale for each of its first or last axis's rows."""
    model = onnx.load(str(file))
    graph = model.graph
    kept, added = [], []
    last_axis = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    for item in graph.initializer:
        values = numpy_helper.to_array(item)
        if values.dtype != np.float32 or values.size < SMALL or values.ndim < 2:
            kept.append(item)
            continue
        axis = values.ndim - 1 if item.name in last_axis else min(1, values.ndim - 2)
        if values.ndim == 4:
            axis = 0
        others = tuple(
            n for n in range(values.ndim) if n != axis and not (values.ndim == 3 and n == 0)
        )
        scale = np.maximum(np.abs(values).max(axis=others, keepdims=True), 1e-8) / 127
        whole = np.clip(np.round(values / scale), -127, 127).astype(np.int8)
        kept.append(numpy_helper.from_array(whole, f"{item.name}.int8"))
        kept.append(numpy_helper.from_array(scale.astype(np.float32), f"{item.name}.scale"))
        added += [
            helper.make_node(
                "Cast", [f"{item.name}.int8"], [f"{item.name}.cast"], to=TensorProto.FLOAT
            ),
            helper.make_node("Mul", [f"{item.name}.cast", f"{item.name}.scale"], [item.name]),
        ]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*added, *nodes])
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


@click.command()
@click.argument("state", type=click.Path(exists=True, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--network", type=click.Choice(["heavy", "light", "lean", "compact"]), required=True)
@click.option("--int8/--float32", "small", default=True)
def main(state: Path, folder: Path, network: str, *, small: bool) -> None:
    """Export the reader in STATE to FOLDER."""
    reader = make(network)
    reader.load_state_dict(torch.load(state, weights_only=True)["reader"])
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{folder.name}.onnx"
    export(reader, file)
    if small:
        shrink(file)
    (folder / "characters.txt").write_text(CHARACTERS + "\n", encoding="utf-8")
    card = {
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "feed": {"height_px": HEIGHT_PX, "max_width_px": MOST_STEPS * STEP_PX, "channels": 1},
    }
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
