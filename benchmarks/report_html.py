"""Open report.html of 10,000 predictions, of each task type, in headless Chromium: seconds and bytes.

    python benchmarks/report_html.py [--rows 10000]

The predictions are made without a model; one more page has inputs of 500 random Chinese characters, which hardly
compress. Seconds are the browser's own, from the start of the navigation until the table of predictions is drawn (the
best of five). Limits: under 2 s and 5 MB each, no wider than a telephone of 360 pixels, and one request: the file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import runpy
import tempfile
import time
from pathlib import Path
from typing import Any

from common import ROOT, keep, limit, write_task
from compare_speed import KINDS, LABELS, Answered

from tasktune.definition import load_task
from tasktune.evaluation.predictions import Prediction, parse_outputs
from tasktune.evaluation.report import RunFacts, report_sections
from tasktune.evaluation.report_html import report_page
from tasktune.evaluation.score import score
from tasktune.types import Record

TIMES = 5
SEED = 0


def long_texts(rows: int, right: float, dice: random.Random) -> Answered:
    """One of 60 labels for a text of 500 characters."""
    for number in range(rows):
        gold = LABELS[number % len(LABELS)]
        answer = gold if dice.random() < right else dice.choice(LABELS)
        text = "".join(map(chr, (dice.randrange(0x4E00, 0x9000) for _character in range(500))))
        yield Record(id=f"t:{number}", inputs={"text": text}, target=gold), json.dumps({"label": answer})


def write_page(folder: Path, kind: str, own: dict[str, Any], answered: Answered) -> tuple[Path, float]:
    """The page of the answered rows, and the seconds to write it; scoring is not counted."""
    task = load_task(write_task(folder, {"task_name": "report-html", "task_type": kind, "options": own}))
    rows = list(answered)
    evaluation = score(task, rows)
    predictions = [Prediction.of(row) for row in parse_outputs(task, rows)]
    started = time.perf_counter()
    facts = RunFacts(version="v1", date=datetime.date(2026, 11, 20), rows={"test": len(rows)})
    sections = report_sections(evaluation, task, facts, predictions)
    path = folder / "report.html"
    path.write_text(report_page(evaluation, task, sections, {}, predictions), "utf-8")
    return path, time.perf_counter() - started


def look(browser: Any, path: Path) -> dict[str, Any]:
    """What the browser says of the page."""
    seconds = []
    for _time in range(TIMES):
        page = browser.open(path, width=360)
        page.wait_for("performance.getEntriesByName('predictions').length")
        seconds.append(round(page.evaluate("performance.getEntriesByName('predictions')[0].startTime") / 1000, 3))
    return {
        "bytes": path.stat().st_size,
        "seconds_to_open": seconds,
        "width": page.evaluate("document.documentElement.scrollWidth"),
        "requests": len(page.requests),
        "console": page.errors,
        "predictions": page.evaluate("document.querySelector('[role=status]').textContent"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    options = parser.parse_args()
    chromium = runpy.run_path(str(ROOT / "core" / "tests" / "chromium.py"))["chromium"]
    pages = {kind: (kind, own, answered) for kind, (own, answered) in KINDS.items()}
    pages["classification of long texts"] = ("classification", {"labels": LABELS}, long_texts)
    found = {}
    with chromium() as browser:
        for name, (kind, own, answered) in pages.items():
            with tempfile.TemporaryDirectory(prefix="tasktune-bench-") as folder:
                rows = answered(options.rows, 0.8, random.Random(SEED))
                path, seconds = write_page(Path(folder), kind, own, rows)
                found[name] = {"seconds_to_write": round(seconds, 2), **look(browser, path)}
    limits = []
    for name, each in found.items():
        limits += [
            limit(f"seconds to open, {name}", min(each["seconds_to_open"]), 2.0, at_least=False),
            limit(f"megabytes, {name}", each["bytes"] / 1e6, 5.0, at_least=False),
            limit(f"width on a telephone of 360 pixels, {name}", each["width"], 360, at_least=False),
            limit(f"requests and console messages, {name}", each["requests"] + len(each["console"]), 1, at_least=False),
        ]
    keep("report_html", {"pages": found, "limits": limits})


if __name__ == "__main__":
    main()
