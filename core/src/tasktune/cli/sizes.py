"""Amounts of bytes in words."""

from __future__ import annotations

_UNITS = ("KB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Bytes with three digits in units of 1024: ``0.5 KB``, ``12.3 MB``, ``1.2 GB``."""
    value = count / 1024
    for unit in _UNITS[:-1]:
        # What would be rounded up to 1024 has its place in the next unit.
        if value < 1023.95:
            return f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} {_UNITS[-1]}"
