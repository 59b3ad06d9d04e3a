"""Lists of methods, one text each; see `attend.Method.parse`."""

import pathlib
import re

#: The form that others are held to: `qsat-sparsify` with block-m=128 block-n=128 stride=16.
FORM = "estimator=rows stride=16 local=1"


def _by(form, key, *values):
    return [f"{form} {key}={value}" for value in values]


LISTS = {
    # The front: rows on blocks of 128x128 and, as `quality` has it, of 64x64; then the peers.
    "pareto": [
        *_by(FORM, "theta", ".004", ".006", ".008", ".012", ".016", ".02", ".024", ".028", ".032", ".036"),
        *_by(FORM + " bits=8", "theta", ".008", ".012", ".016", ".024"),
        *_by(FORM + " bits=4", "theta", ".008", ".012", ".016", ".024"),
        *_by(FORM + " block_m=64 block_n=64", "theta", ".004", ".006", ".008", ".012", ".016", ".02"),
        *_by("estimator=rows stride=8 local=1 block_m=64 block_n=64", "theta", ".006", ".008", ".012", ".016"),
        "estimator=rows stride=8 local=1 block_m=64 block_n=64 bits=8 theta=.006",
        *_by(FORM + " block_m=64 block_n=64 bits=8", "theta", ".008", ".016"),
        *_by("estimator=rows stride=8 local=1", "theta", ".006", ".012", ".018", ".024"),
        *_by("estimator=rows stride=32 local=1", "theta", ".003", ".006", ".012", ".018"),
        *_by("estimator=rows stride=16", "theta", ".003", ".006", ".012", ".024"),
        *_by("estimator=cascade stride=8 share=.5 local=1", "theta", ".006", ".012", ".024"),
        *_by("estimator=exact local=1", "theta", ".006", ".012", ".024", ".036"),
        *_by("estimator=exact bits=4 local=1", "theta", ".006", ".012", ".024", ".036"),
        *_by("estimator=d2 local=1", "theta", ".0015", ".003", ".006", ".012"),
        *_by("estimator=pooled local=1", "theta", ".0015", ".003", ".006", ".012"),
        *_by("estimator=antidiagonal stride=8 local=1", "theta", ".0015", ".003", ".006", ".012"),
        *_by("estimator=antidiagonal stride=16 local=1", "theta", ".0015", ".003", ".006", ".012"),
        *(f"estimator={e} policy=budget alpha=.1 local=1" for e in ("exact", "rows stride=16", "pooled",
                                                                   "antidiagonal stride=8")),
    ],
    # Rules, shared lists and backgrounds at about one cost.
    "seeds": [
        *_by(FORM, "theta", ".012", ".024"),
        *_by(FORM + " entangle=1", "theta", ".012", ".024", ".032"),
        *(f"{FORM} theta=.024 background={b}" for b in ("rank1", "centroid", "t2")),
        *_by(FORM + " policy=budget", "alpha", ".05", ".1"),
        *_by(FORM + " policy=budget exponent=.7", "alpha", ".27", ".53"),
        *_by(FORM + " policy=budget exponent=.5", "alpha", ".8", "1.6"),
        *_by(FORM + " policy=mass", "theta", ".7", ".8"),
        *_by(FORM + " policy=relative_threshold", "theta", ".03", ".1"),
        *_by(FORM + " policy=logit_threshold", "theta", "8", "11"),
        *_by(FORM + " policy=measure", "alpha", ".1"),
        *_by(FORM + " policy=heavy_hitter", "alpha", ".1"),
        *_by("estimator=exact local=1 policy=evict", "alpha", ".1", ".2"),
        *_by("estimator=exact policy=evict_keys", "alpha", ".1", ".2", ".5"),
        *_by(FORM + " theta=.012", "gamma", "-.5", ".5", "1"),
        *_by(FORM + " reuse=2", "theta", ".006"),
    ],
}


def read(name):
    """The methods of a list, or of a file with one a line (# starts a comment)."""
    if name in LISTS:
        return LISTS[name]
    lines = (line.split("#")[0].strip() for line in pathlib.Path(name).read_text().splitlines())
    return [line for line in lines if line]


#: What the picture shows, and how it calls it.
LABELS = {
    "exact local=1": "oracle block mass (not charged)",
    "exact bits=4 local=1": "4-bit QK",
    "rows stride=16 local=1": "rows/16",
    "rows stride=16 local=1 bits=8": "rows/16 in int8",
    "rows stride=8 local=1 block_m=64 block_n=64": "rows/8, 64x64 blocks (qsat, high)",
    "rows stride=16 local=1 block_m=64 block_n=64": "rows/16, 64x64 blocks (qsat)",
    "rows stride=16": "rows/16 without the local block",
    "cascade stride=8 share=.5 local=1": "cascade .5/8",
    "antidiagonal stride=8 local=1": "antidiagonal/8 (XAttention)",
    "pooled local=1": "pooled (MInference, Sparge)",
    "d2 local=1": "d2",
}


def curves(names):
    """{label: methods that differ in theta only}, of the forms that have a label."""
    out = {label: [] for label in LABELS.values()}
    for name in names:
        label = LABELS.get(re.sub(r" ?theta=\S+", "", name).replace("estimator=", ""))
        if label:
            out[label].append(name)
    return {label: methods for label, methods in out.items() if methods}
