"""``python -m tasktune`` is ``tune``."""

from __future__ import annotations

from tasktune.cli import main

main()
