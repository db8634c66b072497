"""Three-way merging of notes: typed, deterministic, symmetric, and never at the cost of a word. Pure."""

from vaultsync.merge.contents import merge_contents
from vaultsync.merge.kinds import is_mergeable
from vaultsync.merge.names import conflict_name
from vaultsync.merge.result import Clash, Merged

__all__ = ["Clash", "Merged", "conflict_name", "is_mergeable", "merge_contents"]
