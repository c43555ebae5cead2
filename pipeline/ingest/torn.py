"""Tell JPEGs whose data end too early. Runs in the limited child only.

Pillow says nothing when a JPEG breaks off and still carries its end mark: the rest of the page is
flat grey. libjpeg does warn; OpenCV lets the warning through to stderr.
"""

import os
import tempfile

import cv2
import numpy as np

_WARNINGS = (b"premature end", b"bad Huffman code", b"corrupted")


def is_torn(jpeg: bytes) -> bool:
    """Say whether libjpeg misses data in a JPEG."""
    with tempfile.TemporaryFile() as heard:
        stderr = os.dup(2)
        os.dup2(heard.fileno(), 2)
        try:  # at an eighth of the size: all data are unpacked, few samples computed
            small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
        except cv2.error:  # too large for OpenCV, which says nothing about the data
            return False
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        heard.seek(0)
        said = heard.read()
    return small is None or any(warning in said for warning in _WARNINGS)
