"""From raw figures to rows of the table, a plot, and a section of docs/benchmarks.md."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desk import Rows

DOCS = Path(__file__).resolve().parents[2] / "docs"
OURS = "helpdesk-bot"
WHOLE = f"{OURS}, whole answer"
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
COLOURS = ("#1f6feb", "#8250df", "#bf3989", "#d4a72c", "#57606a", "#1a7f37")


def add_rows(rows: Rows, found: dict[str, Any]) -> None:
    """Add all rows that the steps measured so far give."""
    steps = found["steps"]
    for name, add in (
        ("index", _index),
        ("resync", _resync),
        ("retrieval", _retrieval),
        ("cold", _cold),
        ("cache", _cache),
        ("pairs", _pairs),
    ):
        if name in steps and "error" not in steps[name]:
            add(rows, steps[name])
    if "seconds" in steps.get("index", {}) and "unchanged" in steps.get("resync", {}):
        _anew(rows, steps["index"], steps["resync"])
    for name, reason in found["missing"].items():
        rows.add(f"{name} was not measured", reason)
    for step, result in steps.items():
        if "error" in result:
            rows.add(f"{step} failed", result["error"], met=False)
        parts = [("", result)] + [(f" at {size}", one) for size, one in result.get("sizes", {}).items()]
        for where, part in parts:
            for name, reason in part.get("failed", {}).items():
                rows.add(f"{step}{where}: {name} failed", reason)


def _index(rows: Rows, result: dict[str, Any]) -> None:
    rates = {name: result["passages"] / statistics.median(took) for name, took in result["seconds"].items()}
    for name, rate in rates.items():
        ndcg = result["ndcg"].get(name)
        rows.add(
            f"first index, {name}",
            f"{rate:.1f} passages/s" + ("" if ndcg is None else f", nDCG@10 {ndcg:.3f}"),
        )
    for name in rates.keys() - {OURS}:
        if OURS in rates:
            ratio = statistics.median(_ratios(result["seconds"], name))
            is_judged = name.startswith(("LangChain", "LlamaIndex"))
            rows.add(
                f"first index ÷ {name}",
                f"{ratio:.2f} ×",
                "≥ 2.3 ×" if is_judged else "",
                met=ratio >= 2.3 if is_judged else None,
            )
    alone = result["ndcg"].get(f"{OURS}, by meaning alone")
    others = [value for name, value in result["ndcg"].items() if not name.startswith(OURS)]
    if alone is not None and others:
        worst = max(others) - alone
        rows.add(
            "nDCG@10 of our vectors alone − the best peer's", f"{-worst:+.4f}", "≥ −0.005", met=worst <= 0.005
        )


def _ratios(seconds: dict[str, list[float]], name: str) -> list[float]:
    """Give peer ÷ ours, round by round: both sides of a round had the same machine."""
    return [theirs / ours for theirs, ours in zip(seconds[name], seconds[OURS], strict=False)]


def _resync(rows: Rows, result: dict[str, Any]) -> None:
    for kind, label in (("unchanged", "re-sync unchanged"), ("changed", "re-sync, 1 % changed")):
        seconds = result[kind]
        for name, took in seconds.items():
            rows.add(f"{label}, {name}", f"{statistics.median(took) * 1000:.0f} ms")
        ratios = {name: statistics.median(_ratios(seconds, name)) for name in seconds if name != OURS}
        if OURS in seconds and ratios:
            best = min(ratios, key=lambda name: ratios[name])
            is_judged = kind == "unchanged"
            rows.add(
                f"{label} ÷ the quickest peer ({best})",
                f"{ratios[best]:.1f} ×",
                "≥ 100 ×" if is_judged else "",
                met=ratios[best] >= 100 if is_judged else None,
            )


def _anew(rows: Rows, index: dict[str, Any], resync: dict[str, Any]) -> None:
    """Add what a peer takes that has no re-sync, or is used without it: the first index over again, at its rate."""
    if OURS not in resync["unchanged"]:
        return
    ours = statistics.median(resync["unchanged"][OURS])
    for name in (name for name in index["seconds"] if name != OURS):
        rate = index["passages"] / statistics.median(index["seconds"][name])
        ratio = resync["passages"] / rate / ours
        rows.add(f"re-sync unchanged ÷ {name} indexing anew (by its rate above)", f"{ratio:,.0f} ×")


def _retrieval(rows: Rows, result: dict[str, Any]) -> None:
    for size, here in result["sizes"].items():
        where = f"at {int(size):,} passages"
        middles = {name: statistics.median(_flat(times)) for name, times in here["milliseconds"].items()}
        for name, times in here["milliseconds"].items():
            memory = here["memory"].get(name)
            rows.add(
                f"retrieval {where}, {name}" if name != WHOLE else f"whole uncached answer {where}, {OURS}",
                f"p50 {middles[name]:.1f} ms, p95 {_p95(_flat(times)):.1f} ms"
                + ("" if memory is None else f"; {memory:.0f} MB"),
            )
        peers = {name: value for name, value in middles.items() if not name.startswith(OURS)}
        if OURS in middles and peers:
            best = min(peers, key=lambda name: peers[name])
            ratio, is_judged = peers[best] / middles[OURS], size == "50000"
            rows.add(
                f"retrieval {where} ÷ the quickest peer ({best})",
                f"{ratio:.1f} ×",
                "≥ 5 ×" if is_judged else ("> 1 ×" if size == "3000" else ""),
                met=ratio >= 5 if is_judged else (ratio > 1 if size == "3000" else None),
            )
            if size == "3000" and WHOLE in middles:
                ratio = peers[best] / middles[WHOLE]
                rows.add(
                    f"our whole answer {where} ÷ {best} retrieving alone",
                    f"{ratio:.1f} ×",
                    "> 1 ×",
                    met=ratio > 1,
                )


def _cold(rows: Rows, result: dict[str, Any]) -> None:
    targets = {OURS: 4.0, f"{OURS}, cached": 1.5}
    for name, took in result["seconds"].items():
        value, target = statistics.median(took), targets.get(name)
        rows.add(
            f"cold start to the first answer, {name}",
            f"{value:.1f} s",
            "" if target is None else f"≤ {target} s",
            met=None if target is None else value <= target,
        )


def _cache(rows: Rows, result: dict[str, Any]) -> None:
    middles = {name: statistics.median(_flat(times)) for name, times in result["milliseconds"].items()}
    for name, times in result["milliseconds"].items():
        share = result["hits"].get(name, 0.0)
        rows.add(
            f"answer from the cache, {name}",
            f"p50 {middles[name]:.2f} ms, p95 {_p95(_flat(times)):.2f} ms"
            + ("" if share > 0.999 else f" ({share:.0%} hits)"),
        )
    peers = {name: value for name, value in middles.items() if not name.startswith(OURS)}
    if OURS in middles and peers:
        best = min(peers, key=lambda name: peers[name])
        ratio = peers[best] / middles[OURS]
        rows.add(
            f"exact hit ÷ the quickest peer's semantic hit ({best})",
            f"{ratio:.1f} ×",
            "≥ 5 ×",
            met=ratio >= 5,
        )


def _pairs(rows: Rows, result: dict[str, Any]) -> None:
    for name, shares in result["served"].items():
        rows.add(
            f"cached answers served, {name}",
            f"{shares['useful']:.1%} of paraphrases, {shares['traps']:.1%} of near misses ({shares['pairs']} pairs)",
        )


def _flat(rounds: list[list[float]]) -> list[float]:
    return [value for times in rounds for value in times]


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def draw(found: dict[str, Any], path: Path = DOCS / "peers.svg") -> None:
    """Plot how retrieval and memory grow with the passages."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "peers"
    sizes = found["steps"]["retrieval"]["sizes"]
    names = list(
        dict.fromkeys(name for here in sizes.values() for name in here["milliseconds"] if name != WHOLE)
    )
    figure, (time_axis, memory_axis) = plt.subplots(1, 2, figsize=(10, 4))
    for name, colour in zip(names, COLOURS, strict=False):
        at = [here for here in sizes.values() if name in here["milliseconds"]]
        counts = [here["passages"] for here in at]
        style = {"color": colour, "marker": "o", "label": name, "linewidth": 2.5 if name == OURS else 1.2}
        time_axis.plot(counts, [statistics.median(_flat(here["milliseconds"][name])) for here in at], **style)
        memory_axis.plot(counts, [here["memory"].get(name) for here in at], **style)
    for axis, title in ((time_axis, "question to passages, p50, ms"), (memory_axis, "resident memory, MB")):
        axis.set(xscale="log", yscale="log", xlabel="passages", title=title)
        axis.grid(visible=True, which="major", alpha=0.3)
    time_axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def write_docs(rows: Rows, found: dict[str, Any], path: Path = DOCS / "benchmarks.md") -> None:
    """Write the table between its marks."""
    machine = found["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
    lines = [
        f"Measured {machine['measured_at']} on {where}, load {machine['load']:.1f} at the start; {packages}.",
        "",
        "| measure | value | target | |",
        "|---|---|---|---|",
    ]
    marks = {True: "met", False: "missed", None: ""}
    lines += [
        f"| {row['measure']} | {row['value']} | {row['target']} | {marks[row['met']]} |" for row in rows.rows
    ]
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")
