"""Parent-death signal (Linux `PR_SET_PDEATHSIG`): a subprocess ends when its parent ends; for `preexec_fn`."""

import ctypes
import signal

PR_SET_PDEATHSIG = 1


def die_with_parent(by: signal.Signals = signal.SIGKILL) -> None:
    """Request a signal for this process when the thread that started it ends (Linux)."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, by)
