"""Pictures of the benchmarks."""


def draw_time_against_density(panels, lines, file):
    """Writes an image: a panel for each title of `panels`, {title: [curve, ...]}.

    A curve is a dictionary: `label`, `points` [(density, milliseconds), ...], and `lines`, {style: milliseconds},
    what takes the same time at any density: horizontal lines in the curve's colour and in a style of matplotlib.
    `lines` says what these are.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    figure, axes = pyplot.subplots(1, len(panels), figsize=(7.5 * len(panels), 4.5), squeeze=False)
    for axis, (title, curves) in zip(axes[0], panels.items()):
        for curve in curves:
            (drawn,) = axis.plot(*zip(*sorted(curve["points"])), marker="o", label=curve["label"])
            for style, milliseconds in curve["lines"].items():
                axis.axhline(milliseconds, linestyle=style, linewidth=1, color=drawn.get_color())
        axis.set(title=title, xlabel="density: share of the visible blocks that is read", ylabel="milliseconds",
                 xscale="log", yscale="log")
        axis.xaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(ticker.PercentFormatter(1))
        axis.xaxis.set_minor_formatter(ticker.NullFormatter())
        axis.grid(alpha=0.3, which="both")
        axis.legend(title=lines, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    figure.savefig(file, dpi=150)
