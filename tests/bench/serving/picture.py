"""A picture of latency against throughput, written as SVG."""

import math
import statistics

WIDTH, HEIGHT, MARGIN = 720, 440, 64
COLOURS = ("#1b6ca8", "#d1495b", "#8d96a3", "#66a182")


def _ticks(low, high):
    """1, 2, 5, 10, … within the bounds."""
    exponent = math.floor(math.log10(low))
    while True:
        for factor in (1, 2, 5):
            value = factor * 10**exponent
            if value > high:
                return
            if value >= low:
                yield value
        exponent += 1


def latency_against_throughput(points):
    """`points`: name, requests in flight, reports of load_generator. Lines of p50 (full) and p99 (dashed)."""
    figures = {}
    for name, concurrency, reports in points:
        median = {key: statistics.median(r[key] for r in reports) for key in ("per_second", "p50_ms", "p99_ms")}
        figures.setdefault(name, []).append((concurrency, median))
    medians = [median for series in figures.values() for _, median in series]
    left, right = 0, 1.1 * max(m["per_second"] for m in medians)
    low, high = 0.8 * min(m["p50_ms"] for m in medians), 1.2 * max(m["p99_ms"] for m in medians)

    def x(per_second):
        return MARGIN + (per_second - left) / (right - left) * (WIDTH - 2 * MARGIN)

    def y(milliseconds):
        return HEIGHT - MARGIN - math.log(milliseconds / low) / math.log(high / low) * (HEIGHT - 2 * MARGIN)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for tick in _ticks(low, high):
        parts.append(f'<path d="M{MARGIN} {y(tick):.1f}H{WIDTH - MARGIN}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{MARGIN - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    step = 10 ** math.floor(math.log10(right)) / 2
    for i in range(int(right / step) + 1):
        parts.append(f'<text x="{x(i * step):.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{i * step:g}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 16}" text-anchor="middle">requests a second</text>')
    parts.append(
        f'<text x="16" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2})">'
        "latency in ms: p50 full, p99 dashed</text>"
    )
    for index, (name, series) in enumerate(figures.items()):
        colour = COLOURS[index % len(COLOURS)]
        for key, dash in (("p50_ms", ""), ("p99_ms", ' stroke-dasharray="5 4"')):
            path = "L".join(f"{x(m['per_second']):.1f} {y(m[key]):.1f}" for _, m in series)
            parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
            for concurrency, m in series:
                parts.append(f'<circle cx="{x(m["per_second"]):.1f}" cy="{y(m[key]):.1f}" r="3" fill="{colour}"/>')
                if key == "p50_ms":
                    parts.append(
                        f'<text x="{x(m["per_second"]) + 5:.1f}" y="{y(m[key]) + 14:.1f}" fill="{colour}">{concurrency}</text>'
                    )
        parts.append(f'<text x="{MARGIN + 8}" y="{MARGIN / 2 + 16 * index}" fill="{colour}">{name}</text>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
