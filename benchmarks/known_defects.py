"""Published data sets with defects that their sources document: ``tune check`` finds the same counts, and no error.

    python benchmarks/known_defects.py

Copies, leaks and absent entities are compared with the counts that were made when the sets were converted, by other
code. A finding of a kind that no table below expects is a limit that does not hold.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import DATA, dataset, keep, limit, read_jsonl, write_jsonl, write_task

from tasktune import load_task
from tasktune.data.check import CheckReport, check

Row = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """A set as a task, the counts that are documented, and the kinds of findings that are true of it besides."""

    row: Callable[[Row], Row]
    definition: Mapping[str, Any]
    repeated: Mapping[str, int]
    counts: Mapping[str, int]
    besides: frozenset[str]
    problems: int = 0


def fields(*names: str, **renamed: str) -> Callable[[Row], Row]:
    return lambda row: {**{name: row[name] for name in names}, **{ours: row[name] for ours, name in renamed.items()}}


NEAR = {"near_duplicates", "near_leak_to_valid", "near_leak_to_test", "same_but_for_form", "leak_but_for_form"}
MASSIVE = {
    "repeated": {"train": 759, "valid": 44, "test": 94},
    "counts": {"same_input_in_train_and_test": 225, "same_input_in_train_and_valid": 177},
    # Rare classes and intents that one sentence has two of; a few Simplified characters, zero-width spaces, names.
    "besides": frozenset(
        {"imbalance", "rare_classes", "classes_not_in_test", "same_input_two_answers", "same_input_in_valid_and_test"}
        | {"mixed_chinese", "invisible_characters", "rows_in_other_language", *NEAR}
    ),
}
SETS: dict[str, tuple[str, Known]] = {
    "massive intents": (
        "massive_zh-TW",
        Known(
            fields("text", "label"),
            {"task_type": "classification", "options": {"kind": "intent"}, "data": {"overlap": "keep"}},
            **MASSIVE,  # type: ignore[arg-type]
        ),
    ),
    "massive slots": (
        "massive_zh-TW",
        Known(
            fields("text", "entities"),
            {"task_type": "ner", "data": {"overlap": "keep"}},
            **MASSIVE,  # type: ignore[arg-type]
        ),
    ),
    "sentfin": (
        "sentfin",
        Known(
            fields("text", "entity", "label"),
            {"task_type": "classification", "language": "en", "options": {"kind": "entity-sentiment"}},
            {"train": 67, "valid": 7, "test": 6},
            {"entity_absent": 19},
            frozenset({"same_input_two_answers", "outer_spaces", *NEAR}),
        ),
    ),
    "asap": (
        "asap_sample_zh",
        Known(
            fields("text", "entity", "label"),
            {"task_type": "classification", "language": "zh-CN", "input_template": "{entity}：{text}"},
            {},
            {},
            frozenset({"imbalance", "mixed_chinese", "full_width_letters", "compatibility_characters", "outer_spaces"}),
        ),
    ),
    "uner": (
        "uner_zh_gsd",
        Known(
            fields("text", "entities"),
            {"task_type": "ner"},
            {},
            {},
            frozenset({"near_duplicates", "mixed_chinese", "invisible_characters"}),
        ),
    ),
    "yue2zh": (
        "yue2zh_hk",
        Known(
            fields("output", text="input"),
            {"task_type": "generation", "language": "zh-HK", "options": {"kind": "rewrite", "instruction": "改寫"}},
            {"train": 21, "valid": 4, "test": 5},
            {},
            frozenset(
                {"same_input_two_answers", "full_width_letters", "private_characters", "rows_in_other_language", *NEAR}
            ),
        ),
    ),
    "pandalm": (
        "pref_pandalm_human",
        Known(
            fields(text="prompt", output="chosen"),
            {"task_type": "generation", "language": "en", "options": {"kind": "text", "instruction": "Answer."}},
            # One of the 621 repeated training prompts has the one empty answer, which is a problem of its own.
            {"train": 620, "valid": 71, "test": 44},
            {},
            frozenset({"same_input_two_answers", "outer_spaces"}),
            problems=1,
        ),
    ),
}


def report(name: str, known: Known, folder: Path) -> CheckReport:
    """Check the set as a task of its own."""
    labels: set[str] = set()
    for split in ("train", "valid", "test"):
        rows = [known.row(row) for row in read_jsonl(dataset(name) / f"{split}.jsonl")]
        labels |= {row["label"] for row in rows if "label" in row}
        labels |= {entity["label"] for row in rows for entity in row.get("entities", ())}
        write_jsonl(folder / "data" / f"{split}.jsonl", rows)
    options = {**known.definition.get("options", {}), **({"labels": sorted(labels)} if labels else {})}
    definition = {"task_name": "known", "training": {"base_model": "builtin:tiny"}, **known.definition}
    return check(load_task(write_task(folder, {**definition, "options": options})))


def main() -> None:
    dataset("massive_zh-TW")
    limits, found_in = [], {}
    for title, (name, known) in SETS.items():
        if not (DATA / name).is_dir():
            dataset(name)
        with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as scratch:
            checked = report(name, known, Path(scratch))
        found = {finding.code: finding for finding in checked.findings}
        found_in[title] = {code: finding.message for code, finding in found.items()}
        repeated = found.get("duplicate_rows")
        by_split = re.findall(r"(train|valid|test) (\d+)", repeated.message) if repeated else []
        counted = {split: int(number) for split, number in by_split}
        counts = {code: found[code].count if code in found else 0 for code in known.counts}
        expected = {"duplicate_rows", *known.counts} | known.besides
        wrong = sum(
            (
                counted != dict(known.repeated),
                counts != dict(known.counts),
                checked.problem_count != known.problems,
                len(set(found) - expected),
            )
        )
        limits.append(limit(f"{title}: counts that differ, and findings of other kinds", wrong, 0, at_least=False))
    keep("known_defects", {"findings": found_in, "limits": limits})


if __name__ == "__main__":
    main()
