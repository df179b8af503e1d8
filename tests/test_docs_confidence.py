"""docs/confidence.md: its commands do what it shows."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.slow
def test_the_page_is_true(example: Path, follow: Any) -> None:
    kinds, _ = follow("confidence", codes=[{0, 1}] * 3, whole_lines=False)
    assert kinds == ["run", "run", "shows", "run", "shows"]
    version = example / "versions" / "v1"
    report = (version / "evaluation" / "report.md").read_text("utf-8")
    assert "## 最有把握的錯誤" in report
    assert "### 交由人工處理的回答" in report
    # Words do not tell this example's classes apart.
    assert "## 可能標錯的資料" not in report
    assert json.loads((version / "decoding.json").read_text("utf-8"))["abstain_below"] is not None
    trust = json.loads((version / "results.json").read_text("utf-8"))["trust"]
    assert trust["abstaining"]["valid"]["answered"] >= 0.8 * trust["abstaining"]["valid"]["rows"]
    with (example / "suspects.csv").open(encoding="utf-8-sig", newline="") as file:
        suspects = list(csv.DictReader(file))
    kept = json.loads((version / "evaluation" / "label_noise.json").read_text("utf-8"))
    assert kept["agreement"] < 0.6
    assert suspects == kept["suspects"] == []


def test_entities_have_no_list_of_wrong_labels() -> None:
    task = str(ROOT / "examples" / "news-ner")
    done = CliRunner().invoke(tune, ["data", "noise", task, "--lang", "en"], prog_name="tune")
    assert done.exit_code == 2
    assert "the answers of ner are no single labels of a set" in done.output
    assert "Traceback" not in done.output
