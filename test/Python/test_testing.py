"""The generators of programs: what they make is valid, repeatable and has the right numbers."""

import random

import numpy as np
import pytest

from qsat.reference import dense, mask
from qsat.testing import mutations, recipe, spellings, twists, wide
from qsat.testing.builder import Builder, Style
from qsat.testing.ir import literal


def spell(seed, sample=recipe.sample):
    rng = random.Random(seed)
    return spellings.spell(sample(rng), rng, "f")


def test_a_seed_gives_one_program():
    assert spell(3).function.text() == spell(3).function.text()
    assert spell(3).function.text() != spell(4).function.text()


def test_literals_are_what_mlir_reads():
    assert literal(float("-inf"), "f32") == "0xFF800000"
    assert literal(float("nan"), "f64") == "0x7FF8000000000000"
    assert literal(0.5, "f16") == "5.00000000000000000e-01"
    assert literal(1, "i1") == "true"


def test_recipe_agrees_with_the_reference():
    """The numpy of a plain causal recipe is that of the dialect's reference."""
    sizes = {"x": 1, "b": 2, "g": 2, "r": 3, "i": 5, "j": 7, "d": 4, "e": 6}
    terms = [recipe.Term("scale", 0.3),
             recipe.Term("mask", -np.inf, form="fill", mask=recipe.Mask([("upper", 1)]))]
    made = recipe.Recipe(sizes, ("b", "g"), ("r",), True, "f64", "f64", terms)
    arrays = recipe.sample_inputs(made, np.random.default_rng(0))
    q = arrays["q"].reshape(2, 6, 5, 4)
    out, _ = dense.attention(q, arrays["k"], arrays["v"], scale=0.3, mask=mask.Mask.causal(1))[:2]
    np.testing.assert_allclose(recipe.evaluate(made, arrays).reshape(out.shape), out, rtol=1e-12)


def test_arrange_keeps_the_axes():
    """Any layout reached from another names the same axes."""
    sizes = {"b": 2, "i": 3, "j": 4}
    for seed in range(50):
        rng = random.Random(seed)
        builder = Builder("f", rng, Style.sample(rng), sizes)
        value = builder.argument((("b", "i"), ("j",)), "f32")
        order = ["b", "i", "j"]
        rng.shuffle(order)
        groups = builder.fold(order)
        moved = builder.arrange(value, (*groups, ()))
        assert moved.groups == (*groups, ())
        assert np.prod(moved.shape) == 24


@pytest.mark.parametrize("family", twists.FAMILIES)
def test_every_family_twists_programs(family):
    """It finds its place in some programs, and these differ from what they were."""
    found = 0
    for seed in range(60):
        twist = twists.Twist(family)
        rng = random.Random(seed)
        made = spellings.spell(recipe.sample_alike(rng), rng, "f", twist=twist).function.text()
        if not twist.done:
            continue
        rng = random.Random(seed)
        assert made != spellings.spell(recipe.sample_alike(rng), rng, "f").function.text()
        found += 1
        if found == 3:
            return
    pytest.fail(f"found no place in {60 - found} programs")


def test_a_program_in_f64():
    text = "func.func @f16(%a: tensor<2xf32>) { %b = arith.constant 0xFF800000 : f32 %c = arith.extf %b : f16 to f32 }"
    assert wide.widened(None, "f16", text) == (
        "func.func @f16_wide(%a: tensor<2xf64>) { %b = arith.constant 0xFFF0000000000000 : f64 "
        "%c = arith.bitcast %b : f64 to f64 }")


@pytest.mark.parametrize("change", mutations.ALL, ids=lambda c: c.__name__)
def test_every_change_changes_the_program(change):
    """... where it finds a place at all."""
    changed = 0
    for seed in range(40):
        made = spell(seed, recipe.sample_alike)
        before = made.function.text()
        if change(made.function, random.Random(seed)):
            changed += made.function.text() != before
    assert changed > 5
