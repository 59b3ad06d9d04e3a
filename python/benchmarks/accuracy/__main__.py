"""Bits per byte of TinyLM against the cost of its attention, by estimator and selection rule.

Attention is replaced in all layers of the model by each method in turn, with the meaning of
qsat's ops. Cost counts, in FLOPs of dense causal attention, the listed blocks whole, the
estimator and the background. Runs on a GPU when PyTorch has one.

    python python/benchmarks/accuracy --model tinylm.safetensors --documents docs/ --json out.json
    python python/benchmarks/accuracy --results out.json --picture front.svg   # of an earlier run
"""

import argparse
import json
import pathlib
import sys
import time

import methods as presets
from results import BIN, Results


def measure(model, ids, method, arguments):
    """The entry of Results.data["methods"] of one method over the documents ids ``[docs, N]``."""
    import tinylm
    import torch
    from attend import Attention

    length, bins, selected, errors, layers = ids.shape[1], [], 0, [], 0
    start = time.perf_counter()
    for first in range(0, len(ids), arguments.batch):
        batch = ids[first:first + arguments.batch].to(model.device)
        attention = Attention(method, tinylm.SCALE, arguments.errors, arguments.precision)
        bits = torch.nn.functional.pad(model.bits(batch, attention), (1, 0))
        bins += bits.double().unflatten(1, (-1, BIN)).sum(-1).tolist()
        counts = torch.stack(attention.selected)  # [layers, B, Mb]
        selected = selected + counts.mean(0).sum(0).double().cpu()
        layers = layers + counts.sum((1, 2)).double().cpu()
        if attention.errors:
            errors += torch.stack(attention.errors).mean((0, 2)).tolist()
    lengths = sorted({n for n in (8192, 16384, 32768) if n <= length} | {length})
    return {
        "bits": [[round(x, 3) for x in row] for row in bins],
        "selected": [round(x, 4) for x in (selected / len(ids)).tolist()],
        "by_layer": [round(x, 2) for x in (layers / len(ids)).tolist()],
        "block_m": method.estimator.block_m, "block_n": method.estimator.block_n,
        "estimator_cost": {str(n): method.estimator_cost(n) for n in lengths},
        "errors": sum(errors) / len(errors) if errors else None,
        "seconds": round(time.perf_counter() - start, 2),
    }


def run(arguments):
    import torch
    from attend import Method
    from tinylm import TinyLM

    device = "cuda" if torch.cuda.is_available() else "cpu"
    # Sums are f32; products round their factors to TF32 on a GPU unless --precision says ieee.
    torch.backends.cuda.matmul.allow_tf32 = arguments.precision == "tf32"
    torch.set_grad_enabled(False)
    model = TinyLM(arguments.model, device)
    paths = sorted(p for p in pathlib.Path(arguments.documents).iterdir() if p.is_file())[arguments.only]
    texts = [p.read_bytes()[:arguments.length] for p in paths]
    paths, texts = zip(*((p, t) for p, t in zip(paths, texts) if len(t) == arguments.length))
    ids = torch.stack([torch.frombuffer(bytearray(t), dtype=torch.uint8).long() for t in texts])
    data = {"length": arguments.length, "documents": [p.name for p in paths],
            "device": torch.cuda.get_device_name() if device == "cuda" else "cpu", "methods": {}}
    texts = arguments.method or presets.read(arguments.methods)
    begun = time.perf_counter()
    for number, text in enumerate(["dense", *texts]):
        if time.perf_counter() - begun > arguments.seconds:
            print(f"stopped before {len(texts) + 1 - number} of {len(texts) + 1} methods", file=sys.stderr)
            break
        method = Method("dense") if text == "dense" else Method.parse(text)
        data["methods"][text] = entry = measure(model, ids, method, arguments)
        results = Results(data)
        extra = ("%+.4f ± %.4f" % results.extra(text, "0-32k")) if results.has("0-32k") else ""
        print(f"{entry['seconds']:7.2f} s  cost {results.cost(text, arguments.length):.3f}  {extra}  {text}",
              file=sys.stderr, flush=True)
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps(data))
    return data


def slice_of(text):
    return slice(*(int(x) if x else None for x in text.split(":")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="weights of TinyLM, safetensors")
    parser.add_argument("--documents", help="folder of documents; those shorter than --length are left out")
    parser.add_argument("--only", type=slice_of, default=slice(None), help="FIRST:END:STEP of the sorted documents")
    parser.add_argument("--length", type=int, default=32768, help="bytes of each document (default %(default)s)")
    parser.add_argument("--methods", default="pareto",
                        help=f"a list of methods ({', '.join(presets.LISTS)}) or a file with one a line")
    parser.add_argument("--method", action="append", help="one method, as 'estimator=rows stride=16 theta=.004'")
    parser.add_argument("--batch", type=int, default=1, help="documents at once")
    parser.add_argument("--precision", default="tf32", choices=["tf32", "tf32x3", "ieee"], help="of products on a GPU")
    parser.add_argument("--errors", action="store_true", help="also the relative error of each layer's output")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no method after so long")
    parser.add_argument("--results", help="show the results in this file instead of measuring")
    parser.add_argument("--json", help="file for the results")
    parser.add_argument("--picture", help="file for the picture of the front (.svg or .png)")
    arguments = parser.parse_args()
    if not arguments.results and not (arguments.model and arguments.documents):
        parser.error("expected --model and --documents, or --results")
    if arguments.length % BIN:
        parser.error(f"expected --length to be a multiple of {BIN}, but got {arguments.length}")
    data = json.loads(pathlib.Path(arguments.results).read_text()) if arguments.results else run(arguments)
    keep = set(range(len(data["documents"]))[arguments.only]) if arguments.results else None
    results = Results(data, keep and keep.__contains__)
    print(f"{len(results.chosen)} documents of {data['length']} bytes; {data['device']}; dense:",
          ", ".join(f"{span} {sum(b) / len(b):.4f}" for span in ("0-8k", "8-16k", "16-32k", "8-32k", "0-16k", "0-32k")
                    if results.has(span) for b in [results.bits("dense", span)]))
    print(results.table())
    if arguments.picture:
        results.picture(arguments.picture, presets.curves(data["methods"]))


if __name__ == "__main__":
    main()
