"""Names of versions: which are any, in what order they come, and which one is next."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection
from typing import Literal

Strategy = Literal["semantic", "date", "hybrid"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# versions/current says which version is adopted; versions/reproductions holds versions that were made again.
_RESERVED = ("current", "reproductions")
_NUMBERED = re.compile(r"v(\d+)(?:\.(\d+))?(?:-\d{8})?")
_HYBRID = re.compile(r"v(\d+)(?:\.(\d+))?-(\d{8}.*)")


def is_name(name: str) -> bool:
    """Whether a version can be called so."""
    return _NAME.fullmatch(name) is not None and name not in _RESERVED


def order(name: str) -> tuple[int, ...]:
    """What version names sort by, the numbers in them: v2 before v10, v2 before v2.1, whatever their days."""
    hybrid = _HYBRID.fullmatch(name)
    if hybrid:
        return int(hybrid[1]), int(hybrid[2] or 0), *(int(number) for number in re.findall(r"\d+", hybrid[3]))
    return tuple(int(number) for number in re.findall(r"\d+", name))


def following(taken: Collection[str], strategy: Strategy, day: datetime.date, *, small_step_from: str | None) -> str:
    """The next name beside those that are taken: v3 (semantic), 2026-11-20 (date) or v3-20261120 (hybrid).

    A small step from v2 is v2.1 (or v2.1-20261120); from a name without a number it is as large as any.
    """
    if strategy == "date":
        name, count = day.isoformat(), 1
        while name in taken:
            count += 1
            name = f"{day.isoformat()}.{count}"
        return name
    start = None if small_step_from is None else _NUMBERED.fullmatch(small_step_from)
    if start is not None:
        number = f"{start[1]}.{int(start[2] or 0) + 1}"
    else:
        numbers = [int(match[1]) for name in taken if (match := re.match(r"v(\d+)", name))]
        number = str(max(numbers, default=0) + 1)
    return f"v{number}" if strategy == "semantic" else f"v{number}-{day:%Y%m%d}"
