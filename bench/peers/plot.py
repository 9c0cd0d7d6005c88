"""The plot: what a question and the memory cost as the articles grow, each side a line with its name at the end."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCS = Path(__file__).resolve().parents[2] / "docs"
OURS = "helpdesk-bot"
WHOLE = f"{OURS}, whole answer"
COLOURS = {
    OURS: "#1f6feb",
    WHOLE: "#3b82c4",
    "LangChain, in memory": "#8250df",
    "LangChain, FAISS": "#bf3989",
    "LlamaIndex": "#9a6700",
    "Haystack": "#57606a",
    "haiku.rag": "#1a7f37",
}
GAP = 0.058
"""The least distance of two names, as a share of the axis."""


def draw(found: dict[str, Any], path: Path = DOCS / "peers.svg") -> None:
    """Plot how retrieval and memory grow with the passages."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "peers", "font.size": 10})
    sizes = [
        here for step in ("retrieval", "large") for here in sizes_of(found, step) if here["milliseconds"]
    ]
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.8))
    _lines(axes[0], _times(sizes), [here["passages"] for here in sizes], "{:,.0f} ms")
    _lines(axes[1], _memory(sizes), [here["passages"] for here in sizes], "{:,.0f} MB")
    axes[0].set_title("a question to its passages, median", loc="left")
    axes[1].set_title("resident memory after it, children included", loc="left")
    figure.tight_layout(w_pad=3)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def sizes_of(found: dict[str, Any], step: str) -> list[dict[str, Any]]:
    """Give what a step measured, size by size."""
    return list(found["steps"].get(step, {}).get("sizes", {}).values())


def _times(sizes: Sequence[dict[str, Any]]) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for here in sizes:
        for name, rounds in here["milliseconds"].items():
            values = [value for times in rounds for value in times]
            found.setdefault(name, {})[here["passages"]] = statistics.median(values)
    return found


def _memory(sizes: Sequence[dict[str, Any]]) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for here in sizes:
        for name, megabytes in here["memory"].items():
            if megabytes is not None:
                found.setdefault(name, {})[here["passages"]] = megabytes
    return found


def _lines(axis: Any, lines: dict[str, dict[int, float]], counts: Sequence[int], unit: str) -> None:
    axis.set(xscale="log", yscale="log", xlabel="passages")
    for name, at in lines.items():
        is_ours = name.startswith(OURS)
        axis.plot(
            list(at),
            list(at.values()),
            color=COLOURS.get(name, "#000000"),
            marker="o",
            markersize=4,
            linewidth=2.4 if name == OURS else 1.3,
            linestyle="--" if name == WHOLE else "-",
            zorder=3 if is_ours else 2,
        )
    axis.set_xticks(counts, [f"{round(count, -3):,}" for count in counts])
    axis.minorticks_off()
    low, high = axis.get_ylim()
    ticks = [
        step * 10**power
        for power in range(9)
        for step in (1, 3)
        if low * 0.7 <= step * 10**power <= high * 1.4
    ]
    axis.set_yticks(ticks, [unit.format(tick) for tick in ticks])
    axis.grid(visible=True, alpha=0.25)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    _names(axis, {name: list(at.items())[-1] for name, at in lines.items()}, unit)


def _names(axis: Any, ends: dict[str, tuple[int, float]], unit: str) -> None:
    """Write each name beside the end of its line, no two nearer than GAP."""
    order = sorted(ends, key=lambda name: ends[name][1])
    to_axis = axis.transScale + axis.transLimits
    wanted = [float(to_axis.transform(ends[name])[1]) for name in order]
    for name, place in zip(order, apart(wanted, GAP), strict=True):
        axis.annotate(
            f"{name} {unit.format(ends[name][1])}",
            xy=ends[name],
            xytext=(1.03, place),
            textcoords="axes fraction",
            color=COLOURS.get(name, "#000000"),
            fontsize=9,
            fontweight="bold" if name == OURS else "normal",
            va="center",
            arrowprops={"arrowstyle": "-", "color": COLOURS.get(name, "#000000"), "linewidth": 0.5},
        )


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Move rising places as little as they need to be `gap` apart: clusters keep their middle."""
    clusters: list[list[float]] = []
    for place in places:
        clusters.append([place])
        while len(clusters) > 1 and _bottom(clusters[-1], gap) - _top(clusters[-2], gap) < gap:
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    return [_bottom(cluster, gap) + number * gap for cluster in clusters for number in range(len(cluster))]


def _bottom(cluster: Sequence[float], gap: float) -> float:
    return float(np.mean(cluster)) - gap * (len(cluster) - 1) / 2


def _top(cluster: Sequence[float], gap: float) -> float:
    return float(np.mean(cluster)) + gap * (len(cluster) - 1) / 2
