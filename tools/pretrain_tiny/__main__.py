"""Command line: `python -m tools.pretrain_tiny {train,export,probe}` from the repository's root."""

from __future__ import annotations

import argparse
from pathlib import Path

MODEL_FOLDER = Path("models/tiny/src/tasktune_tiny/model")


def main() -> None:
    """Parse the arguments and run one step."""
    parser = argparse.ArgumentParser(prog="python -m tools.pretrain_tiny", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    train = steps.add_parser("train", help="run, or go on with, the whole schedule, then export")
    train.add_argument("--work", type=Path, required=True, help="folder for the checkpoint")
    train.add_argument("--out", type=Path, default=MODEL_FOLDER, help="where the model folder goes")
    train.add_argument("--no-compile", action="store_true", help="no C++ compiler: about a third slower")
    train.add_argument("--stop-after", type=int, default=None, metavar="CHUNKS", help="stop early (go on later)")
    export = steps.add_parser("export", help="write the model folder from the checkpoint")
    export.add_argument("--work", type=Path, required=True)
    export.add_argument("--out", type=Path, default=MODEL_FOLDER)
    probe = steps.add_parser("probe", help="measure skills before and after fine-tuning")
    probe.add_argument("--model", type=Path, default=MODEL_FOLDER)
    probe.add_argument("--skip-tuning", action="store_true", help="zero-shot figures only (seconds)")
    given = parser.parse_args()

    if given.step == "train":
        from .train import export as write
        from .train import train as run

        run(given.work, compiled=not given.no_compile, stop_after=given.stop_after)
        write(given.work, given.out)
    elif given.step == "export":
        from .train import export as write

        write(given.work, given.out)
    else:
        from .probe import main as measure

        measure(given.model, tuning=not given.skip_tuning)


if __name__ == "__main__":
    main()
