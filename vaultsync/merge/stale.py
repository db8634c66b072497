"""Telling whether a text was written by who had not seen an edit yet."""

from __future__ import annotations

from collections import Counter


def writes_over(base: bytes, came: bytes, written: bytes) -> bool:
    """Whether `written` is an edit of `base` by somebody who did not know that `came` had taken its place.

    So it is if nothing that came is in it, all that was taken away is there again, and there is more to it than that:
    who only takes an edit back has seen it. By whole lines; of an edit of the very line that came, nobody can tell.
    """
    old, new, now = (Counter(content.splitlines()) for content in (base, came, written))
    added, removed = new - old, old - new
    if not any(line.strip() for line in (*added, *removed)) or now == old:
        return False
    return all(now[line] <= old[line] for line in added) and all(now[line] >= old[line] for line in removed)
