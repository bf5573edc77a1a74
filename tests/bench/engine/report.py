"""What run.py prints and writes of its rows."""

import math
import statistics

import suite

_COLUMNS = ("network", "threads", "batch", "ours ms", "ORT ms", "OpenVINO ms", "ratio to the better", "of best runs", "of the peak", "limit ms")


def _cells(row):
    low, *_, high = row.ratios if len(row.ratios) > 1 else row.ratios * 2
    return (
        row.network,
        str(row.threads),
        str(row.batch),
        *(f"{row.median(engine):.4g}" for engine in row.ms),
        f"{row.ratio:.2f} [{low:.2f}–{high:.2f}]",
        f"{row.ratio_of_best:.2f}",
        f"{row.share:.2f}",
        f"{row.limit[0]:.3g} ({row.limit[1]})",
    )


_WIDTHS = (20, 7, 5, 9, 9, 11, 19, 12, 11, 18)


def _padded(cells):
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, _WIDTHS))


def header():
    return _padded(_COLUMNS)


def line(row):
    return _padded(_cells(row))


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


def summary(rows):
    """The figures that have a target."""
    worst = min(rows, key=lambda row: row.ratio)
    worst_best = min(rows, key=lambda row: row.ratio_of_best)
    lines = [
        f"geometric mean of the ratios: {geometric_mean([row.ratio for row in rows]):.3f}",
        f"worst row: {worst.ratio:.2f} ({worst.network}, batch {worst.batch}, {worst.threads} threads)",
        f"rows at 1 or better: {sum(row.ratio >= 1 for row in rows)} of {len(rows)}, "
        f"within the spread {sum(row.ratios[-1] >= 1 for row in rows)}",
        f"of the best runs: geometric mean {geometric_mean([row.ratio_of_best for row in rows]):.3f}, worst row "
        f"{worst_best.ratio_of_best:.2f} ({worst_best.network}, batch {worst_best.batch}, {worst_best.threads} threads), "
        f"at 1 or better {sum(row.ratio_of_best >= 1 for row in rows)}",
    ]
    for name in suite.ARITHMETIC:
        shares = [row.share for row in rows if row.network == name]
        if shares:
            lines.append(f"{name}: {min(shares):.2f} to {max(shares):.2f} of the peak")
    for name in suite.MICROSECONDS:
        ratios = [row.ratio for row in rows if row.network == name and row.batch == 1]
        if ratios:
            lines.append(f"{name} at batch 1: {min(ratios):.2f} times the better peer")
    for name in suite.ARITHMETIC:
        by_threads = {row.threads: row for row in rows if row.network == name and row.batch == 8}
        if {1, 2} <= by_threads.keys():
            speedup = by_threads[1].best_ms["rectifier"] / by_threads[2].best_ms["rectifier"]
            lines.append(f"{name} at batch 8: 2 threads are {speedup:.2f} times as fast as 1")
    slower = [row for row in rows if row.starts["rectifier"]["first_answer_s"] > _best(row, _seconds)]
    larger = [row for row in rows if _growth(row.starts["rectifier"]) > _best(row, _growth)]
    lines.append(f"file to first answer: later than the sooner peer in {len(slower)} of {len(rows)} rows")
    lines.append(f"growth of resident memory: above the lesser peer's in {len(larger)} of {len(rows)} rows")
    return "\n".join(lines)


def _seconds(start):
    return start["first_answer_s"]


def _growth(start):
    return start["after_mib"] - start["before_mib"]


def _best(row, figure):
    return min(figure(start) for engine, start in row.starts.items() if engine != "rectifier")


def csv_rows(rows):
    yield ("network", "threads", "batch", "gflop", "engine", "turn", "median_ms", "peak_gflops")
    for row in rows:
        for engine, times in row.ms.items():
            for turn, (ms, peak) in enumerate(zip(times, row.peaks)):
                yield (row.network, row.threads, row.batch, row.gflop, engine, turn, ms, peak)


def _markdown(columns, cells):
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in cells:
        yield "| " + " | ".join(row) + " |"


def table(rows):
    """For the documentation."""
    lines = [*_markdown(_COLUMNS, map(_cells, rows)), ""]
    columns = ["network", "threads", "batch"]
    columns += [f"{engine}: {what}" for what in ("s to first answer", "MiB more") for engine in rows[0].starts]
    cells = []
    for row in rows:
        starts = row.starts.values()
        seconds = [f"{_seconds(start):.3f}" for start in starts]
        cells.append([row.network, str(row.threads), str(row.batch), *seconds, *(f"{_growth(s):.1f}" for s in starts)])
    return "\n".join([*lines, *_markdown(columns, cells), "", summary(rows), ""])


_BAR, _LEFT, _WIDTH = 7, 150, 760


def picture(rows):
    """Bars of the ratios, a group for each network, on a logarithmic scale."""
    names = list(dict.fromkeys(row.network for row in rows))
    most = max(2.0, *(row.ratio for row in rows))
    least = min(0.5, *(row.ratio for row in rows))

    def x(ratio):
        return _LEFT + (math.log(ratio / least)) / math.log(most / least) * (_WIDTH - _LEFT - 60)

    kinds = sorted({(row.threads, row.batch) for row in rows})
    colours = ("#9ecae1", "#4292c6", "#08519c", "#fdbe85", "#fd8d3c", "#a63603")
    group = _BAR * len(kinds) + 8
    height = 60 + group * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{_LEFT}" y="16">times as fast as the better of ONNX Runtime and OpenVINO</text>',
    ]
    for index, (threads, batch) in enumerate(kinds):
        at = _LEFT + 95 * index
        parts.append(f'<rect x="{at}" y="22" width="9" height="9" fill="{colours[index % len(colours)]}"/>')
        parts.append(f'<text x="{at + 13}" y="31">{threads} thr., batch {batch}</text>')
    for tick in (0.5, 0.7, 1, 1.5, 2, 3, 5, 10):
        if least <= tick <= most:
            colour = "#333" if tick == 1 else "#ddd"
            parts.append(f'<path d="M{x(tick):.1f} 40V{height - 16}" stroke="{colour}"/>')
            parts.append(f'<text x="{x(tick):.1f}" y="{height - 4}" text-anchor="middle">{tick}</text>')
    for place, name in enumerate(names):
        top = 44 + group * place
        parts.append(f'<text x="{_LEFT - 6}" y="{top + group / 2 + 2:.0f}" text-anchor="end">{name}</text>')
        for row in rows:
            if row.network != name:
                continue
            index = kinds.index((row.threads, row.batch))
            left, right = sorted((x(1), x(row.ratio)))
            parts.append(
                f'<rect x="{left:.1f}" y="{top + _BAR * index}" width="{max(right - left, 0.5):.1f}" '
                f'height="{_BAR - 1}" fill="{colours[index % len(colours)]}"/>'
            )
    return "\n".join([*parts, "</svg>", ""])
