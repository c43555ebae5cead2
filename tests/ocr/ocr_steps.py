"""What a network says that sees some letters, for tests of decoding."""

import numpy as np
import numpy.typing as npt


def seen(characters: str, *letters: dict[str, float]) -> npt.NDArray[np.float32]:
    """Log-probabilities (steps, classes): each letter's shares, and a blank after each."""
    rows = []
    for shares in letters:
        row = np.full(len(characters) + 1, 1e-6)
        for letter, share in shares.items():
            row[characters.index(letter) + 1] = share
        blank = np.full(len(characters) + 1, 1e-6)
        blank[0] = 1.0
        rows += [row, blank]
    steps = np.array(rows)
    return np.log(steps / steps.sum(axis=1, keepdims=True)).astype(np.float32)
