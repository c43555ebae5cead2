"""Write a trained reader as a model that the engine `ctc_onnx` runs.

Matrices are stored as int8 with a scale for each output and become float32 again when the model
is loaded (onnxruntime folds the product of two constants), so the file is a quarter of the size
and the reading as fast and, to the third digit, as good.
"""

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from pipeline.store.durable import durable_write
from pipeline.tuning.networks import HEIGHT_PX, MOST_STEPS, Reader
from pipeline.tuning.steps import STEP_PX

SMALL = 4096  # numbers; smaller constants stay float32
# What the card of such a model says about feeding it.
FEED = {"height_px": HEIGHT_PX, "max_width_px": MOST_STEPS * STEP_PX, "channels": 1}


class StepsFirst(nn.Module):
    """The reader with its output turned to (steps, batch, classes)."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, images: Tensor) -> Tensor:
        """Return log-probabilities."""
        out: Tensor = self.reader(images).transpose(0, 1)
        return out


def export(reader: Reader, file: Path, *, small: bool = True) -> None:
    """Write the network as ONNX, of any batch and width; `small` stores matrices as int8.

    Raises:
        StorageError: the file cannot be written.
    """
    stream = BytesIO()
    with warnings.catch_warnings():
        # That tracing is deprecated, and fixes what only looks like it depends on the input; a
        # test reads lines of other widths with the file.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            StepsFirst(reader).eval(),
            (torch.rand(2, 1, HEIGHT_PX, 320),),
            stream,
            input_names=["images"],
            output_names=["log_probs"],
            dynamic_axes={
                "images": {0: "lines", 3: "width"},
                "log_probs": {0: "steps", 1: "lines"},
            },
            opset_version=17,
            dynamo=False,
        )
    model = onnx.load_model_from_string(stream.getvalue())
    if small:
        model = shrunk(model)
    onnx.checker.check_model(model)
    durable_write(file, model.SerializeToString())


def shrunk(model: Any) -> Any:
    """Store each large matrix as int8 and a scale for each of its first or last axis's rows."""
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
    return model


def constants(graph: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Return the constants of a graph by name, those stored as int8 in their full float32."""
    found = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for name in [name for name in found if name.endswith(".int8")]:
        bare = name.removesuffix(".int8")
        found[bare] = found[name].astype(np.float32) * found[f"{bare}.scale"]
    for node in graph.node:  # of equal constants only one is stored
        if node.op_type == "Identity" and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
    return found
