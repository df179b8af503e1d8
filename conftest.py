"""What holds for the tests of all distributions."""

import signal

from hypothesis import settings

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("tasktune", deadline=None)
settings.load_profile("tasktune")

# A shell starts what runs in the background with Ctrl-C ignored, and so it would be in every command under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
