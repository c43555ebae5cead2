"""From ONNX to torch and back: the same readings."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.errors import ReadingError

# First of all: without torch it says so, and the rest cannot be imported.
from tests.tuning.tuning_readers import torch, used_norms

from pipeline.ocr.engines.ctc_onnx import load_model  # isort: skip
from pipeline.tuning.exporting import export  # isort: skip
from pipeline.tuning.networks import HEIGHT_PX, NETWORKS, Reader, make  # isort: skip
from pipeline.tuning.weights import load_reader  # isort: skip

SHIPPED = Path(__file__).parent.parent.parent / "ocr_models" / "vie"


def by_onnx(file: Path, strips: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return session.run(None, {"images": strips})[0]


def by_torch(reader: Reader, strips: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return reader(torch.from_numpy(strips)).transpose(0, 1).numpy()


def strips(lines: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(width)
    return rng.random((lines, 1, HEIGHT_PX, width)).astype(np.float32)


def test_the_card_of_the_shipped_reader_names_its_network() -> None:
    card = json.loads((SHIPPED / "hand" / "card.json").read_text(encoding="utf-8"))
    assert card["network"] in NETWORKS


@pytest.mark.parametrize(("lines", "width"), [(1, 64), (3, 328)])
def test_the_shipped_reader_says_in_torch_what_it_says_in_onnxruntime(
    lines: int, width: int
) -> None:
    model = load_model(SHIPPED / "hand")
    reader = load_reader(model.file, model.network, len(model.characters) + 1)
    fed = strips(lines, width)
    assert np.abs(by_torch(reader, fed) - by_onnx(model.file, fed)).max() < 1e-3


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("small", [True, False])
def test_every_network_that_is_exported_can_be_loaded(
    network: str, tmp_path: Path, *, small: bool
) -> None:
    torch.manual_seed(1)
    reader = used_norms(make(network, 30))
    file = tmp_path / "model.onnx"
    export(reader, file, small=small)
    loaded = load_reader(file, network, 30)
    fed = strips(2, 160)
    assert np.abs(by_torch(loaded, fed) - by_onnx(file, fed)).max() < 1e-3
    if not small:
        assert np.abs(by_torch(reader, fed) - by_onnx(file, fed)).max() < 1e-3


def test_a_small_file_is_a_quarter_of_the_size(tmp_path: Path) -> None:
    reader = make("compact", 30)
    for small in (True, False):
        export(reader, tmp_path / f"{small}.onnx", small=small)
    whole, quarter = ((tmp_path / f"{small}.onnx").stat().st_size for small in (False, True))
    assert quarter < 0.3 * whole


@pytest.mark.parametrize("network", NETWORKS)
def test_a_file_of_another_network_is_refused_in_words(network: str) -> None:
    model = load_model(SHIPPED / "hand")
    classes = len(model.characters) + (2 if network == model.network else 1)
    with pytest.raises(ReadingError, match=network):
        load_reader(model.file, network, classes)
