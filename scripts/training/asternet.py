"""Asternet itself, rebuilt from its ONNX file: what the shipped readers were first tuned from."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.tuning import networks
from pipeline.tuning.networks import Block, Reader, Trunk
from pipeline.tuning.weights import fill_lstm
from training.texts import CHARACTERS

CLASSES = len(CHARACTERS) + 1
NETWORKS = ("heavy", *networks.NETWORKS)


class HeavyFront(nn.Module):
    """Asternet's first half: it gives what ours gives, at seven times the cost."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 64, 3, padding=1)
        self.edges = nn.Conv2d(1, 64, 3, padding=1)  # a fixed high-pass, its projection and scale
        self.blocks = nn.Sequential(
            Block(64, 64), Block(64, 128, (2, 1)), Block(128, 128), Block(128, 256, (2, 2))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the features."""
        out: Tensor = self.blocks(functional.silu(self.stem(x)) + self.edges(x))
        return out


def make(name: str) -> Reader:
    """Return a network by name, one of NETWORKS, for our characters."""
    if name == "heavy":
        return Reader(HeavyFront(), Trunk(CLASSES))
    return networks.make(name, CLASSES)


def thin(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return those weights of a `light` reader that a `lean` one has."""
    kept = {}
    for name, values in weights.items():
        if name.startswith("trunk.blocks."):
            number, _dot, rest = name.removeprefix("trunk.blocks.").partition(".")
            if number != "0":
                kept[f"trunk.blocks.{int(number) - 1}.{rest}"] = values
        elif name.startswith(("front.", "trunk.fold.", "trunk.lstm.", "trunk.classifier.")):
            kept[name] = values
    return kept


def load_asternet(file: Path, reader: Reader) -> None:
    """Fill a reader with the weights of asterocr's ONNX file (batch norms are folded in there).

    Only the trunk is filled where the front is another. Classes that the file does not know keep
    the weights of the blank's, so that they are hardly ever said at first.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(file)).graph
    found = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    by_node = {
        node.name: [found[name] for name in node.input if name in found] for node in graph.node
    }

    def put(parameter: Tensor, values: Any) -> None:
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))

    def fill_block(block: Block, name: str) -> None:
        for part in ("shortcut/shortcut.0", "pw1", "dw", "pw2"):
            conv = getattr(block, part.partition("/")[0])
            if conv is not None:
                put(conv.weight, by_node[f"/backbone/{name}/{part}/Conv"][0])
                put(conv.bias, by_node[f"/backbone/{name}/{part}/Conv"][1])
        put(block.squeeze.down.weight, by_node[f"/backbone/{name}/se/fc/fc.0/MatMul"][0].T)
        put(block.squeeze.up.weight, by_node[f"/backbone/{name}/se/fc/fc.2/MatMul"][0].T)

    if isinstance(reader.front, HeavyFront):
        front = reader.front
        weight, bias = by_node["/backbone/stem/conv_main/conv_main.0/Conv"]
        put(front.stem.weight, weight.sum(1, keepdims=True))  # the three channels are the same
        put(front.stem.bias, bias)
        (high,) = by_node["/backbone/stem/Conv"]
        weight, bias = by_node["/backbone/stem/hp_proj/hp_proj.0/Conv"]
        scale = found["backbone.stem.gamma"]
        put(front.edges.weight, scale * np.einsum("oi,ichw->ochw", weight[:, :, 0, 0], high))
        put(front.edges.bias, scale * bias)
        names = ("layer1/layer1.0", "layer1/layer1.1", "layer2/layer2.0", "layer2/layer2.1")
        for block, name in zip(front.blocks, names, strict=True):
            fill_block(block, name)
    trunk = reader.trunk
    assert isinstance(trunk, Trunk)
    for block, name in zip(
        trunk.blocks, ("layer3/layer3.0", "layer3/layer3.1", "layer4/layer4.0"), strict=True
    ):
        fill_block(block, name)
    put(trunk.fold.weight, by_node["/backbone/layer4/layer4.1/Conv"][0])
    put(trunk.fold.bias, by_node["/backbone/layer4/layer4.1/Conv"][1])
    for layer, name in enumerate(("/sequence/lstm/LSTM", "/sequence/lstm/LSTM_1")):
        constants = sorted(by_node[name], key=lambda v: (-v.ndim, -v.shape[-1]))
        fill_lstm(trunk.lstm, layer, *constants)
    _fill_language(trunk, by_node, found, put)
    weight, bias = by_node["/classifier/MatMul"][0].T, found["classifier.bias"]
    blank = np.repeat(weight[:1], CLASSES - len(weight), axis=0)
    put(trunk.classifier.weight, np.concatenate((weight, blank)))
    low = np.full(CLASSES - len(bias), bias[0] - 8.0, np.float32)
    put(trunk.classifier.bias, np.concatenate((bias, low)))


def _fill_language(trunk: Trunk, by_node: dict[str, Any], found: dict[str, Any], put: Any) -> None:
    for index, layer in enumerate(trunk.transformer["layers"]):
        home = f"/language_head/transformer/layers.{index}"
        stem = f"language_head.transformer.layers.{index}"
        put(layer.self_attn.in_proj_weight, by_node[f"{home}/self_attn/MatMul"][0].T)
        put(layer.self_attn.in_proj_bias, found[f"{stem}.self_attn.in_proj_bias"])
        put(layer.self_attn.out_proj.weight, found[f"{stem}.self_attn.out_proj.weight"])
        put(layer.self_attn.out_proj.bias, found[f"{stem}.self_attn.out_proj.bias"])
        for part in ("linear1", "linear2"):
            put(getattr(layer, part).weight, by_node[f"{home}/{part}/MatMul"][0].T)
            put(getattr(layer, part).bias, found[f"{stem}.{part}.bias"])
        for part in ("norm1", "norm2"):
            put(getattr(layer, part).weight, found[f"{stem}.{part}.weight"])
            put(getattr(layer, part).bias, found[f"{stem}.{part}.bias"])
    put(trunk.norm.weight, found["language_head.norm.weight"])
    put(trunk.norm.bias, found["language_head.norm.bias"])
    put(trunk.gate.weight, by_node["/fusion/gate_linear/MatMul"][0].T)
    put(trunk.gate.bias, found["fusion.gate_linear.bias"])
