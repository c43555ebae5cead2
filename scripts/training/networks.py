"""The networks: torch modules from strips (batch, 1, height, width) to log-probabilities.

All end in CTC: output (batch, steps, classes), class 0 the blank, class i CHARACTERS[i - 1], one
step for 4 px. Strips are grey / 255, black on white, padded with white on the right.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.texts import CHARACTERS

CLASSES = len(CHARACTERS) + 1
HEIGHT_PX = 32  # of the strips
STEP_PX = 4
FRONT_CHANNELS = 256
MOST_STEPS = 512


def sinusoids(steps: int, channels: int) -> Tensor:
    """Return the place code of Vaswani et al. 2017, shape (steps, channels).

    Asternet's own table is this one, rounded, and ends at 256 steps.
    """
    place = torch.arange(steps)[:, None]
    pace = torch.exp(torch.arange(0, channels, 2) * (-math.log(10_000.0) / channels))
    code = torch.zeros(steps, channels)
    code[:, 0::2], code[:, 1::2] = torch.sin(place * pace), torch.cos(place * pace)
    return code


class Squeeze(nn.Module):
    """Squeeze and excitation (Hu et al. 2018) without biases."""

    def __init__(self, channels: int, narrow: int = 16) -> None:
        super().__init__()
        self.down = nn.Linear(channels, narrow, bias=False)
        self.up = nn.Linear(narrow, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the channels by their own means."""
        share = self.up(functional.silu(self.down(x.mean(dim=(2, 3)))))
        return x * torch.sigmoid(share)[:, :, None, None]


class Block(nn.Module):
    """Asternet's block: pointwise, depthwise, squeeze, pointwise, and a way around them."""

    def __init__(self, inside: int, outside: int, stride: tuple[int, int] = (1, 1)) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(inside, outside, 1, stride) if inside != outside else None
        self.pw1 = nn.Conv2d(inside, outside, 1)
        self.dw = nn.Conv2d(outside, outside, 3, stride, 1, groups=outside)
        self.squeeze = Squeeze(outside)
        self.pw2 = nn.Conv2d(outside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's features."""
        y = functional.silu(self.dw(functional.silu(self.pw1(x))))
        y = self.pw2(self.squeeze(y))
        return functional.silu(y + (self.shortcut(x) if self.shortcut else x))


class HeavyFront(nn.Module):
    """Asternet's first half: from pixels to (batch, 256, height / 4, width / 2)."""

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


def _plain(inside: int, outside: int, stride: tuple[int, int], groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, groups=groups, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


def _point(inside: int, outside: int, *, act: bool) -> nn.Sequential:
    parts: list[nn.Module] = [
        nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside)
    ]  # fmt: skip
    return nn.Sequential(*parts, *([nn.ReLU(inplace=True)] if act else []))


class LightFront(nn.Module):
    """Stands in for HeavyFront at a seventh of its cost: it halves the picture at once."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Sequential(
            _plain(1, 32, (2, 2)), _plain(32, 64, (1, 1)), _plain(64, 128, (2, 1))
        )
        self.widen = _point(128, FRONT_CHANNELS, act=True)
        self.more = nn.Sequential(
            _plain(FRONT_CHANNELS, FRONT_CHANNELS, (1, 1), groups=FRONT_CHANNELS),
            _point(FRONT_CHANNELS, FRONT_CHANNELS, act=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the features."""
        y = self.widen(self.start(x))
        return functional.silu(y + self.more(y))


class Attention(nn.Module):
    """Self-attention (Vaswani et al. 2017), written so that any batch and length export to ONNX."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * channels, channels))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * channels))
        self.out_proj = nn.Linear(channels, channels)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return, for each step, what it gathers from all steps; shape as `x`."""
        both = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in both.chunk(3, 2)
        )
        share = (query @ key.transpose(2, 3) / math.sqrt(query.shape[3])).softmax(3)
        out: Tensor = self.out_proj((share @ value).transpose(1, 2).flatten(2))
        return out


class Encoder(nn.Module):
    """One layer of a Transformer encoder, norms first, without dropout."""

    def __init__(self, channels: int, heads: int, inner: int) -> None:
        super().__init__()
        self.self_attn = Attention(channels, heads)
        self.linear1, self.linear2 = nn.Linear(channels, inner), nn.Linear(inner, channels)
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's features."""
        x = x + self.self_attn(self.norm1(x))
        out: Tensor = x + self.linear2(functional.gelu(self.linear1(self.norm2(x))))
        return out


