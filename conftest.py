"""What holds for the tests of all distributions."""

from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("tasktune", deadline=None)
settings.load_profile("tasktune")
