"""What the figures share: round numbers along an axis, and a look for light and dark pages."""

from __future__ import annotations

import math

AXES_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #57606a }
.title { font-size: 14px; font-weight: 600; fill: #24292f }
.grid { stroke: #d0d7de; stroke-width: 1 }
@media (prefers-color-scheme: dark) {
  text { fill: #9198a1 } .title { fill: #f0f6fc } .grid { stroke: #3d444d }
}"""


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """About five round numbers (1, 2 or 5 times a power of ten) apart, the first <= low and the last >= high.

    With ``whole`` they are integers.
    """
    span = high - low if high > low else 1.0
    power = 10.0 ** math.floor(math.log10(span / 5))
    step = next(multiple * power for multiple in (1, 2, 5, 10) if span / (multiple * power) <= 5 + 1e-9)
    step = max(step, 1.0) if whole else step
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [number * step for number in range(first, last + 1)]
