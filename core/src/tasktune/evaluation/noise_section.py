"""The report's part on labels that are probably wrong, and the file that keeps all of them."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from tasktune.data.noise import LabelNoise
from tasktune.evaluation.markdown import escape, shorten, table
from tasktune.evaluation.wording import Wording
from tasktune.workspace.files import write_text_atomically

FILE = "label_noise.json"
MOST_SHOWN = 10


def write_noise(folder: Path, found: LabelNoise) -> None:
    """Keep all suspects with an evaluation."""
    write_text_atomically(folder / FILE, found.model_dump_json(indent=2) + "\n")


def read_noise(folder: Path) -> LabelNoise | None:
    """What was kept; None where nothing was, or not whole."""
    try:
        return LabelNoise.model_validate_json((folder / FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def noise_section(found: LabelNoise | None, wording: Wording) -> str:
    """The most suspicious rows in a table; empty without any."""
    if found is None or not found.suspects:
        return ""
    note = wording.say(
        "{suspects} of {rows} rows ({share}) probably have a wrong label, as a simple model finds that has not seen "
        "them (confident learning, Northcutt et al. 2021). They are questions to a person: all are in {file}.",
        suspects=f"{len(found.suspects):,}",
        rows=f"{found.rows:,}",
        share=f"{found.share:.1%}",
        file=FILE,
    )
    header = ["Record", "Input", "Label", "Probable label", "Probability of the label"]
    rows = [
        [escape(each.id), escape(shorten(each.text)), escape(each.given), escape(each.probable), f"{each.score:.1%}"]
        for each in found.suspects[:MOST_SHOWN]
    ]
    return f"{note}\n\n{table([wording.say(name) for name in header], rows, numbers_from=4)}"
