"""Time that qsat-raise-attention takes on decoders of 8 to 512 layers.

A layer is what PyTorch exports: a normalisation, projections for grouped-query attention,
rotary embeddings, repeated key/value heads, a causal mask from index arithmetic added to
the scores, a softmax in five ops, and a gated feed-forward network. Times come from
`-mlir-timing`: of the pass alone, without and with remarks on what is not raised, and of
the parser beside it, which reads the same IR in the same process.

    python python/benchmarks/raise_speed.py --qsat-opt build/bin/qsat-opt
"""

import argparse
import collections
import json
import re
import statistics
import subprocess
import tempfile

HEADS, KV_HEADS, LENGTH, WIDTH, HIDDEN = 8, 2, 128, 16, 256
MODEL = HEADS * WIDTH


class Writer:
    """Lines of IR with numbered values."""

    def __init__(self):
        self.lines = []
        self.count = 0

    def value(self, text):
        name = f"%{self.count}"
        self.count += 1
        self.lines.append(f"    {name} = {text}")
        return name

    def empty(self, shape):
        return self.value(f"tensor.empty() : {tensor(shape)}")

    def filled(self, shape, constant):
        type_ = tensor(shape)
        return self.value(f"linalg.fill ins({constant} : f32) outs({self.empty(shape)} : {type_}) -> {type_}")

    def generic(self, shape, inputs, body, out=None, reduced=(), iterators=None):
        """An elementwise op, or with `out` a reduction; `inputs` are (value, shape, map)."""
        dims = [f"d{n}" for n in range(len(shape))]
        out_dims = ["0" if n in reduced else d for n, d in enumerate(dims)]
        out_shape = [1 if n in reduced else s for n, s in enumerate(shape)]
        maps = [f"affine_map<({', '.join(dims)}) -> ({m})>" for _, _, m in inputs]
        maps.append(f"affine_map<({', '.join(dims)}) -> ({', '.join(out_dims)})>")
        kinds = ['"reduction"' if n in reduced else '"parallel"' for n in range(len(shape))]
        values = ", ".join(v for v, _, _ in inputs)
        types = ", ".join(tensor(s) for _, s, _ in inputs)
        ins = f" ins({values} : {types})" if inputs else ""
        arguments = ", ".join([f"%x{n}: f32" for n in range(len(inputs))] + ["%out: f32"])
        result = tensor(out_shape)
        return self.value(
            f"linalg.generic {{indexing_maps = [{', '.join(maps)}], iterator_types = [{', '.join(kinds)}]}}"
            f"{ins} outs({out or self.empty(out_shape)} : {result}) {{\n"
            f"    ^bb0({arguments}):\n{body}    }} -> {result}")

    def elementwise(self, shape, inputs, op):
        """One op on `inputs` of the whole shape, or (value, shape, map)."""
        identity = ", ".join(f"d{n}" for n in range(len(shape)))
        inputs = [i if isinstance(i, tuple) else (i, shape, identity) for i in inputs]
        arguments = ", ".join(f"%x{n}" for n in range(len(inputs)))
        return self.generic(shape, inputs, f"      %r = {op} {arguments} : f32\n      linalg.yield %r : f32\n")

    def reduce(self, shape, value, op, init):
        last = len(shape) - 1
        identity = ", ".join(f"d{n}" for n in range(len(shape)))
        start = self.filled([*shape[:-1], 1], init)
        body = f"      %r = {op} %x0, %out : f32\n      linalg.yield %r : f32\n"
        return self.generic(shape, [(value, shape, identity)], body, start, (last,))

    def transpose(self, value, shape, order):
        new = [shape[n] for n in order]
        result = self.value(f"linalg.transpose ins({value} : {tensor(shape)}) outs({self.empty(new)} : {tensor(new)}) "
                            f"permutation = {order}")
        return result, new

    def matmul(self, a, a_shape, b, b_shape):
        batch = len(a_shape) == 3
        shape = [*a_shape[:-1], b_shape[-1]]
        init = self.filled(shape, "%zero")
        return self.value(f"linalg.{'batch_' if batch else ''}matmul ins({a}, {b} : {tensor(a_shape)}, {tensor(b_shape)}) "
                          f"outs({init} : {tensor(shape)}) -> {tensor(shape)}")

    def reshape(self, kind, value, shape, new, groups):
        size = f" output_shape {new}" if kind == "expand" else ""
        return self.value(f"tensor.{kind}_shape {value} {groups}{size} : {tensor(shape)} into {tensor(new)}")


