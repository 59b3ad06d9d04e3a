"""A method: which estimator, which rule, which background; and attention by it."""

import dataclasses

import torch

from estimators import Estimator, block_statistics, visible_blocks
from eviction import Eviction
from kernels import NEGATIVE_INFINITY, block_attention
from rules import Rule, lists_of


@dataclasses.dataclass(frozen=True)
class Method:
    """`reuse`: only every reuse-th layer selects, the others take its lists.

    The policy `evict_keys` is no selection of blocks: `Eviction` with the budget alpha.
    """

    name: str
    estimator: Estimator = Estimator("exact")
    rule: Rule = Rule("all")
    background: str = "none"
    reuse: int = 1

    @staticmethod
    def parse(text):
        """"estimator=rows stride=16 policy=threshold theta=.004": fields of the three classes."""
        values = dict(word.split("=", 1) for word in text.split())
        parts = {}
        for cls in (Estimator, Rule):
            fields = {f.name: f.type for f in dataclasses.fields(cls)}
            mine = {name: values.pop(name) for name in list(values) if name in fields}
            parts[cls] = cls(**{name: _value(fields[name], text) for name, text in mine.items()})
        own = {"background": values.pop("background", "none"), "reuse": int(values.pop("reuse", 1))}
        if values:
            raise ValueError(f"expected fields of a method, but got {sorted(values)} in '{text}'")
        return Method(text, parts[Estimator], parts[Rule], **own)

    def estimator_cost(self, length):
        if self.rule.policy in ("all", "evict_keys"):
            return 0.0
        background = {"none": 0, "rank1": 0, "centroid": 1, "t2": 1.5}[self.background] / self.estimator.block_n
        return self.estimator.cost(length) / self.reuse + background


def _value(kind, text):
    kind = getattr(kind, "__name__", kind)
    return text in ("1", "true", "True") if kind == "bool" else {"int": int, "float": float, "str": str}[kind](text)


class Attention:
    """Attention of a model by one method; call it layer by layer.

    ``selected`` collects, per layer, the marked share of blocks by query block: f32 ``[B,Mb]``
    blocks, mean over the heads; ``errors``, where asked for, relative output errors ``[B,H]``.
    """

    def __init__(self, method, scale, errors=False, precision="tf32"):
        self.method, self.scale, self.precision = method, scale, precision
        self.selected, self.errors, self.with_errors = [], [], errors
        self.lists = None

    def __call__(self, q, k, v):
        method, form = self.method, self.method.estimator
        layer = len(self.selected)
        if method.rule.policy == "evict_keys":
            seen = visible_blocks(form, q.shape[2], q.device).float()
            self.selected.append((method.rule.alpha * seen).expand(q.shape[0], -1))
            return Eviction(method.rule.alpha, self.scale)(q, k, v)
        if layer % method.reuse == 0:
            self.lists = self._select(q, k)
        marked, indices, counts = self.lists
        self.selected.append(counts.float().mean(1))
        o, lse = block_attention(q, k, v, indices, counts, form.block_m, form.block_n, self.scale, self.precision)
        if method.background != "none":
            o = self._with_background(q, k, v, marked, o, lse)
        if self.with_errors:
            _, indices, counts = self._everything(q)
            dense, _ = block_attention(q, k, v, indices, counts, form.block_m, form.block_n, self.scale,
                                       self.precision)
            self.errors.append((o - dense).norm(dim=(-1, -2)) / dense.norm(dim=(-1, -2)))
        return o

    def _select(self, q, k):
        if self.method.rule.policy == "all":
            return self._everything(q)
        p, lse = self.method.estimator(q, k, self.scale)
        marked = self.method.rule(p, lse, self.method.estimator, q.shape[2], k.shape[1])
        return marked, *lists_of(marked)

    def _everything(self, q):
        form = self.method.estimator
        blocks = [-(-q.shape[2] // n) for n in (form.block_m, form.block_n)]
        marked = Rule("all")(torch.zeros(*q.shape[:2], *blocks, device=q.device), None, form, q.shape[2], 1)
        return marked, *lists_of(marked)

    def _with_background(self, q, k, v, marked, o, lse):
        """P = a: the merge by log-sum-exp with what stands in for the unmarked visible blocks.

        The diagonal is always marked, so that an unmarked block is seen whole or not at all.
        """
        form, length, group = self.method.estimator, q.shape[2], q.shape[1] // k.shape[1]
        kbar, variance, sizes = block_statistics(k, form.block_n)
        vbar, _, _ = block_statistics(v, form.block_n)
        heads = lambda x: x.repeat_interleave(group, 1)
        last = ((torch.arange(marked.shape[3], device=q.device) + 1) * form.block_n).clamp_max(length) - 1
        first_row = torch.arange(marked.shape[2], device=q.device) * form.block_m
        rest = ~marked & (last <= first_row[:, None])
        out = []
        for start in range(0, length, 4096):
            rows = torch.arange(start, min(start + 4096, length), device=q.device)
            part = q[:, :, rows]
            logits = sizes.log().expand(*part.shape[:3], -1)
            if self.method.background != "rank1":
                logits = logits + self.scale * part @ heads(kbar).transpose(-1, -2)
            if self.method.background == "t2":
                logits = logits + torch.log1p(
                    0.5 * self.scale**2 * part.square() @ heads(variance).transpose(-1, -2))
            logits = logits.masked_fill(~rest[:, :, rows // form.block_m], NEGATIVE_INFINITY)
            merged = torch.cat((lse[:, :, rows, None], logits), -1).softmax(-1)
            out.append(merged[..., :1] * o[:, :, rows] + merged[..., 1:] @ heads(vbar))
        return torch.cat(out, 2)
