"""Prometheus' text format 0.0.4, as far as the tests read it."""

import re

_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Exposition:
    """The samples of one page of /metrics."""

    def __init__(self, text):
        self._samples = []
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = _SAMPLE.match(line)
            assert match, f"not a sample: {line!r}"
            name, labels, value = match.groups()
            self._samples.append((name, dict(_LABEL.findall(labels or "")), float(value)))

    def values(self, name, **labels):
        """The values of every sample with this name and, among others, these labels."""
        return [v for n, have, v in self._samples if n == name and labels.items() <= have.items()]

    def value(self, name, **labels):
        """The one such sample's; 0 when there is none, as a counter that was never incremented."""
        found = self.values(name, **labels)
        assert len(found) <= 1, f"{name}{labels} is {len(found)} samples"
        return found[0] if found else 0.0

    def labels(self, name, **labels):
        """All labels of the one such sample."""
        (found,) = [have for n, have, _ in self._samples if n == name and labels.items() <= have.items()]
        return found
