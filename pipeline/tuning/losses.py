"""How far what a network says of strips is from what it should say."""

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.tuning.batches import Batch

STEPS_A_LETTER = 2.5  # brings a mean over steps to the scale of CTC's, a mean over letters


def from_texts(said: Tensor, batch: Batch) -> Tensor:
    """Return the CTC loss (Graves et al. 2006), a mean over the letters.

    Args:
        said: log-probabilities (batch, steps, classes).
    """
    steps = torch.clamp(batch.steps, max=said.shape[1])
    loss: Tensor = functional.ctc_loss(
        said.transpose(0, 1), batch.classes, steps, batch.lengths, zero_infinity=True
    )
    return loss


def from_both(said: Tensor, batch: Batch, opinion: Tensor, share: float) -> Tensor:
    """Return the loss of which a share is from an opinion, and the rest from the texts."""
    return (1 - share) * from_texts(said, batch) + share * from_opinion(said, opinion)


def from_opinion(said: Tensor, opinion: Tensor) -> Tensor:
    """Return how far a network is from another's opinion of the same strips (Hinton et al. 2015).

    Kullback-Leibler divergence, mean over the steps, times as many steps as a letter has; both are
    log-probabilities (batch, steps, classes).
    """
    apart = functional.kl_div(said, opinion, reduction="none", log_target=True).sum(2)
    return apart.mean() * STEPS_A_LETTER
