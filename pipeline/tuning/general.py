"""The general set: invented lines of all kinds that come with the program, as two small files.

`replay.npz` is seen while a reader is tuned, so that it forgets nothing; `check.npz`, in faces
that no reader was trained on, says whether it did.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np

from pipeline.settings import shipped
from pipeline.values import Pixels

STRIP_PX = 48  # height of the strips that readers learn from
QUALITY = 55  # of WebP: a line of 500 px takes 2.5 kB

TextLine = tuple[Pixels, str]  # a strip of STRIP_PX height, and what it says


def replay_lines() -> list[TextLine]:
    """Return the lines to see again."""
    return unpack((_folder() / "replay.npz").read_bytes())


def check_lines() -> list[TextLine]:
    """Return the lines to measure on; never to be trained on."""
    return unpack((_folder() / "check.npz").read_bytes())


def _folder() -> Path:
    return shipped("ocr_models") / "vie" / "general"


def pack(lines: Sequence[TextLine]) -> bytes:
    """Return the lines as the bytes of such a file."""
    pictures = [
        cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1] for pixels, _ in lines
    ]
    stream = BytesIO()
    np.savez(
        stream,
        pictures=np.concatenate(pictures),
        ends=np.cumsum([len(picture) for picture in pictures]),
        texts=np.array([text for _, text in lines]),
    )
    return stream.getvalue()


def unpack(data: bytes) -> list[TextLine]:
    """Return the lines of such a file."""
    with np.load(BytesIO(data), allow_pickle=False) as told:
        coded = np.split(told["pictures"], told["ends"][:-1])
        texts = told["texts"].tolist()
    return [
        (np.asarray(cv2.imdecode(picture, cv2.IMREAD_GRAYSCALE), np.uint8), text)
        for picture, text in zip(coded, texts, strict=True)
    ]
