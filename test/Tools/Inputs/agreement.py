"""What qsat-run reports of the heads of a group is what numpy makes of the same amplitudes.

    agreement.py make DIR                 amplitudes of heads that disagree, and that nearly agree
    agreement.py check DIR NAME           compares DIR/NAME.json with DIR/NAME.npy
"""

import json
import sys
from pathlib import Path

import numpy as np

SHAPE = (2, 6, 5, 9)

command, folder = sys.argv[1], Path(sys.argv[2])
if command == "make":
    r = np.random.default_rng(3)
    disagree = r.dirichlet(0.3 * np.ones(SHAPE[3]), size=SHAPE[:3])
    disagree[:, :, 2] = 0  # rows that see no key
    agree = np.repeat(r.dirichlet(0.3 * np.ones(SHAPE[3]), size=(2, 2, 5)), 3, axis=1) * (1 + 1e-3 * r.random(SHAPE))
    for name, p in (("disagree", disagree), ("agree", agree)):
        np.save(folder / f"{name}.npy", np.sqrt(p).astype(np.float32))
    sys.exit()

name = sys.argv[3]
a = np.load(folder / f"{name}.npy").astype(np.float64)
groups = a.reshape(2, 2, 3, 5, 9).swapaxes(2, 3)  # [B,Hkv,Mb,G,Nb]
s = np.linalg.svd(groups / 3**0.5, compute_uv=False) ** 2
total = s.sum(-1, keepdims=True)
with np.errstate(invalid="ignore", divide="ignore"):
    s = s / total
    terms = np.where(s > 0, -s * np.log(s), 0)
entropy = np.where(total[..., 0] > 0, terms.sum(-1), np.nan)  # of the rows that see a key
(found,) = json.loads((folder / f"{name}.json").read_text())["agreements"]
p, mean = a**2, groups.swapaxes(2, 3).__pow__(2).mean(2)
wanted = {
    "heads": 3,
    "entropy": np.nanmean(entropy),
    "largest_entropy": np.nanmean(entropy, axis=(0, 2)).max(),
    "own_mass": np.where(p >= 0.15, p, 0).sum(-1).mean(),
    "own_density": (p >= 0.15).mean(),
    "shared_mass": np.where(mean >= 0.15, mean, 0).sum(-1).mean(),
    "shared_density": (mean >= 0.15).mean(),
}
for key, value in wanted.items():
    assert abs(found[key] - value) < 1e-5, (key, found[key], value)
assert found["share"] == (name == "agree"), found
print(f"{name}: as numpy has it")
