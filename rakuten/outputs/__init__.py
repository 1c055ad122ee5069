"""Stage outputs and their cache: atomic commit, cache lookup, shared pools, locks, subprocesses."""

from rakuten.outputs.pool import Pool
from rakuten.outputs.progress import PacedProgress, report_progress
from rakuten.outputs.stage_output import SCRATCH, StageOutput
from rakuten.outputs.store import OutputStore

__all__ = ["SCRATCH", "OutputStore", "PacedProgress", "Pool", "StageOutput", "report_progress"]
