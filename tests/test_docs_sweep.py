"""docs/sweep.md: what it says to write loads, and its command runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.workspace.versions import versions

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "sweep.md").read_text("utf-8")

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.slow
def test_the_page_is_true(example: Path) -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    definition = example / "task.yaml"
    definition.write_text(definition.read_text("utf-8") + block, "utf-8")
    quick = ["--config", "quick", "--set", "training.max_steps=2", "--trials", "2", "--set", "sweep.seeds=1"]
    done = CliRunner().invoke(tune, ["sweep", ".", *quick, "--lang", "en"], prog_name="tune")
    assert done.exit_code == 0, done.output
    assert "2 trials in" in done.stdout
    [kept] = (example / "sweep").iterdir()
    assert {"sweep.md", "sweep.html", "sweep.json", "study.jsonl"} <= {path.name for path in kept.iterdir()}
    assert versions(example) == []
