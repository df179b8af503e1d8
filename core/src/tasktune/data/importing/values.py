"""Values of typed sources (Excel, Parquet, databases) as JSON values and as text."""

from __future__ import annotations

import datetime
import decimal
import math
import uuid
from collections.abc import Mapping
from typing import Any

from tasktune.locale import translate as _


def plain(value: Any) -> Any:
    """The value as JSON has it: dates in ISO form, NaN as null.

    :raises ValueError: it is nothing that JSON can hold, such as a picture.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    if isinstance(value, decimal.Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, uuid.UUID):
        return str(value)
    raise ValueError(_("it holds {kind}, which is not text or numbers", kind=type(value).__name__))


def as_text(value: Any) -> Any:
    """A number as its digits (without .0) and a truth value as its word; anything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (int, float)):
        return str(value)
    return value
