"""The laws that every task type obeys, as a pytest class that plugin authors subclass.

Install ``tasktune[test]`` and write, in the plugin's own tests::

    from tasktune.testing import TaskTypeSuite

    class TestConformance(TaskTypeSuite):
        name = "my-type"

pytest then holds the installed task type ``my-type`` to every law of :mod:`tasktune.hookspecs`, with the examples
and the options that its ``plugin_info`` gives. A broken law fails with the law, the record that broke it and what to
change.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tasktune.testing.laws")

from tasktune.testing.laws import TaskTypeSuite  # noqa: E402  (the line above must come first)

__all__ = ["TaskTypeSuite"]
