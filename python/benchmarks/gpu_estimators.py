"""Estimators, policies and the audit on a GPU: their numbers against numpy in f64, and their time.

    python python/benchmarks/gpu_estimators.py --qsat-compile build/bin/qsat-compile --kernels DIR
    python python/benchmarks/gpu_estimators.py --kernels DIR --check --time --json out.json

The first line compiles the functions (no GPU needed), the second runs them (no LLVM needed,
but torch with CUDA). Times are medians of CUDA events over rounds in which every candidate
runs once, in random order, beside dense attention in the same rounds.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import gpu_kernels
from gpu_time import begin, make_parser, measure
from gpu_checks import guard

ESTIMATORS = ("rows", "pooled", "centroid", "d2", "antidiagonal", "cascade")
LENGTHS = (8192, 16384, 32768)


@dataclass(frozen=True)
class Variant:
    """What scores and audits are of."""

    name: str
    width: int = 128
    element: str = "bf16"
    block: int = 128  # keys of one
    block_rows: int = 128
    offset: int = 0
    window: int = 0
    sinks: int = 0
    causal: bool = True
    region: str = ""  # of audits only

    def rows(self) -> str:
        return f"memref<?x?x?x{self.width}x{self.element}, strided<[?, ?, ?, 1], offset: ?>>"

    def attributes(self, *more: str) -> str:
        mask = [m for m, on in (("causal", self.causal), (f"offset = {self.offset}", self.offset),
                                (f"window = {self.window}", self.window), (f"sinks = {self.sinks}", self.sinks)) if on]
        shown = [f"mask = #qsat.mask<{', '.join(mask)}>"] if mask else []
        return "{" + ", ".join([*shown, *more]) + "}"

    def mask(self):
        from qsat.reference import Mask

        make = Mask.causal if self.causal else Mask
        return make(**{key: value for key, value in dict(offset=self.offset, window=self.window, sinks=self.sinks).items()
                       if value})

    def score(self, estimator: str) -> str:
        attributes = self.attributes(f"scale = {self.width ** -0.5:.17e} : f64", f"block_m = {self.block_rows} : i64",
                                     f"block_n = {self.block} : i64", f"estimator = #qsat.estimator<{estimator}>")
        return (f"func.func @{estimator}_{self.name}(%q: {self.rows()}, %k: {self.rows()}, %a: !blocks, %l: !row) {{\n"
                f"  qsat.amplitude_score ins(%q, %k : {self.rows()}, {self.rows()}) outs(%a, %l : !blocks, !row) "
                f"{attributes}\n  return\n}}\n")

    def audit(self) -> str:
        rows, region = self.rows(), ""
        if self.region:
            region = (" score {\n  ^bb0(%z: f32, %b: index, %h: index, %i: index, %j: index):"
                      f"{gpu_kernels.ALIBI}\n    qsat.yield %y : f32\n  }}")
        return (f"func.func @audit_{self.name}(%q: {rows}, %k: {rows}, %v: {rows}, %o: {rows}, %l: !row, %e: !terms, "
                f"%n: !terms, %kept: !terms) {{\n  qsat.audit ins(%q, %k, %v : {rows}, {rows}, {rows}) of(%o : {rows}) "
                f"lse(%l : !row) outs(%e, %n, %kept : !terms, !terms, !terms) "
                + self.attributes(f"scale = {self.width ** -0.5:.17e} : f64", "seed = 7 : i64") + region
                + "\n  return\n}\n")


PLAIN = Variant("causal")
SCORED = [PLAIN, Variant("all", causal=False), Variant("d64", width=64, block=64, block_rows=64),
          Variant("f16", element="f16"), Variant("window", window=700, sinks=130), Variant("before", offset=-300),
          Variant("d256", width=256, block=64), Variant("f32", element="f32")]
AUDITED = [PLAIN, Variant("all", causal=False), Variant("d64", width=64), Variant("f16", element="f16"),
           Variant("window", window=700, sinks=130), Variant("before", offset=-300), Variant("d256", width=256),
           Variant("alibi", region="alibi"), Variant("f32", element="f32")]
#: Attributes of amplified_select, and the arguments of the reference.
POLICIES = {
    "mass": dict(policy="mass", theta=0.7), "mass_all": dict(policy="mass", theta=1.5),
    "heavy_hitter": dict(policy="heavy_hitter", k=6), "measure": dict(policy="measure", k=9, seed=7),
    "budget": dict(policy="budget", alpha=1.5, exponent=0.3), "top_k": dict(policy="top_k", k=8),
    "threshold": dict(policy="threshold", theta=0.012),
}


def select_text(name: str, options: dict) -> str:
    spelled = [f"policy = #qsat.policy<{value}>" if key == "policy" else
               f"{key} = {float(value):.17e} : f64" if key in ("theta", "alpha", "exponent") else f"{key} = {value} : i64"
               for key, value in options.items()]
    return (f"func.func @select_{name}(%a: !blocks, %x: !lists, %c: !counts, %m: !row, %n: !row) {{\n"
            "  qsat.amplified_select ins(%a : !blocks) outs(%x, %c, %m, %n : !lists, !counts, !row, !row) "
            f"{{mask = #qsat.mask<causal>, {', '.join(spelled)}}}\n  return\n}}\n")


def build(directory: Path, qsat_compile: str):
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / "estimators.mlir"
    text = ("!blocks = memref<?x?x?x?xf32>\n!lists = memref<?x?x?x?xi32>\n!counts = memref<?x?x?xi32>\n"
            "!row = memref<?x?x?xf32>\n!terms = memref<?x?x?x2xf32>\n")
    text += "".join(variant.score(estimator) for variant in SCORED for estimator in ESTIMATORS)
    text += "".join(variant.audit() for variant in AUDITED)
    text += "".join(select_text(*item) for item in POLICIES.items())
    source.write_text(text + gpu_kernels.Kernel("dense_causal", causal=True).text())
    subprocess.run([qsat_compile, str(source), "-o", str(directory / "estimators.so")], check=True)


def random_rows(*shape, element="bf16", size=1.0):
    import torch

    dtype = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}[element]
    return (size * torch.randn(*shape, device="cuda")).to(dtype)


def to_numpy(x):
    return x.double().cpu().numpy()


def call(library, name, *arguments):
    import torch

    library.functions[name].bind(*arguments)(torch.cuda.current_stream().cuda_stream)
    guard(name)


# -- checks ------------------------------------------------------------------

SHAPES = ((1, 2, 2, 256, 256), (2, 6, 3, 1000, 1000), (1, 2, 1, 900, 333), (1, 2, 2, 1, 1), (1, 4, 1, 77, 1500))


def check_scores(library):
    results = []
    for variant in SCORED:
        for estimator in ESTIMATORS:
            for number, shape in enumerate(SHAPES):
                results.append(check_score(library, variant, estimator, shape, number, size=2.0))
            if estimator != "cascade":  # of huge logits d2 is 0 or 1: what passes hangs on nothing
                results.append(check_score(library, variant, estimator, SHAPES[0], 0, size=100.0))
    return results


def check_score(library, variant, estimator, shape, seed, size):
    """Amplitudes and lse against the reference; the second of two calls gives the same bits."""
    import numpy as np
    import torch

    from qsat.reference import amplitude_score

    torch.manual_seed(seed)
    batches, heads, kv_heads, rows, keys = shape
    q = random_rows(batches, heads, rows, variant.width, element=variant.element, size=size)
    k = random_rows(batches, kv_heads, keys, variant.width, element=variant.element)
    k += 2 * random_rows(batches, kv_heads, 1, variant.width, element=variant.element)
    blocks = (batches, heads, -(-rows // variant.block_rows), -(-keys // variant.block))
    a, l = torch.full(blocks, math.nan, device="cuda"), torch.full(blocks[:3], math.nan, device="cuda")
    call(library, f"{estimator}_{variant.name}", q, k, a, l)
    first = a.clone()
    call(library, f"{estimator}_{variant.name}", q, k, a, l)
    wanted, lse = amplitude_score(to_numpy(q), to_numpy(k), scale=variant.width ** -0.5, mask=variant.mask(),
                                  estimator=estimator, block_m=variant.block_rows, block_n=variant.block)
    got, of_rows, known = to_numpy(a), to_numpy(l), np.isfinite(lse)
    error = np.abs(got - wanted)
    # What a cascade lets through may hang on the last bit.
    others = float((error > 1e-3).mean())
    if estimator == "cascade" and others < 0.02:
        error = error[error <= 1e-3]
    largest = float(np.abs(lse[known]).max(initial=0.0))
    result = {"variant": variant.name, "estimator": estimator, "shape": shape, "size": size,
              "amplitude": float(error.max(initial=0.0)), "others": others,
              "lse": float(np.abs(of_rows[known] - lse[known]).max(initial=0.0)), "same": bool(torch.equal(first, a))}
    # f32 has 24 bits; logits of thousands move a softmax by what they lose.
    result["pass"] = (result["amplitude"] < 1e-4 + largest * 2**-20 and result["lse"] < 1e-3 + largest * 2**-17
                      and result["same"] and not np.isnan(got).any() and bool((of_rows[~known] == -np.inf).all()))
    return result


def check_policies(library):
    """Lists against the reference; a choice may hang on the last bit of a sum or a logarithm."""
    import numpy as np
    import torch

    from qsat.reference import Mask, amplified_select

    results = []
    for name, options in POLICIES.items():
        for number, (batches, heads, query_blocks, key_blocks) in enumerate(((1, 4, 9, 9), (2, 3, 33, 70), (1, 2, 128, 128),
                                                                             (1, 1, 1, 1), (1, 2, 5, 300))):
            for limit in (key_blocks, min(4, key_blocks)):
                r = np.random.default_rng(number)
                shape = (batches, heads, query_blocks)
                amplitude = np.sqrt(r.dirichlet(0.3 * np.ones(key_blocks), shape)).astype(np.float32)
                a = torch.tensor(amplitude, device="cuda")
                x = torch.full((*shape, limit), -1, device="cuda", dtype=torch.int32)
                c = torch.full(shape, -1, device="cuda", dtype=torch.int32)
                m, n = (torch.full(shape, math.nan, device="cuda") for _ in range(2))
                call(library, f"select_{name}", a, x, c, m, n)
                wanted = amplified_select(amplitude, mask=Mask.causal(), max_blocks=limit, **options)
                counts = c.cpu().numpy()
                listed = np.arange(limit) < np.minimum(counts, limit)[..., None]
                expected = np.arange(limit) < np.asarray(wanted.counts)[..., None]
                indices = np.where(expected, np.asarray(wanted.indices)[..., :limit], -1)
                differ = (np.where(listed, x.cpu().numpy(), -1) != indices).any(-1)
                same = ~differ
                mass = np.abs(m.cpu().numpy() - wanted.mass)[same]
                results.append({"policy": name, "shape": (batches, heads, query_blocks, key_blocks), "limit": limit,
                                "lists": int(differ.size), "differ": int(differ.sum()),
                                "mass": float(mass.max()) if mass.size else 0.0,
                                "pass": differ.sum() <= max(1, differ.size // 200) and (not mass.size or mass.max() < 1e-5)})
    return results


def check_audits(library):
    results = []
    for variant in AUDITED:
        for number, shape in enumerate((*SHAPES, (1, 8, 2, 3000, 3000))):
            results.append(check_audit(library, variant, shape, number, size=1.5))
        results.append(check_audit(library, variant, SHAPES[0], 0, size=200.0))
    return results


def check_audit(library, variant, shape, seed, size):
    """Of the exact output and noise: errors relative to the largest term."""
    import numpy as np
    import torch

    from qsat.reference import attention, audit

    def alibi(z, b, h, i, j):
        return z + 0.125 * (j - i)

    torch.manual_seed(seed)
    batches, heads, kv_heads, rows, keys = shape
    q = random_rows(batches, heads, rows, variant.width, element=variant.element, size=size)
    k, v = (random_rows(batches, kv_heads, keys, variant.width, element=variant.element) for _ in range(2))
    given = dict(scale=variant.width ** -0.5, mask=variant.mask(), score=alibi if variant.region else None)
    exact, lse = attention(*map(to_numpy, (q, k, v)), **given)
    r = np.random.default_rng(seed)
    o = torch.tensor(exact + 0.3 * r.standard_normal(exact.shape), device="cuda").to(q.dtype)
    l = torch.tensor(lse - 0.2 * r.random(lse.shape), device="cuda").float()
    terms = [torch.full((batches, heads, -(-rows // 128), 2), math.nan, device="cuda") for _ in range(3)]
    call(library, f"audit_{variant.name}", q, k, v, o, l, *terms)
    wanted = audit(*map(to_numpy, (q, k, v, o, l)), **given, share=1 / 64, seed=7)
    errors = []
    for got, expected in zip(map(to_numpy, terms), wanted):
        scale = max(float(np.abs(expected).max()), 1e-30)
        errors.append(math.inf if np.isnan(got).any() else float(np.abs(got - expected).max()) / scale)
    return {"variant": variant.name, "shape": shape, "size": size, "error": errors[0], "norm": errors[1],
            "kept": errors[2],
            # As logits of thousands are known to 1e-3, so are the weights.
            "pass": max(errors) < (2e-2 if variant.element != "f32" else 1e-4 + 2e-5 * size)}


def print_checks(results):
    for kind, key, columns in (("scores", "estimator", ("amplitude", "lse")), ("policies", "policy", ("differ", "mass")),
                               ("audits", "variant", ("error", "norm", "kept"))):
        print(f"{kind} against f64, the largest")
        for name in dict.fromkeys(r[key] for r in results[kind]):
            mine = [r for r in results[kind] if r[key] == name]
            shown = "  ".join(f"{column} {max(r[column] for r in mine):.1e}" for column in columns)
            print(f"  {name:14} {shown}  {len(mine)} cases, {sum(not r['pass'] for r in mine)} failed", flush=True)
        for r in results[kind]:
            if not r["pass"]:
                print("  FAIL", r)


# -- time --------------------------------------------------------------------


def time_all(library, lengths, rounds):
    import torch

    results = []
    stream = torch.cuda.current_stream().cuda_stream
    for length in lengths:
        heads, kv_heads, blocks = 8, 2, length // 128
        q, k, v = (random_rows(1, h, length, 128) for h in (heads, kv_heads, kv_heads))
        o, l = torch.empty_like(q), torch.empty(1, heads, length, device="cuda")
        a, of_blocks = torch.empty(1, heads, blocks, blocks, device="cuda"), torch.empty(1, heads, blocks, device="cuda")
        x, c = torch.empty_like(a, dtype=torch.int32), torch.empty_like(of_blocks, dtype=torch.int32)
        terms = [torch.empty(1, heads, blocks, 2, device="cuda") for _ in range(3)]
        functions = {"dense": ("dense_causal", q, k, v, o, l), "audit": ("audit_causal", q, k, v, o, l, *terms)}
        functions |= {f"score {e}": (f"{e}_causal", q, k, a, of_blocks) for e in ESTIMATORS}
        functions |= {f"select {p}": (f"select_{p}", a, x, c, of_blocks, of_blocks.clone()) for p in POLICIES}
        calls = {name: library.functions[function].bind(*arguments) for name, (function, *arguments) in functions.items()}
        for name, run in calls.items():
            run(stream)
            guard(name)
        runs = {name: (lambda run=run: run(stream)) for name, run in calls.items()}
        times, (clock, power) = measure(runs, rounds)
        results.append({"length": length, "milliseconds": times, "MHz": clock, "W": power})
    return results


def print_times(results):
    for r in results:
        dense = r["milliseconds"]["dense"]
        print(f"n {r['length']} H 8:2 D 128 causal, blocks of 128 x 128  [{r['MHz']} MHz, {r['W']} W]")
        for name, t in r["milliseconds"].items():
            print(f"  {name:20} {t:9.3f} ms  {t / dense:7.1%} of dense", flush=True)


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--time", action="store_true", help="each estimator, policy and the audit beside dense attention")
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="contexts")
    arguments = parser.parse_args()
    if arguments.qsat_compile:
        build(arguments.kernels, arguments.qsat_compile)
    if not arguments.check and not arguments.time:
        return
    libraries, results = begin(arguments.kernels, ["estimators"])
    library = libraries["estimators"]
    if arguments.check:
        results |= {"audits": check_audits(library), "scores": check_scores(library), "policies": check_policies(library)}
        print_checks(results)
    if arguments.time:
        results["times"] = time_all(library, arguments.lengths, arguments.rounds)
        print_times(results["times"])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1, default=str))


if __name__ == "__main__":
    sys.exit(main())
