//===- MatchAttention.cpp - softmax(scores) times values ------------------===//

#include "AttentionMatcher.h"
#include "Materialize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace qsat::raise;

AffineExpr AttentionMatcher::sizeOf(AffineExpr index) const {
  AffineExpr last = index;
  for (const Term &t : termsOf(index, exprs.vars)) {
    auto stride = strideOf(t);
    if (!stride)
      return getAffineConstantExpr(-1, exprs.getContext());
    last = simplifyIndex(last - t.base * t.coefficient +
                             (exprs.vars.extent(stride->second) - 1) * stride->first,
                         exprs.vars);
  }
  return simplifyIndex(last + 1, exprs.vars);
}

static AttentionShape shapeOf(const AttentionMatch &match, const VarTable &vars) {
  ArrayRef<unsigned> batch = match.batch, outer = batch.drop_back(batch.empty() ? 0 : 1);
  SmallVector<unsigned> kvHeads(batch.drop_front(outer.size())), heads(kvHeads);
  heads.append(match.groups);
  SmallVector<AffineExpr> sizes;
  for (ArrayRef<unsigned> group : {outer, ArrayRef(heads), ArrayRef(kvHeads), ArrayRef(match.rows),
                                   ArrayRef(match.keys), ArrayRef(match.depth), ArrayRef(match.width)})
    sizes.push_back(extentOf(group, vars));
  SmallVector<int64_t> known = staticShape(sizes);
  return {known[0], known[1], known[2], known[3], known[4], known[5], known[6]};
}

FailureOr<AttentionMatch> AttentionMatcher::match(Value root) {
  auto type = dyn_cast<RankedTensorType>(root.getType());
  if (!type || !isa<FloatType>(type.getElementType()) || llvm::is_contained(type.getShape(), 0))
    return failure();
  for (AffineExpr size : exprs.sizes.shapeOf(root))
    outIndices.push_back(exprs.vars.add(size));
  // Reshapes that fold or unfold heads split a variable: b h -> b * H + h.
  for (unsigned round = 0; round < 6; ++round) {
    FailureOr<AttentionMatch> match = matchOnce(root);
    if (failed(match))
      return failure();
    if (splitVariables(*match))
      continue;
    Node *score = match->scoreNode;
    if (failed(assignRoles(*match, score)))
      return failure();
    match->scoreSize = sizeOfScores(*match);
    extractMask(*match, exprs, options.ignoreHiddenRows);
    match->shape = shapeOf(*match, exprs.vars);
    match->exprs = context;
    return match;
  }
  return fail("the reshapes of the operands do not come to rest");
}

/// See AttentionMatch::scoreSize. Asked for where a finite number hides keys.
double AttentionMatcher::sizeOfScores(const AttentionMatch &match) {
  auto isFinite = [](const ScoreStep &step) { return step.isMask() && std::isfinite(step.fill); };
  if (llvm::none_of(match.steps, isFinite))
    return 0;
  double size = std::abs(match.scale);
  for (Node *operand : {match.q, match.k})
    size *= typicalSize(builder.expand(operand), exprs.vars);
  for (unsigned var : match.depth)
    size *= exprs.vars.staticExtent(var).value_or(1);
  return size;
}

FailureOr<AttentionMatch> AttentionMatcher::matchOnce(Value root) {
  products.clear();
  containsProductMemo.clear();
  maxFloor = -std::numeric_limits<double>::infinity();
  Node *load = exprs.load(root, outIndices);
  Node *top = bare(load);
  if (top->kind == Node::Load)
    return matchValues(root, top, nullptr);
  // Deferred normalisation: (sum exp v) / (sum exp).
  if (top->is<arith::DivFOp>())
    return matchValues(root, bare(top->operands[0]), top->operands[1]);
  // Looked into only as far as the division: a factor of a normalisation is the sum of all
  // layers before it.
  if (top->is<arith::MulFOp>())
    for (unsigned i : {0, 1}) {
      Node *factor = bare(top->operands[i]);
      if (factor->is<arith::DivFOp>() && bare(factor->operands[0])->floatValue() == 1.0)
        return matchValues(root, bare(top->operands[1 - i]), factor->operands[1]);
    }
  return failure();
}

