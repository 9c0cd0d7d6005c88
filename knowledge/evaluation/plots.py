"""Plots of an evaluation as inline SVG, coloured by report.css in light and dark. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from knowledge.evaluation.metrics import Bin

_SIDE = 220
_ROW = 22
_LABEL = 190
_BAR = 260


def reliability_diagram(table: Sequence[Bin]) -> str:
    """Draw bars of accuracy by confidence against the diagonal."""
    bars = []
    for entry in table:
        height = max(entry.right * _SIDE, 1.5)
        left, width = entry.low * _SIDE + 1, (entry.high - entry.low) * _SIDE - 2
        label = f"{entry.low:.1f} to {entry.high:.1f}: {entry.right:.2f} of {entry.count} right"
        bars.append(
            f'<rect class="bar" x="{left:.1f}" y="{_SIDE - height:.1f}" width="{width:.1f}" height="{height:.1f}">'
            f"<title>{label}</title></rect>"
            f'<text class="count" x="{left + width / 2:.1f}" y="{_SIDE - height - 3:.1f}" '
            f'text-anchor="middle">{entry.count}</text>'
        )
    return _square("Reliability diagram", "confidence", "share that is right", "".join(bars))


def roc_plot(points: Sequence[tuple[float, float]]) -> str:
    """Draw the ROC curve, with its area shaded."""
    path = " ".join(f"{x * _SIDE:.1f},{(1 - y) * _SIDE:.1f}" for x, y in points)
    shape = (
        f'<polygon class="area" points="{path} {_SIDE},{_SIDE} 0,{_SIDE}"/>'
        f'<polyline class="curve" points="{path}"/>'
    )
    return _square("ROC curve", "unanswerable let through", "answerable let through", shape)


def _square(title: str, below: str, beside: str, inside: str) -> str:
    ticks = "".join(
        f'<text x="{tick * _SIDE:.0f}" y="{_SIDE + 14}" text-anchor="middle">{tick:g}</text>'
        f'<text x="-6" y="{(1 - tick) * _SIDE + 4:.0f}" text-anchor="end">{tick:g}</text>'
        for tick in (0, 0.5, 1)
    )
    return (
        f'<svg class="square" viewBox="-44 -12 {_SIDE + 58} {_SIDE + 50}" role="img" aria-label="{escape(title)}">'
        f'{inside}<path class="ideal" d="M0 {_SIDE}L{_SIDE} 0"/><path class="axis" d="M0 0V{_SIDE}H{_SIDE}"/>{ticks}'
        f'<text x="{_SIDE / 2}" y="{_SIDE + 32}" text-anchor="middle">{escape(below)}</text>'
        f'<text x="-32" y="{_SIDE / 2}" text-anchor="middle" transform="rotate(-90 -32 {_SIDE / 2})">'
        f"{escape(beside)}</text></svg>"
    )


def bars(title: str, rows: Mapping[str, tuple[float, str]], most: float) -> str:
    """Draw a bar a row: its name, its length as a share of `most`, and what stands behind it."""
    height = _ROW * len(rows)
    drawn = []
    for number, (name, (value, note)) in enumerate(rows.items()):
        top = number * _ROW
        width = max(value / most * _BAR, 1.5) if most else 1.5
        shown = name if len(name) <= 28 else f"{name[:27]}\u2026"  # noqa: PLR2004 - what fits
        drawn.append(
            f'<text x="{_LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(shown)}'
            f"<title>{escape(name)}</title></text>"
            f'<rect class="track" x="{_LABEL}" y="{top + 4}" width="{_BAR}" height="{_ROW - 8}" rx="3"/>'
            f'<rect class="bar" x="{_LABEL}" y="{top + 4}" width="{width:.1f}" height="{_ROW - 8}" rx="3"/>'
            f'<text x="{_LABEL + _BAR + 8}" y="{top + 15}">{escape(note)}</text>'
        )
    return (
        f'<svg class="bars" viewBox="0 0 {_LABEL + _BAR + 110} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(drawn)}</svg>"
    )
