"""Decode on the CPU: how near one query row comes to a plain read of K and V.

A step of decode reads K and V once; a function of the same library that only reads them, on
the same threads, is the peer. Both go through several caches in turn, larger together than
the last-level cache of any core. All candidates run in one process, interleaved round by
round; shares are medians of per-round ratios.

    python python/benchmarks/cpu_decode.py --qsat-opt build/bin/qsat-opt
"""

import argparse
import json
import os
import statistics
import time

import numpy as np

from native import Module, aligned, measure

BLOCK = 128


def module_text(heads, kv_heads, rows, n, width, element, pages):
    """`decode` (dense), `paged` (lists of `pages` blocks) and `read`, which sums the bits of K and V."""
    q, k = (f"memref<1x{h}x{m}x{width}x{element}>" for h, m in ((heads, rows), (kv_heads, n)))
    o = q
    indices, counts = f"memref<1x{kv_heads}x1x{pages}xi32>", f"memref<1x{kv_heads}x1xi32>"
    lse = f"memref<1x{heads}x{rows}xf32>"
    bits = {"f32": 32, "f16": 16, "bf16": 16}[element]
    lanes, chunk = 512 // bits, 512
    mask = f"mask = #qsat.mask<causal, offset = {n - rows}>"
    scale = f"scale = {width ** -0.5:.17e} : f64, {mask}"
    loads = "\n".join(
        f"""      %{x}{d} = vector.load %{x}[%c0, %h, %j, %d{d}] : {k}, vector<{lanes}x{element}>
      %{x}i{d} = vector.bitcast %{x}{d} : vector<{lanes}x{element}> to vector<16xi32>
      %{x}s{d} = arith.addi %{before}, %{x}i{d} : vector<16xi32>"""
        for x, d, before in accumulators(width // lanes))
    offsets = "\n".join(f"  %d{d} = arith.constant {d * lanes} : index" for d in range(width // lanes))
    last = last_sums(width // lanes)
    vectors = ", ".join(["vector<16xi32>"] * 8)
    total = "\n".join(f"    %t{n + 1} = arith.addi %t{n}, %r#{n} : vector<16xi32>" for n in range(8))
    return f"""
func.func @decode(%q: {q}, %k: {k}, %v: {k}, %o: {o}) attributes {{llvm.emit_c_interface}} {{
  qsat.attention ins(%q, %k, %v : {q}, {k}, {k}) outs(%o : {o}) {{{scale}}}
  return
}}
func.func @paged(%q: {q}, %k: {k}, %v: {k}, %i: {indices}, %c: {counts}, %o: {o}, %l: {lse})
    attributes {{llvm.emit_c_interface}} {{
  qsat.sparse_attention ins(%q, %k, %v : {q}, {k}, {k}) list(%i, %c : {indices}, {counts})
    outs(%o, %l : {o}, {lse}) {{{scale}, block_m = {BLOCK} : i64, block_n = {BLOCK} : i64}}
  return
}}
func.func private @read_chunk(%h: index, %begin: index, %k: {k}, %v: {k}, %out: memref<?x16xi32>, %t: index)
    attributes {{no_inline}} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %chunk = arith.constant {chunk} : index
{offsets}
  %end = arith.addi %begin, %chunk : index
  %t0 = arith.constant dense<0> : vector<16xi32>
    %r:8 = scf.for %j = %begin to %end step %c1
        iter_args({', '.join(f'%{name} = %t0' for name in ('ka0', 'ka1', 'ka2', 'ka3', 'va0', 'va1', 'va2', 'va3'))})
        -> ({vectors}) {{
{loads}
      scf.yield {', '.join(last)} : {vectors}
    }}
{total}
  vector.store %t8, %out[%t, %c0] : memref<?x16xi32>, vector<16xi32>
  return
}}
func.func @read(%k: {k}, %v: {k}, %out: memref<?x16xi32>) attributes {{llvm.emit_c_interface}} {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %chunk = arith.constant {chunk} : index
  %chunks = arith.constant {n // chunk} : index
  %tasks = arith.constant {kv_heads * (n // chunk)} : index
  scf.parallel (%t) = (%c0) to (%tasks) step (%c1) {{
    %h = arith.divui %t, %chunks : index
    %c = arith.remui %t, %chunks : index
    %begin = arith.muli %c, %chunk : index
    func.call @read_chunk(%h, %begin, %k, %v, %out, %t) : (index, index, {k}, {k}, memref<?x16xi32>, index) -> ()
  }}
  return
}}"""


def accumulators(vectors):
    """(memref, vector, the sum that it is added to) of the loads of a row: four sums for each memref."""
    for x in "kv":
        for d in range(vectors):
            yield x, d, f"{x}a{d % 4}" if d < 4 else f"{x}s{d - 4}"


def last_sums(vectors):
    """The last value of each of the eight sums."""
    names = []
    for x in "kv":
        for a in range(4):
            of_sum = [d for d in range(vectors) if d % 4 == a]
            names.append(f"%{x}s{of_sum[-1]}" if of_sum else f"%{x}a{a}")
    return names


def to_element(x, element):
    """Arrays as memrefs hold them; bf16 as its bits."""
    if element == "bf16":
        return ((x.view(np.uint32) + 0x8000) >> 16).astype(np.uint16)
    return x.astype({"f32": np.float32, "f16": np.float16}[element])


def line(element, n, rows, arguments):
    """One line of the table."""
    heads, kv_heads, width = arguments.heads, arguments.kv_heads, arguments.width
    pages = max(n // BLOCK // 10, 1)
    generator = np.random.default_rng(1)
    bytes_of_cache = 2 * kv_heads * n * width * (4 if element == "f32" else 2)
    # A cache is read again when so much else was read that none of it is near any more.
    copies = max(2, -(-arguments.cold_bytes // bytes_of_cache))
    q = to_element(generator.standard_normal((1, heads, rows, width), dtype=np.float32), element)
    one = [to_element(generator.standard_normal((1, kv_heads, n, width), dtype=np.float32), element) for _ in "kv"]
    caches = [[aligned(x) for x in one] for _ in range(copies)]
    indices = np.stack([np.sort(generator.permutation(n // BLOCK)[:pages]) for _ in range(kv_heads)])
    indices = indices.astype(np.int32).reshape(1, kv_heads, 1, pages)
    counts = np.full((1, kv_heads, 1), pages, np.int32)
    module = Module(module_text(heads, kv_heads, rows, n, width, element, pages), os.path.abspath(arguments.qsat_opt),
                    arguments.target_cpu, load=not arguments.compile_only)
    if arguments.compile_only:
        return None
    module.set_threads(arguments.threads)
    o, lse = np.zeros_like(q), np.zeros((1, heads, rows), np.float32)
    sums = np.zeros((kv_heads * (n // 512), 16), np.int32)
    calls = [{"decode": module.bind("decode", q, k, v, o), "read": module.bind("read", k, v, sums),
              "paged": module.bind("paged", q, k, v, indices, counts, np.zeros_like(q), lse)} for k, v in caches]

    def turn(name, shift):
        """The candidates start at different caches: none finds what another has just read."""
        return lambda number: calls[(number + shift) % copies][name]()

    candidates = {"decode": turn("decode", 0), "read": turn("read", copies // 2), "paged": turn("paged", 1)}
    if not arguments.no_torch:
        add_torch(candidates, q, caches, element, arguments)
    spare = module.bind("read", *(aligned(x) for x in one), sums)

    def settle():
        """Before each candidate the same, and not timed: plain reads for 10 ms. Right after torch's call a decode
        took 4.7 ms, the next one 1.2; its threads go on spinning for a while, we assume."""
        until = time.perf_counter() + 0.01
        while time.perf_counter() < until:
            spare()

    times = measure(candidates, arguments.rounds, settle)
    result = {"element": element, "n": n, "rows": rows, "heads": heads, "kv_heads": kv_heads, "width": width,
              "share_of_read": statistics.median(r / d for r, d in zip(times["read"], times["decode"])),
              "best_share": min(times["read"]) / min(times["decode"]),
              "paged_density": pages * BLOCK / n}
    for name, t in times.items():
        result[f"{name}_milliseconds"] = statistics.median(t) * 1e3
        result[f"{name}_gigabytes_per_second"] = bytes_of_cache / statistics.median(t) / 1e9
    result["paged_gigabytes_per_second"] *= result["paged_density"]
    return result


def add_torch(candidates, q, caches, element, arguments):
    """torch's scaled_dot_product_attention on the same caches, as `torch`."""
    import torch

    torch.set_num_threads(arguments.threads)
    kind = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[element]

    def tensor(x):
        return torch.from_numpy(x.view(np.int16) if element == "bf16" else x).view(kind)

    tensors, query = [[tensor(x) for x in cache] for cache in caches], tensor(q)
    sdpa = torch.nn.functional.scaled_dot_product_attention
    candidates["torch"] = lambda number: sdpa(query, *tensors[(number + 2) % len(caches)], enable_gqa=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--qsat-opt", default="build/bin/qsat-opt")
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--lengths", type=int, nargs="+", default=[32768], help="multiples of 512")
    parser.add_argument("--rows", type=int, nargs="+", default=[1])
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--elements", nargs="+", choices=("bf16", "f16", "f32"), default=["bf16", "f32"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--cold-bytes", type=int, default=512 << 20, help="bytes of all caches together")
    parser.add_argument("--target-cpu", default="host",
                        help="compile for this CPU, as LLVM names it (default: this one)")
    parser.add_argument("--no-torch", action="store_true")
    parser.add_argument("--compile-only", action="store_true",
                        help="into QSAT_KERNELS, for a machine without LLVM")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    lines = [line(element, n, rows, arguments) for element in arguments.elements
             for n in arguments.lengths for rows in arguments.rows]
    if arguments.compile_only:
        return
    if arguments.json:
        print(json.dumps(lines, indent=1))
        return
    print(f"D = {arguments.width}, {arguments.heads} heads on {arguments.kv_heads} kv heads, {arguments.threads} "
          f"threads, medians of {arguments.rounds} interleaved runs; paged: a tenth of the context")
    print(f"{'':>4} {'n':>7} {'rows':>4} {'read GB/s':>9} {'decode GB/s':>11} {'share':>6} {'(best)':>6} "
          f"{'paged GB/s':>10} {'torch GB/s':>10}")
    for r in lines:
        torch_rate = r.get("torch_gigabytes_per_second", float("nan"))
        print(f"{r['element']:>4} {r['n']:>7} {r['rows']:>4} {r['read_gigabytes_per_second']:9.1f} "
              f"{r['decode_gigabytes_per_second']:11.1f} {r['share_of_read']:6.2f} {r['best_share']:6.2f} "
              f"{r['paged_gigabytes_per_second']:10.1f} {torch_rate:10.1f}")


if __name__ == "__main__":
    main()