/// `contraction` is the load of a sum over keys of p * v; `sum`, if there is
/// one, is what the result is divided by.
FailureOr<AttentionMatch> AttentionMatcher::matchValues(Value root, Node *contraction, Node *sum) {
  std::optional<Reduction> reduction =
      contraction->kind == Node::Load ? reductionOf(contraction->value) : std::nullopt;
  if (!reduction || reduction->kind != ReduceKind::Add)
    return failure();
  SmallVector<AffineExpr> extents = builder.reduceExtents(*reduction);
  if (llvm::is_contained(extents, AffineExpr()))
    return failure();
  if (keyIndices.empty())
    for (AffineExpr extent : extents)
      keyIndices.push_back(exprs.vars.add(extent));
  if (keyIndices.size() != extents.size())
    return failure();
  keyVars = 0;
  for (AffineExpr e : keyIndices)
    keyVars |= varsOf(e);
  if (!keyVars || exprs.vars.size() > 60)
    return failure();
  Node *body = builder.reduceBody(contraction, *reduction, keyIndices);
  if (!body)
    return failure();
  if (body->kind == Node::Load)
    body = bare(body);

  AttentionMatch match;
  match.root = root;
  match.outIndices = outIndices;
  double scale = 1.0;
  SmallVector<Node *> factors = factorsOf(body, scale);
  if (factors.size() < 2)
    return failure();
  // One factor is the value; the product of the others is the probability.
  std::string why;
  for (unsigned value = 0; value < factors.size(); ++value) {
    Node *v = factors[value];
    if (!hasKeys(v))
      continue;
    Node *p = nullptr;
    for (unsigned i = 0; i < factors.size(); ++i)
      if (i != value)
        p = p ? exprs.make<arith::MulFOp>(body->type, {builder.convert(p, body->type),
                                                       builder.convert(factors[i], body->type)})
              : factors[i];
    Cone cone = lookForExponential(p);
    if (cone == Cone::Deep || (cone == Cone::None && !options.explain))
      continue;
    reason.clear();
    FailureOr<Softmax> softmax = matchSoftmax(p, sum);
    if (failed(softmax)) {
      if (!reason.empty() && why.empty())
        why = reason;
      continue;
    }
    if (scale != 1.0)
      return fail("the weights are scaled after the softmax");
    std::pair<Node *, double> peeled = peel(v);
    if (peeled.second != 1.0)
      peeled.first = v;
    match.v = peeled.first;
    if (failed(matchScores(*softmax, match)))
      return failure();
    if (softmax->allHidden && !isAllHidden(softmax->allHidden, softmax->score, match))
      return fail("the probabilities are set to 0 under a condition other than all keys of the "
                  "row being hidden");
    match.sink = softmax->sink;
    match.scoreNode = softmax->score;
    match.softmaxType = softmax->type;
    Node *init = builder.reduceInit(contraction, *reduction);
    if (!init)
      return failure();
    init = builder.expand(init);
    if (init->floatValue() != 0.0) {
      if (sum)
        return fail("the weighted sum starts from a non-zero value before its division");
      match.addend = init;
    }
    match.keyIndices = keyIndices;
    return match;
  }
  reason = why;
  return failure();
}

