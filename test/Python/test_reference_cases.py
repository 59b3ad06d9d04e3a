"""The table of reference cases: its comparison accepts what is right and nothing else."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Integration"))

import reference_cases  # noqa: E402
from case_builder import decode, encode  # noqa: E402

CASES = {case.name: case for case in reference_cases.cases()}


def test_the_table_covers_the_dialect():
    text = "\n".join(case.mlir for case in CASES.values())
    from qsat.reference import amplification, scoring, selection, sparse

    words = [*(f"estimator<{x}>" for x in scoring.ESTIMATORS), *(f"policy<{x}>" for x in selection.POLICIES[1:]),
             *(f"background<{x}>" for x in sparse.BACKGROUNDS[1:]), *(f"amplification<{x}" for x in amplification.KINDS),
             "qsat.merge", "qsat.attention", "extras(", "at(", "entangle", "xbf16>", "xf16>", "xf64>", "?x"]
    assert [word for word in words if word not in text] == []


def test_the_table_is_deterministic_and_follows_the_seed():
    again, other = reference_cases.cases(), reference_cases.cases(1)
    for x, y in zip(CASES.values(), again):
        assert x.mlir == y.mlir and x.compare(y.expected) == ""
        for name in x.inputs:
            np.testing.assert_array_equal(x.inputs[name], y.inputs[name])
    assert any(x.compare(y.expected) for x, y in zip(again, other))


@pytest.mark.parametrize("name", CASES)
def test_comparison(name):
    case = CASES[name]
    assert case.compare(dict(case.expected)) == ""
    for number, (output, element) in enumerate(zip(case.expected, case.elements)):
        value = decode(case.expected[output], element)
        valid = np.ones(value.shape, bool)
        if case.counts and number == 0:
            valid = np.arange(value.shape[-1]) < case.expected[case.counts][..., None]
        finite = np.flatnonzero(valid & np.isfinite(value))
        if not finite.size:
            continue
        rtol, atol = case.tolerance_of(element)
        wrong = value.copy()
        wrong.flat[finite[-1]] += 1 if element == "i32" else 3 * (atol + rtol * abs(wrong.flat[finite[-1]]))
        assert output in case.compare({**case.expected, output: encode(wrong, element)})
        assert "expected" in case.compare({**case.expected, output: np.zeros((1, 2))})
    assert "expected outputs" in case.compare({})


def test_lists_are_compared_up_to_their_counts():
    case = CASES["select_threshold"]
    indices = case.expected["out0"].copy()
    past = np.arange(indices.shape[-1]) >= case.expected["out1"][..., None]
    indices[past] = 77
    assert case.compare({**case.expected, "out0": indices}) == ""
    assert "out1" in case.compare({**case.expected, "out0": indices, "out1": case.expected["out1"] + 1})


def test_cases_discriminate():
    """The selections are neither empty nor all, and the backgrounds change the output."""
    for name in ("threshold", "top_k", "mass", "budget", "residual", "measure", "relative_threshold"):
        counts = CASES[f"select_{name}"].expected["out1"]
        assert 1 < counts.mean() < 10, name
    for name in ("row_rows", "row_cascade_entangle"):
        counts = CASES[name].expected["out2"]
        assert counts.min() < counts.max() and counts.mean() < 6


def test_bf16_bits():
    x = np.array([1.0, -2.5, 3.0000001, 1 + 2**-8, 1 + 3 * 2**-8, np.inf, -np.inf, np.nan, 0.1], np.float32)
    bits = encode(x, "bf16")
    assert bits.dtype == np.uint16
    np.testing.assert_array_equal(bits[:5], [0x3F80, 0xC020, 0x4040, 0x3F80, 0x3F82])
    np.testing.assert_array_equal(decode(bits, "bf16")[[5, 6]], [np.inf, -np.inf])
    assert np.isnan(decode(bits, "bf16")[7])
    assert abs(decode(bits, "bf16")[8] - 0.1) <= 0.1 * 2**-9