def tensor(shape):
    return f"tensor<{'x'.join(map(str, shape))}xf32>"


def rotary(w, x, shape):
    """x cos + rotated x sin, the rotation by two slices and a concatenation."""
    half = [*shape[:-1], shape[-1] // 2]
    zeros, ones = "[0, 0, 0]", "[1, 1, 1]"
    first = w.value(f"tensor.extract_slice {x}{zeros} {half} {ones} : {tensor(shape)} to {tensor(half)}")
    second = w.value(f"tensor.extract_slice {x}[0, 0, {half[-1]}] {half} {ones} : {tensor(shape)} to {tensor(half)}")
    negated = w.elementwise(half, [second], "arith.negf")
    turned = w.value(f"tensor.concat dim(2) {negated}, {first} : ({tensor(half)}, {tensor(half)}) -> {tensor(shape)}")
    table = ([LENGTH, WIDTH], "d1, d2")
    cosine = w.elementwise(shape, [x, ("%cos", *table)], "arith.mulf")
    sine = w.elementwise(shape, [turned, ("%sin", *table)], "arith.mulf")
    return w.elementwise(shape, [cosine, sine], "arith.addf")


def project(w, x, weight, heads):
    """[N, MODEL] to [heads, N, WIDTH]."""
    flat = [LENGTH, heads * WIDTH]
    y = w.matmul(x, [LENGTH, MODEL], weight, [MODEL, heads * WIDTH])
    y = w.reshape("expand", y, flat, [LENGTH, heads, WIDTH], "[[0], [1, 2]]")
    return w.transpose(y, [LENGTH, heads, WIDTH], [1, 0, 2])


def repeat(w, x):
    """Key/value heads to query heads: a broadcast and a reshape."""
    groups = HEADS // KV_HEADS
    wide = [KV_HEADS, groups, LENGTH, WIDTH]
    body = "      linalg.yield %x0 : f32\n"
    x = w.generic(wide, [(x, [KV_HEADS, LENGTH, WIDTH], "d0, d2, d3")], body)
    return w.reshape("collapse", x, wide, [HEADS, LENGTH, WIDTH], "[[0, 1], [2], [3]]")


def attention(w, x):
    q, shape = project(w, x, "%wq", HEADS)
    k, kv_shape = project(w, x, "%wk", KV_HEADS)
    v, _ = project(w, x, "%wv", KV_HEADS)
    q, k = rotary(w, q, shape), rotary(w, k, kv_shape)
    k, v = repeat(w, k), repeat(w, v)
    k, k_shape = w.transpose(k, shape, [0, 2, 1])
    scores = [HEADS, LENGTH, LENGTH]
    s = w.matmul(q, shape, k, k_shape)
    scale = w.filled(scores, "%scale")
    s = w.elementwise(scores, [s, scale], "arith.mulf")
    mask = w.generic([LENGTH, LENGTH], [], """      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %hidden = arith.cmpi sgt, %j, %i : index
      %r = arith.select %hidden, %lowest, %zero : f32
      linalg.yield %r : f32
""")
    s = w.elementwise(scores, [s, (mask, [LENGTH, LENGTH], "d1, d2")], "arith.addf")
    row = ([HEADS, LENGTH, 1], "d0, d1, 0")
    top = w.reduce(scores, s, "arith.maximumf", "%least")
    s = w.elementwise(scores, [s, (top, *row)], "arith.subf")
    e = w.elementwise(scores, [s], "math.exp")
    total = w.reduce(scores, e, "arith.addf", "%zero")
    p = w.elementwise(scores, [e, (total, *row)], "arith.divf")
    o = w.matmul(p, scores, v, shape)
    o, _ = w.transpose(o, shape, [1, 0, 2])
    o = w.reshape("collapse", o, [LENGTH, HEADS, WIDTH], [LENGTH, MODEL], "[[0], [1, 2]]")
    return w.matmul(o, [LENGTH, MODEL], "%wo", [MODEL, MODEL])


def norm(w, x):
    shape = [LENGTH, MODEL]
    square = w.elementwise(shape, [x, x], "arith.mulf")
    mean = w.reduce(shape, square, "arith.addf", "%one")
    inverse = w.elementwise([LENGTH, 1], [mean], "math.rsqrt")
    return w.elementwise(shape, [x, (inverse, [LENGTH, 1], "d0, 0")], "arith.mulf")


def feed_forward(w, x):
    shape = [LENGTH, HIDDEN]
    gate = w.matmul(x, [LENGTH, MODEL], "%wg", [MODEL, HIDDEN])
    up = w.matmul(x, [LENGTH, MODEL], "%wu", [MODEL, HIDDEN])
    gate = w.elementwise(shape, [gate], "math.tanh")
    return w.matmul(w.elementwise(shape, [gate, up], "arith.mulf"), shape, "%wd", [HIDDEN, MODEL])


def model_text(layers):
    w = Writer()
    shape, x = [LENGTH, MODEL], "%x"
    for _ in range(layers):
        x = w.elementwise(shape, [x, attention(w, norm(w, x))], "arith.addf")
        x = w.elementwise(shape, [x, feed_forward(w, norm(w, x))], "arith.addf")
    narrow = tensor([MODEL, KV_HEADS * WIDTH])
    square, wide, tall = tensor([MODEL, MODEL]), tensor([MODEL, HIDDEN]), tensor([HIDDEN, MODEL])
    table, state = tensor([LENGTH, WIDTH]), tensor(shape)
    return f"""func.func @main(%x: {state}, %wq: {square}, %wk: {narrow}, %wv: {narrow}, %wo: {square},
                %wg: {wide}, %wu: {wide}, %wd: {tall}, %cos: {table}, %sin: {table}) -> {state} {{
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %scale = arith.constant 0.25 : f32
    %least = arith.constant 0xFF800000 : f32
    %lowest = arith.constant -3.40282347e+38 : f32
""" + "\n".join(w.lines) + f"\n    return {x} : {state}\n}}\n", w.count


def measure(qsat_opt, path, rounds):
    """Median seconds by what takes them, and the number of attentions that were raised."""
    times, raised = collections.defaultdict(list), 0
    command = [qsat_opt, "--qsat-raise-attention", "--mlir-timing", "--mlir-timing-display=list",
               "--mlir-disable-threading", path]
    for _ in range(rounds):
        for name, extra in (("pass", []), ("with remarks", ["--remarks-filter-missed=qsat"])):
            run = subprocess.run([*command, *extra], capture_output=True, text=True, check=True)
            seconds = {part: float(re.search(rf"([\d.]+) \([^)]*\)\s+{part}", run.stderr).group(1))
                       for part in ("QsatRaiseAttention", "Parser")}
            times[name].append(seconds["QsatRaiseAttention"])
            times["parser"].append(seconds["Parser"])
            raised = len(re.findall(r"= qsat\.attention ", run.stdout))
    return {name: statistics.median(list_) for name, list_ in times.items()}, raised


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qsat-opt", required=True)
    parser.add_argument("--layers", type=int, nargs="+", default=[8, 32, 128, 512])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for layers in args.layers:
            text, ops = model_text(layers)
            path = f"{folder}/{layers}.mlir"
            with open(path, "w") as file:
                file.write(text)
            seconds, raised = measure(args.qsat_opt, path, args.rounds)
            rows.append({"layers": layers, "ops": ops, "raised": raised,
                         **{f"{name} ms": 1e3 * value for name, value in seconds.items()},
                         "us per op": 1e6 * seconds["pass"] / ops})
    if args.json:
        print(json.dumps(rows, indent=1))
        return
    print("  ".join(f"{name:>9}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:{max(9, len(name))}.2f}" if isinstance(value, float) else f"{value:9}"
                        for name, value in row.items()))


if __name__ == "__main__":
    main()