class Trunk(nn.Module):
    """Asternet's second half: blocks, two-layer BiLSTM, Transformer gated in, classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(256, 256), Block(256, 512, (2, 2)), Block(512, 512))
        self.fold = nn.Conv2d(512, 512, (4, 1), (4, 1))
        self.lstm = nn.LSTM(512, 256, num_layers=2, bidirectional=True, batch_first=True)
        self.classifier = nn.Linear(512, CLASSES)
        self.register_buffer("places", sinusoids(MOST_STEPS, 512), persistent=False)
        self.transformer = nn.ModuleDict(
            {"layers": nn.ModuleList(Encoder(512, 4, 1024) for _ in range(2))}
        )
        self.norm = nn.LayerNorm(512)
        self.gate = nn.Linear(1024, 512)

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities."""
        y = functional.silu(self.fold(self.blocks(x))).squeeze(2).transpose(1, 2)
        seen, _ = self.lstm(y)
        placed = seen + self.places[: seen.shape[1]]
        for layer in self.transformer["layers"]:
            placed = layer(placed)
        said = self.norm(placed)
        gate = torch.sigmoid(self.gate(torch.cat((seen, said), -1)))
        seen = gate * seen + (1 - gate) * said
        return functional.log_softmax(self.classifier(seen), -1)


class LeanTrunk(nn.Module):
    """Asternet's second half without its first block and its Transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(256, 512, (2, 2)), Block(512, 512))
        self.fold = nn.Conv2d(512, 512, (4, 1), (4, 1))
        self.lstm = nn.LSTM(512, 256, num_layers=2, bidirectional=True, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.classifier = nn.Linear(512, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities."""
        y = functional.silu(self.fold(self.blocks(x))).squeeze(2).transpose(1, 2)
        seen, _ = self.lstm(y)
        return functional.log_softmax(self.classifier(self.drop(seen)), -1)


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


class Reader(nn.Module):
    """A front and a trunk."""

    def __init__(self, front: nn.Module, trunk: nn.Module) -> None:
        super().__init__()
        self.front = front
        self.trunk = trunk

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities (batch, steps, classes)."""
        out: Tensor = self.trunk(self.front(x))
        return out


class CompactFront(nn.Module):
    """Our own small body: to (batch, 160, 1, width / 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _plain(1, 24, (2, 2)),
            _plain(24, 48, (1, 1)),
            _plain(48, 64, (2, 1)),
            _plain(64, 96, (1, 2)),
            _plain(96, 128, (2, 1)),
            _plain(128, 160, (2, 1)),
            nn.Conv2d(160, 192, (2, 1), bias=False),
            nn.BatchNorm2d(192),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the features."""
        out: Tensor = self.body(x)
        return out


class CompactTrunk(nn.Module):
    """A two-layer BiLSTM of 128 and the classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(192, 128, num_layers=2, bidirectional=True, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.classifier = nn.Linear(256, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities."""
        seen, _ = self.lstm(x.squeeze(2).transpose(1, 2))
        return functional.log_softmax(self.classifier(self.drop(seen)), -1)


def make(name: str) -> Reader:
    """Return a network by name: `compact`, `heavy`, `light` or `lean`."""
    if name == "compact":
        return Reader(CompactFront(), CompactTrunk())
    if name == "lean":
        return Reader(LightFront(), LeanTrunk())
    return Reader(HeavyFront() if name == "heavy" else LightFront(), Trunk())


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
        _fill_lstm(trunk.lstm, layer, by_node[name], put)
    _fill_language(trunk, by_node, found, put)
    weight, bias = by_node["/classifier/MatMul"][0].T, found["classifier.bias"]
    blank = np.repeat(weight[:1], CLASSES - len(weight), axis=0)
    put(trunk.classifier.weight, np.concatenate((weight, blank)))
    low = np.full(CLASSES - len(bias), bias[0] - 8.0, np.float32)
    put(trunk.classifier.bias, np.concatenate((bias, low)))


def _gates(values: Any, axis: int) -> Any:
    """Bring the gates from ONNX's order (i, o, f, c) to torch's (i, f, c, o)."""
    i, o, f, c = np.split(values, 4, axis=axis)
    return np.concatenate((i, f, c, o), axis=axis)


def _fill_lstm(lstm: nn.LSTM, layer: int, values: list[Any], put: Any) -> None:
    inner, outer, bias = sorted(values, key=lambda v: (-v.ndim, -v.shape[-1]))
    for side, suffix in enumerate(("", "_reverse")):
        put(getattr(lstm, f"weight_ih_l{layer}{suffix}"), _gates(inner[side], 0))
        put(getattr(lstm, f"weight_hh_l{layer}{suffix}"), _gates(outer[side], 0))
        first, second = np.split(bias[side], 2)
        put(getattr(lstm, f"bias_ih_l{layer}{suffix}"), _gates(first, 0))
        put(getattr(lstm, f"bias_hh_l{layer}{suffix}"), _gates(second, 0))


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
