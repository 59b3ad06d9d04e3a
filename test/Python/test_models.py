"""The archive of a model's weights fits the arguments of its IR."""

import re
from pathlib import Path

import numpy as np
import pytest

BYTELM = Path(__file__).resolve().parents[1] / "Models" / "bytelm"


def argument_types(path):
    """The types of main's arguments, such as 1x512xi64."""
    for line in path.open():
        if "func.func @main(" in line:
            return re.findall(r"%arg\d+: tensor<([^>]*)>", line)
    raise AssertionError(f"{path}: expected a function main")


@pytest.mark.parametrize("n", [512, 4096, 16384])
def test_weights_are_the_arguments_after_ids(n):
    with np.load(BYTELM / "weights.npz") as weights:
        arrays = [weights[name] for name in weights.files]
    assert all(a.dtype == np.uint16 for a in arrays)
    types = ["x".join(map(str, a.shape)) + "xbf16" for a in arrays]
    assert argument_types(BYTELM / f"bytelm_{n}.mlir") == [f"1x{n}xi64", *types]


def test_expected_logits():
    text = np.fromfile(sorted((BYTELM / "docs").glob("*.txt"))[0], np.uint8)
    with np.load(BYTELM / "expected_512.npz") as expected:
        assert (expected["ids"][0] == text[:512]).all()
        assert expected["logits"].shape == (64, 256)
        assert np.isfinite(expected["logits"]).all()
