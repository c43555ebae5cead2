"""Weigh the weights of two readers, one tuned from the other, against each other.

    scripts/blend_readers.py scripts/training/checkpoints/hand.pt build/readers/hand/state.pt --share 0.65 build/readers/blend/state.pt

What tuning taught is mostly kept, and what it cost elsewhere mostly given back: on the straight
way between the two readers there are better ones than either (Wortsman and others, "Robust
fine-tuning of zero-shot models", 2022). SHARE is chosen on development lines.
"""  # noqa: E501

from pathlib import Path

import click
import torch


@click.command()
@click.argument("base", type=click.Path(exists=True, path_type=Path))
@click.argument("tuned", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--share", type=click.FloatRange(0, 1), required=True, help="Of the tuned one.")
def main(base: Path, tuned: Path, out: Path, *, share: float) -> None:
    """Write to OUT the reader between BASE and TUNED."""
    old, new = (torch.load(file, weights_only=True)["reader"] for file in (base, tuned))
    between = {
        name: torch.lerp(weight.float(), new[name].float(), share)
        if weight.is_floating_point()
        else new[name]
        for name, weight in old.items()
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"reader": between}, out)


if __name__ == "__main__":
    main()
