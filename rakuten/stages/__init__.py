"""Stage declarations and cache keys; no files, no execution."""

from rakuten.stages.code import code_digest
from rakuten.stages.content import HasKey, content_of
from rakuten.stages.declaration import Pending, Stage, key_of, stage, stage_named

__all__ = ["HasKey", "Pending", "Stage", "code_digest", "content_of", "key_of", "stage", "stage_named"]
