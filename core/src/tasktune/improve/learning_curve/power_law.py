"""A power law through the points of a learning curve, and what it says of more rows than there are.

The error, 1 − score, falls with the number n of training rows as a · n^(−b) + c (J. Hestness et al. 2017, "Deep
Learning Scaling is Predictable, Empirically", arXiv:1712.00409, equation 1), where c is what no number of rows of this
kind takes away. Fitted by least squares with a ≥ 0 and c ≥ 0: for a given b that is a line, so b is looked for on a
grid.

How sure it is, is told by the residual bootstrap (B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap,
1993, chapter 9): residuals, widened by √(m / (m − 3)) for the three parameters that the m points have fixed, are drawn
anew and laid on the fitted curve, and the law is fitted again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from tasktune.types import Value

if TYPE_CHECKING:
    import numpy

    Array: TypeAlias = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

PARAMETERS = 3
LOWEST_B, HIGHEST_B, GRID = 0.02, 2.0, 120
"""Exponents that are tried; Hestness et al. found 0.07 to 0.35 over many tasks, and theory has 0.5 to 1."""


class PowerLaw(Value):
    """The error a · n^(−b) + c of n rows."""

    a: float
    b: float
    c: float

    def score(self, rows: float) -> float:
        """What it says that ``rows`` training rows reach."""
        return 1 - float(self.a * rows**-self.b + self.c)


class Laws:
    """Power laws, one per row of ``parameters`` (a, b, c); n is in units of ``unit`` rows."""

    def __init__(self, parameters: Array, unit: float) -> None:
        self.parameters, self.unit = parameters, unit

    @property
    def first(self) -> PowerLaw:
        """The first of them, n in rows."""
        a, b, c = (float(value) for value in self.parameters[0])
        return PowerLaw(a=a * self.unit**b, b=b, c=c)

    def scores(self, rows: Array) -> Array:
        """What each law (rows of the result) says that so many training rows (its columns) reach."""
        a, b, c = (column[:, None] for column in self.parameters.T)
        found: Array = 1 - (a * (rows[None, :] / self.unit) ** -b + c)
        return found

    def rows_to(self, targets: Array) -> Array:
        """How many rows each law asks for to reach the target at its place; infinite where none are enough."""
        import numpy

        a, b, c = self.parameters.T
        room = 1 - targets - c
        with numpy.errstate(divide="ignore", invalid="ignore", over="ignore"):
            needed: Array = numpy.where(room > 0, (numpy.maximum(room, 1e-300) / a) ** (-1 / b) * self.unit, numpy.inf)
        # A law without a slope: reached with any number of rows, or never.
        return numpy.where(a == 0, numpy.where(room >= 0, 0.0, numpy.inf), needed)


def fit(rows: Array, errors: Array) -> Laws:
    """The laws of several sets of errors, one set per row of ``errors``, a column for each entry of ``rows``."""
    import numpy

    unit = float(rows.max())
    best = numpy.full(len(errors), numpy.inf)
    parameters = numpy.zeros((len(errors), PARAMETERS))
    middle = errors.mean(axis=1)
    for b in numpy.geomspace(LOWEST_B, HIGHEST_B, GRID):
        x = (rows / unit) ** -b
        centred = x - x.mean()
        a = errors @ centred / (centred @ centred)
        c = middle - a * x.mean()
        through_nothing = c < 0
        a = numpy.where(through_nothing, errors @ x / (x @ x), a)
        c = numpy.where(through_nothing, 0.0, c)
        flat = a <= 0
        a, c = numpy.where(flat, 0.0, a), numpy.where(flat, middle, c)
        left = ((errors - a[:, None] * x - c[:, None]) ** 2).sum(axis=1)
        better = left < best
        best = numpy.where(better, left, best)
        parameters[better] = numpy.stack([a, numpy.full_like(a, b), c], axis=1)[better]
    return Laws(parameters, unit)


def bootstrap(rows: Array, errors: Array, draws: int, rng: numpy.random.Generator) -> Laws:
    """The law of the points, and after it ``draws`` laws of points that could as well have come.

    ``errors`` has an entry for each of ``rows``; there have to be more of them than parameters.
    """
    import numpy

    whole = fit(rows, errors[None, :])
    expected = 1 - whole.scores(rows)[0]
    residuals = (errors - expected) * (len(rows) / (len(rows) - PARAMETERS)) ** 0.5
    drawn = rng.choice(residuals, size=(draws, len(rows)))
    again = fit(rows, expected + drawn)
    return Laws(numpy.concatenate([whole.parameters, again.parameters]), whole.unit)