/// Splits variables that q, k or v index by floordiv or mod of a divisor of
/// their extent. Returns true when one was split.
bool AttentionMatcher::splitVariables(const AttentionMatch &match) {
  std::optional<std::pair<unsigned, AffineExpr>> split;
  uint64_t allowed = ~uint64_t(0);
  auto inspect = [&](Node *root) {
    walk(root, [&](Node *node) {
      for (AffineExpr index : node->indices)
        index.walk([&](AffineExpr e) {
          auto binary = dyn_cast<AffineBinaryOpExpr>(e);
          if (split || !binary ||
              (e.getKind() != AffineExprKind::FloorDiv && e.getKind() != AffineExprKind::Mod))
            return;
          auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
          AffineExpr by = binary.getRHS();
          if (!dim || varsOf(by) || by == 1 || !(allowed & varsOf(dim)))
            return;
          AffineExpr extent = exprs.vars.extent(dim.getPosition());
          if (simplifyIndex(extent % by, exprs.vars) == 0 && extent != by)
            split = {dim.getPosition(), by};
        });
      return !split;
    });
  };
  for (Node *operand : {match.q, match.k, match.v})
    inspect(operand);
  // Rows of several heads in one index, which a mask compares one by one.
  uint64_t outVars = 0;
  for (AffineExpr e : outIndices)
    outVars |= varsOf(e);
  allowed = outVars;
  for (const ScoreStep &step : match.steps)
    if (step.isMask() && step.operand->kind == Node::Op)
      inspect(step.operand);
  if (!split)
    return false;
  auto [var, divisor] = *split;
  AffineExpr high = exprs.vars.add(
      simplifyIndex(exprs.vars.extent(var).floorDiv(divisor), exprs.vars));
  AffineExpr low = exprs.vars.add(divisor);
  DenseMap<AffineExpr, AffineExpr> map;
  map[getAffineDimExpr(var, exprs.getContext())] = high * divisor + low;
  auto substitute = [&](SmallVector<AffineExpr> &list) {
    for (AffineExpr &e : list)
      e = simplifyIndex(e.replace(map), exprs.vars);
  };
  substitute(outIndices);
  substitute(keyIndices);
  for (auto &entry : depthIndices)
    substitute(entry.second);
  return true;
}

/// The element types of attention.
static bool isSupported(Type type) { return type.isF64() || type.isF32() || type.isF16() || type.isBF16(); }

/// Gives each variable of the iteration space its role by where it occurs.
LogicalResult AttentionMatcher::assignRoles(AttentionMatch &match, Node *score) {
  auto has = [](Node *n, unsigned var) { return (n->vars >> var) & 1; };
  if (!isSupported(match.q->type) || !isSupported(match.k->type) || !isSupported(match.v->type))
    return fail("expected operands of f64, f32, f16 or bf16");
  SmallVector<unsigned> outVars, rows;
  for (AffineExpr e : outIndices)
    llvm::append_range(outVars, variablesOf(e, exprs.vars));
  for (AffineExpr e : keyIndices)
    llvm::append_range(match.keys, variablesOf(e, exprs.vars));
  uint64_t named = 0, used = keyVars;
  for (unsigned var : llvm::concat<unsigned>(outVars, match.keys))
    named |= uint64_t(1) << var;
  for (AffineExpr e : outIndices)
    used |= varsOf(e);
  if (named != used)
    return fail("the indices of the result or of the keys are no mixed-radix sums");
  for (unsigned var : outVars) {
    bool inScore = has(score, var) || has(match.q, var) || has(match.k, var);
    if (!inScore) {
      match.width.push_back(var);
    } else if (has(match.k, var)) {
      match.batch.push_back(var);
    } else if (has(match.v, var)) {
      return fail("the values vary over an index of the queries that the keys do not vary over");
    } else {
      rows.push_back(var);
    }
  }
  for (unsigned var : match.width)
    if (match.sink && has(match.sink, var))
      return fail("the extra term of the sum varies over an index of the values");
  uint64_t known = 0;
  for (unsigned var : outVars)
    known |= uint64_t(1) << var;
  known |= keyVars;
  uint64_t features = (match.q->vars | match.k->vars) & ~known;
  for (unsigned var = 0; var < exprs.vars.size(); ++var)
    if ((features >> var) & 1)
      match.depth.push_back(var);
  if (match.v->vars & ~known)
    return fail("the values vary over an index of the product of queries and keys");
  // The rows are the variable that a mask compares with the keys, else the
  // longest; the others are query heads of one key/value head.
  int main = -1;
  auto comparesWithKeys = [&](unsigned var) {
    for (const ScoreStep &step : match.steps)
      if (step.isMask() && has(step.operand, var) && hasKeys(step.operand) &&
          step.operand->kind == Node::Op)
        return true;
    return false;
  };
  for (auto [i, var] : llvm::enumerate(rows)) {
    if (main < 0) {
      main = i;
      continue;
    }
    bool now = comparesWithKeys(var), before = comparesWithKeys(rows[main]);
    if (now != before ? now
                      : exprs.vars.staticExtent(var).value_or(INT64_MAX) >=
                            exprs.vars.staticExtent(rows[main]).value_or(INT64_MAX))
      main = i;
  }
  for (auto [i, var] : llvm::enumerate(rows))
    (int(i) == main ? match.rows : match.groups).push_back(var);
  return success();
}
