"""Reading a page of metrics as Prometheus does.

What must hold: the library's own parser reads it, so a page that Prometheus would refuse fails.
"""

from typing import final

from prometheus_client.parser import text_string_to_metric_families


@final
class Page:
    """One page of metrics."""

    def __init__(self, text: str) -> None:
        """Read every sample of the page."""
        self.text = text
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of this name that have these labels; 0 without any."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == f"tillgate_{name}" and labels.items() <= sample.labels.items()
        )

    def labels(self) -> set[str]:
        """Return every value of every label but those of buckets."""
        return {
            value
            for sample in self._samples
            for name, value in sample.labels.items()
            if name != "le"
        }

    def series(self) -> int:
        """Return how many samples there are."""
        return len(self._samples)
