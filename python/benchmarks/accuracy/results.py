"""What a run measured, and the table and picture of it."""

import math

BIN = 1024  # Bytes per bin of the results.
#: Ranges of positions, in bins, for which the table gives bits per byte.
RANGES = {"0-8k": (0, 8), "8-16k": (8, 16), "16-32k": (16, 32), "8-32k": (8, 32), "0-16k": (0, 16), "0-32k": (0, 32)}
#: 97.5th percentiles of Student's t by degrees of freedom (1 .. 30).
STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11,
           2.10, 2.09, 2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04)


def mean_interval(values):
    """Mean and half width of its 95 % interval (Student's t)."""
    n = len(values)
    mean = sum(values) / n
    if n < 2:
        return mean, math.nan
    deviation = math.sqrt(sum((x - mean) ** 2 for x in values) / (n - 1))
    return mean, (STUDENT[n - 2] if n <= 31 else 1.96) * deviation / math.sqrt(n)


class Results:
    """{"length", "documents", "device", "methods": {name: {"bits": [[bits of each bin] per document],
    "selected": [mean blocks listed, by query block, over documents, layers and heads], "block_m",
    "block_n", "estimator_cost": {length: share}, "by_layer": [blocks of each layer], "errors"}}}."""

    def __init__(self, data, documents=None):
        self.data = data
        names = data["documents"]
        self.chosen = [i for i in range(len(names)) if documents is None or documents(i)]

    def bits(self, method, span):
        """Bits per byte of each chosen document over a range of bins."""
        low, high = (min(x, self.data["length"] // BIN) for x in RANGES[span])
        rows = self.data["methods"][method]["bits"]
        # The first byte of a document is not predicted.
        size = BIN * (high - low) - (low == 0)
        return [sum(rows[i][low:high]) / size for i in self.chosen]

    def has(self, span):
        return RANGES[span][0] * BIN < self.data["length"] and RANGES[span][1] * BIN <= self.data["length"]

    def extra(self, method, span):
        """Mean and interval of the extra bits per byte over dense, paired by document."""
        pairs = zip(self.bits(method, span), self.bits("dense", span))
        return mean_interval([a - b for a, b in pairs])

    def density(self, method, length):
        """Pairs in the listed blocks (whole ones) over the visible pairs of a document of `length`."""
        entry = self.data["methods"][method]
        blocks = length // entry["block_m"]
        return sum(entry["selected"][:blocks]) * entry["block_m"] * entry["block_n"] / (length * (length + 1) / 2)

    def cost(self, method, length):
        """Density, estimator and background, in FLOPs of dense causal attention."""
        return self.density(method, length) + self.data["methods"][method]["estimator_cost"][str(length)]

    def lengths(self):
        return [n for n in (8192, 16384, 32768) if n <= self.data["length"]] or [self.data["length"]]

    def row(self, method):
        row = {"method": method}
        for length in self.lengths():
            row[f"cost {length // 1024}k"] = self.cost(method, length)
        for span in RANGES:
            if self.has(span):
                row[span] = self.extra(method, span)
        whole = [a - b for a, b in zip(self.bits(method, "0-32k"), self.bits("dense", "0-32k"))]
        row["worst document"] = max(whole)
        if self.data["methods"]["dense"]["errors"] is not None:
            row["output error"] = self.data["methods"][method]["errors"]
        return row

    def table(self, methods=None):
        """Markdown: total cost, then extra bits per byte (+- 95 %) by positions."""
        rows = [self.row(m) for m in methods or self.data["methods"]]
        keys = list(rows[0])
        lines = ["| " + " | ".join(keys) + " |", "|---" * len(keys) + "|"]
        for row in rows:
            cells = [row["method"]]
            for key in keys[1:]:
                value = row[key]
                if key.startswith("cost"):
                    cells.append(f"{100 * value:.1f} %")
                elif key == "worst document":
                    cells.append(f"{value:+.4f}")
                elif key == "output error":
                    cells.append("" if value is None else f"{100 * value:.1f} %")
                else:
                    cells.append(f"{value[0]:+.4f} ± {value[1]:.4f}")
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def picture(self, path, curves):
        """Extra bits per byte of whole documents against total cost, by length; curves: {label: [methods]}."""
        import matplotlib

        matplotlib.use("Agg")
        matplotlib.rcParams["svg.hashsalt"] = "accuracy"  # The same file for the same results.
        import matplotlib.pyplot as plt

        lengths = [n for n in self.lengths() if self.has(f"0-{n // 1024}k")]
        figure, panels = plt.subplots(1, len(lengths), figsize=(4.5 * len(lengths), 5.5), sharey=True, squeeze=False)
        colors = plt.get_cmap("tab20").colors[::2] + plt.get_cmap("tab20").colors[1::2]
        for axes, length in zip(panels[0], lengths):
            span = f"0-{length // 1024}k"
            for color, (label, methods) in zip(colors, curves.items()):
                points = sorted((100 * self.cost(m, length), *self.extra(m, span)) for m in methods)
                x, y, e = zip(*points)
                axes.errorbar(x, y, yerr=e, label=label, color=color, marker="o", markersize=3, linewidth=1,
                              elinewidth=0.5)
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set(title=f"documents of {length // 1024}k", xlabel="total cost, % of dense causal FLOPs", xscale="log")
            axes.set_yscale("symlog", linthresh=0.01)
            axes.set_xticks(ticks := [3, 5, 7, 10, 20, 30, 50], [str(t) for t in ticks], minor=False)
            axes.minorticks_off()
            axes.grid(alpha=0.3)
        panels[0][0].set_ylabel("extra bits/byte over dense")
        figure.legend(*panels[0][0].get_legend_handles_labels(), loc="lower center", ncols=4, fontsize=8)
        figure.tight_layout(rect=(0, 0.12, 1, 1))
        figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)
