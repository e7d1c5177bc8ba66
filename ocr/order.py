"""Reading order of boxes on a page: rows from the top, left to right, columns one after the other.

Guarantees: pure; every box comes back exactly once. A region counts as two columns only when many rows leave the same
vertical gap free and the lines on both sides fill their column, so a form's label and value stay in one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Boxed(Protocol):
    """Anything with the four edges of a box, in any unit."""

    @property
    def left(self) -> float: ...  # noqa: D102 - the names say it
    @property
    def top(self) -> float: ...  # noqa: D102
    @property
    def right(self) -> float: ...  # noqa: D102
    @property
    def bottom(self) -> float: ...  # noqa: D102


B = TypeVar("B", bound=Boxed)
_COLUMN_ROWS = 8
_COLUMN_WIDTH = 0.2  # of the page; a form's labels are narrower
_FULL = 0.8  # a line "fills" its column from this share of the column's width
_FULL_SHARE = 0.45
_SAME_ROW = 0.5
_CROSSING = 0.03  # of the page width; found boxes reach a little into the gap


def reading_order(boxes: Sequence[B], page_width: float) -> list[list[B]]:
    """Rows of boxes in the order a person reads them.

    Args:
        boxes: line boxes.
        page_width: in the boxes' unit.

    Returns:
        Rows from the top, each from left to right; in a region of two columns, the left one's rows come first.
    """
    rows = group_rows(boxes)
    best: tuple[float, list[int]] | None = None
    for step in range(40, 62, 2):
        gap = step / 100 * page_width
        run = _longest_run(rows, gap, tolerance=_CROSSING * page_width)
        full = len(run) >= _COLUMN_ROWS and _both_full(rows, run, gap, _COLUMN_WIDTH * page_width)
        if full and (best is None or len(run) > len(best[1])):
            best = gap, run
    if best is None:
        return rows
    gap, run = best
    left = [[box for box in rows[k] if _middle(box) < gap] for k in run]
    right = [[box for box in rows[k] if _middle(box) >= gap] for k in run]
    return [row for row in (*rows[: run[0]], *left, *right, *rows[run[-1] + 1 :]) if row]


def group_rows(boxes: Sequence[B]) -> list[list[B]]:
    """Boxes that share a line of sight, row by row."""
    rows: list[list[B]] = []
    for box in sorted(boxes, key=lambda b: b.top + b.bottom):
        for row in rows[-3:]:
            top = sum(b.top for b in row) / len(row)
            bottom = sum(b.bottom for b in row) / len(row)
            shared = min(box.bottom, bottom) - max(box.top, top)
            if shared > _SAME_ROW * min(box.bottom - box.top, bottom - top):
                row.append(box)
                break
        else:
            rows.append([box])
    for row in rows:
        row.sort(key=lambda b: b.left)
    return rows


def _middle(box: Boxed) -> float:
    return (box.left + box.right) / 2


def _longest_run(rows: list[list[B]], gap: float, tolerance: float) -> list[int]:
    """Numbers of the longest stretch of rows in which nothing crosses the gap."""
    longest: list[int] = []
    run: list[int] = []
    for number, row in enumerate(rows):
        if any(box.left < gap - tolerance and box.right > gap + tolerance for box in row):
            run = []
        else:
            run = [*run, number]
            longest = max(longest, run, key=len)
    return longest


def _both_full(rows: list[list[B]], run: list[int], gap: float, least_width: float) -> bool:
    for side in (False, True):
        boxes = [box for k in run for box in rows[k] if (_middle(box) >= gap) is side]
        if len(boxes) < _COLUMN_ROWS:
            return False
        width = max(b.right for b in boxes) - min(b.left for b in boxes)
        if width < least_width:
            return False
        if sum(b.right - b.left > _FULL * width for b in boxes) <= _FULL_SHARE * len(boxes):
            return False
    return True
