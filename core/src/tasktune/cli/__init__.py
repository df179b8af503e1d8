"""The command line, under three names: ``tune``, ``tasktune`` and ``python -m tasktune``.

Every command is a small module of its own, imported when it is called; ``tune --help`` imports click and little else.
"""

from __future__ import annotations


def main() -> None:
    """Run the command that ``sys.argv`` names, and exit with its code."""
    try:
        from tasktune.cli.root import tune

        tune.main()
    except KeyboardInterrupt:
        # While the program was still being imported; from then on an interruption ends in words.
        raise SystemExit(130) from None
