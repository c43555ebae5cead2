"""The networks: torch modules from strips (batch, 1, height, width) to log-probabilities.

All end in CTC: output (batch, steps, classes), class 0 the blank, class i character i - 1 of the
model, one step for 4 px. Strips are grey / 255, black on white, padded with white on the right.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

NETWORKS = ("light", "lean", "compact")
HEIGHT_PX = 32  # of the strips
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


def _shares(scores: Tensor) -> Tensor:
    """Return log-probabilities, float32 even where all before them is reckoned in bfloat16."""
    return functional.log_softmax(scores.float(), -1)


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
    """The first half of our readers, to (batch, 256, height / 4, width / 2): it halves at once."""

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

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(256, 256), Block(256, 512, (2, 2)), Block(512, 512))
        self.fold = nn.Conv2d(512, 512, (4, 1), (4, 1))
        self.lstm = nn.LSTM(512, 256, num_layers=2, bidirectional=True, batch_first=True)
        self.classifier = nn.Linear(512, classes)
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
        return _shares(self.classifier(seen))


class LeanTrunk(nn.Module):
    """Asternet's second half without its first block and its Transformer."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(256, 512, (2, 2)), Block(512, 512))
        self.fold = nn.Conv2d(512, 512, (4, 1), (4, 1))
        self.lstm = nn.LSTM(512, 256, num_layers=2, bidirectional=True, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.classifier = nn.Linear(512, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities."""
        y = functional.silu(self.fold(self.blocks(x))).squeeze(2).transpose(1, 2)
        seen, _ = self.lstm(y)
        return _shares(self.classifier(self.drop(seen)))


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

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(192, 128, num_layers=2, bidirectional=True, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.classifier = nn.Linear(256, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return log-probabilities."""
        seen, _ = self.lstm(x.squeeze(2).transpose(1, 2))
        return _shares(self.classifier(self.drop(seen)))


def make(name: str, classes: int) -> Reader:
    """Return a network of NETWORKS by name, its weights drawn by chance.

    Args:
        classes: the characters and the blank.
    """
    if name == "compact":
        return Reader(CompactFront(), CompactTrunk(classes))
    return Reader(LightFront(), LeanTrunk(classes) if name == "lean" else Trunk(classes))
