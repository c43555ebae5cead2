"""A reading against ground truth; both in the shape of `sohoa read --json`."""

from pipeline.measure.compare import measure
from pipeline.measure.report import report

__all__ = ["measure", "report"]
