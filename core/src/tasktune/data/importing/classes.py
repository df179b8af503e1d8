"""Class numbers of Hugging Face data sets, back to the names that their features give them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Named: TypeAlias = Callable[[Any], Any]


def namers(features: Mapping[str, Any]) -> dict[str, Named]:
    """For each column of numbered classes, or of lists of them, what turns its values into names.

    ``features`` is what a data set says of itself, as in its ``dataset_info.json``. A number without a name stays.
    """
    found = {column: _namer(feature) for column, feature in features.items()}
    return {column: namer for column, namer in found.items() if namer is not None}


def features_in(metadata: Mapping[bytes, bytes] | None) -> Mapping[str, Any]:
    """The features that a Parquet file's metadata hold, if the ``datasets`` library wrote it."""
    try:
        value = json.loads((metadata or {}).get(b"huggingface", b"{}"))
    except ValueError:
        return {}
    info = value.get("info") if isinstance(value, dict) else None
    features = info.get("features") if isinstance(info, dict) else None
    return features if isinstance(features, dict) else {}


def _namer(feature: Any) -> Named | None:
    if isinstance(feature, list):
        feature = {"feature": feature[0]} if len(feature) == 1 else None
    if not isinstance(feature, Mapping):
        return None
    if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
        names = feature["names"]

        def name(value: Any) -> Any:
            return names[value] if isinstance(value, int) and 0 <= value < len(names) else value

        return name
    inner = _namer(feature["feature"]) if "feature" in feature else None
    if inner is None:
        return None
    return lambda values: [inner(value) for value in values] if isinstance(values, list) else values
