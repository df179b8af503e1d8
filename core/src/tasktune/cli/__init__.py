"""The command line, under three names: ``tune``, ``tasktune`` and ``python -m tasktune``.

Every command is a small module of its own, imported when it is called; ``tune --help`` imports click and little else.
"""

from __future__ import annotations


def main() -> None:
    """Run the command that ``sys.argv`` names, and exit with its code."""
    from tasktune.cli.root import tune

    tune.main()
