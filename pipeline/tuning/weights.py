"""Fill a network with the weights of a model as it ships: from ONNX back to torch.

Nodes of an ONNX file stand in the order in which the network calls its layers, whatever the
exporter named them. A run through the network therefore tells which node belongs to which layer;
shapes are compared, so that a file of another network is refused and never half read.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from pipeline.errors import ReadingError
from pipeline.tuning.exporting import constants
from pipeline.tuning.networks import HEIGHT_PX, Attention, Reader, make
from pipeline.words import _

Array = npt.NDArray[np.float32]
_LAYERS = (nn.Conv2d, nn.BatchNorm2d, nn.Linear, nn.LSTM, nn.LayerNorm, Attention)


def load_reader(file: Path, network: str, classes: int) -> Reader:
    """Return the network with the weights of an ONNX file that was exported from it.

    Raises:
        ReadingError: the file is of another network.
    """
    reader = make(network, classes)
    reader.eval()
    try:
        weights = _weights(onnx.load(str(file)).graph)
        layers = _called(reader)
        for layer, after in zip(layers, [*layers[1:], None], strict=True):
            _fill(layer, after, weights)
        if next(weights, None) is not None:
            raise ValueError("layers left over")
    except (ValueError, TypeError, StopIteration) as error:
        raise ReadingError(
            _("tệp của mô hình {model} không phải mạng “{network}” như thẻ của nó ghi").format(
                model=file.stem, network=network
            )
        ) from error
    return reader


def _called(reader: Reader) -> list[nn.Module]:
    """Return the layers that have weights, in the order in which a run calls them."""
    order: list[nn.Module] = []
    with ExitStack() as stack, torch.no_grad():
        for layer in reader.modules():
            if isinstance(layer, _LAYERS):
                hook = layer.register_forward_pre_hook(lambda layer, _fed: order.append(layer))
                stack.callback(hook.remove)
        reader(torch.ones(1, 1, HEIGHT_PX, 64))
    return order


def _weights(graph: Any) -> Iterator[list[Array]]:
    """Yield the constants of each layer's node, in order: matrices first, then the bias."""
    known = constants(graph)
    added = {name: node for node in graph.node if node.op_type == "Add" for name in node.input}
    for node in graph.node:
        own = [known[name] for name in node.input if name in known]
        if node.op_type in ("Conv", "LayerNormalization", "LSTM"):
            yield own
        elif node.op_type == "MatMul" and own:
            after = added.get(node.output[0])
            biases = [known[name] for name in after.input if name in known] if after else []
            yield [np.ascontiguousarray(own[0].T), *biases]


def _fill(layer: nn.Module, after: nn.Module | None, weights: Iterator[list[Array]]) -> None:
    """Fill a layer; the exporter has folded the norm after a convolution into it."""
    if isinstance(layer, nn.LSTM):
        for number in range(layer.num_layers):
            fill_lstm(layer, number, *next(weights))
    elif isinstance(layer, Attention):
        matrix, bias = next(weights)
        _put(layer.in_proj_weight, matrix)
        _put(layer.in_proj_bias, bias)
    elif not isinstance(layer, nn.BatchNorm2d):
        matrix, *biases = next(weights)
        _put(layer.weight, matrix)
        if isinstance(after, nn.BatchNorm2d) and layer.bias is None:
            _fill_norm(after, *biases)
        elif layer.bias is not None:
            _put(layer.bias, *biases)


def _fill_norm(norm: nn.BatchNorm2d, bias: Array) -> None:
    """Let a norm add the bias that it was folded into, and do nothing else."""
    _put(norm.bias, bias)
    _put(norm.weight, np.ones_like(bias))
    _put(norm.running_mean, np.zeros_like(bias))
    _put(norm.running_var, np.full_like(bias, 1 - norm.eps))


def fill_lstm(lstm: nn.LSTM, layer: int, inner: Array, outer: Array, bias: Array) -> None:
    """Fill one layer of a two-sided LSTM from the constants of its ONNX node."""
    for side, suffix in enumerate(("", "_reverse")):
        first, second = np.split(bias[side], 2)
        for name, values in (
            (f"weight_ih_l{layer}{suffix}", inner[side]),
            (f"weight_hh_l{layer}{suffix}", outer[side]),
            (f"bias_ih_l{layer}{suffix}", first),
            (f"bias_hh_l{layer}{suffix}", second),
        ):
            i, o, f, c = np.split(values, 4)  # ONNX's order of the gates; torch has i, f, c, o
            _put(getattr(lstm, name), np.concatenate((i, f, c, o)))


def _put(parameter: Tensor, values: Array) -> None:
    if tuple(parameter.shape) != values.shape:
        raise ValueError(f"{tuple(parameter.shape)} != {values.shape}")
    with torch.no_grad():
        parameter.copy_(torch.tensor(values))
