//===- Materialize.cpp - Tensors from scalar expressions ------------------===//

#include "Materialize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qsat::raise;

int64_t qsat::raise::extentOf(ArrayRef<unsigned> group, const VarTable &vars) {
  int64_t extent = 1;
  for (unsigned var : group)
    extent *= *vars.staticExtent(var);
  return extent;
}

AffineExpr qsat::raise::linearIndex(ArrayRef<unsigned> group, const VarTable &vars) {
  AffineExpr sum = getAffineConstantExpr(0, vars.getContext());
  for (unsigned var : group)
    sum = sum * *vars.staticExtent(var) + getAffineDimExpr(var, vars.getContext());
  return simplifyIndex(sum, vars);
}

namespace {
/// How one dimension of a tensor is read: as digits of a mixed radix.
struct Digit {
  int64_t radix;            ///< size after expansion
  int64_t offset = 0;       ///< where the variable starts
  std::optional<unsigned> var; ///< absent for a fixed index
};

/// Builds one tensor by movement.
class Mover {
public:
  Mover(OpBuilder &builder, Location loc, const VarTable &vars)
      : builder(builder), loc(loc), vars(vars) {}

  /// The result, or null when the load is not movement in this sense.
  Value move(Node *load, DimGroups groups);

private:
  bool readDigits(AffineExpr index, int64_t size, SmallVector<Digit> &digits);
  void joinDigits(SmallVector<Digit> &digits, DimGroups &groups);
  Value reshape(Value tensor, ArrayRef<int64_t> shape,
                ArrayRef<ReassociationIndices> groups, bool expands);

  OpBuilder &builder;
  Location loc;
  const VarTable &vars;
  SmallVector<int64_t> extents; ///< of the variables, after joining
};
} // namespace

/// `index` = offset + sum of stride_k * v_k, each stride dividing the one
/// before it, within a dimension of `size`.
bool Mover::readDigits(AffineExpr index, int64_t size, SmallVector<Digit> &digits) {
  int64_t offset = 0;
  SmallVector<std::pair<int64_t, unsigned>> strides;
  for (const Term &t : termsOf(index, vars)) {
    auto dim = t.base ? dyn_cast<AffineDimExpr>(t.base) : nullptr;
    if (!t.base)
      offset = t.coefficient;
    else if (dim && t.coefficient > 0 && vars.staticExtent(dim.getPosition()))
      strides.push_back({t.coefficient, dim.getPosition()});
    else
      return false;
  }
  llvm::sort(strides, std::greater<>());
  if (offset < 0)
    return false;
  int64_t rest = size;
  for (auto [k, entry] : llvm::enumerate(strides)) {
    auto [stride, var] = entry;
    if (rest % stride != 0)
      return false;
    int64_t radix = rest / stride, start = offset / stride;
    if (start + *vars.staticExtent(var) > radix)
      return false;
    digits.push_back({radix, start, var});
    offset %= stride;
    rest = stride;
  }
  if (strides.empty() || rest > 1)
    digits.push_back({rest, offset, std::nullopt});
  return offset < rest;
}

Value Mover::reshape(Value tensor, ArrayRef<int64_t> shape,
                     ArrayRef<ReassociationIndices> groups, bool expands) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getShape() == shape)
    return tensor;
  auto newType = RankedTensorType::get(shape, type.getElementType());
  if (expands)
    return tensor::ExpandShapeOp::create(builder, loc, newType, tensor, groups);
  return tensor::CollapseShapeOp::create(builder, loc, newType, tensor, groups);
}

/// Joins neighbouring digits of one dimension that stay neighbours in the
/// result: they are one variable as far as movement is concerned.
void Mover::joinDigits(SmallVector<Digit> &digits, DimGroups &groups) {
  for (unsigned k = digits.size(); k-- > 1;) {
    Digit &high = digits[k - 1], &low = digits[k];
    if (!high.var || !low.var || low.offset != 0 || low.radix != extents[*low.var])
      continue;
    for (auto &group : groups) {
      unsigned *at = llvm::find(group, *low.var);
      if (at == group.end() || at == group.begin() || at[-1] != *high.var)
        continue;
      group.erase(at);
      extents[*high.var] *= low.radix;
      high.radix *= low.radix;
      high.offset *= low.radix;
      digits.erase(digits.begin() + k);
      break;
    }
  }
}

Value Mover::move(Node *load, DimGroups groups) {
  for (unsigned var = 0; var < vars.size(); ++var)
    extents.push_back(vars.staticExtent(var).value_or(0));
  Value tensor = load->value;
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.hasStaticShape())
    return nullptr;
  // Digits of every dimension; each variable is read once.
  SmallVector<SmallVector<Digit>> read;
  llvm::SmallDenseSet<unsigned> seen;
  for (auto [index, size] : llvm::zip_equal(load->indices, type.getShape())) {
    if (!readDigits(index, size, read.emplace_back()))
      return nullptr;
    joinDigits(read.back(), groups);
    for (const Digit &d : read.back())
      if (d.var && !seen.insert(*d.var).second)
        return nullptr;
  }
  SmallVector<unsigned> order;
  for (const auto &group : groups)
    order.append(group.begin(), group.end());
  for (unsigned var : seen)
    if (!llvm::is_contained(order, var))
      return nullptr;

  // Expand to digits.
  SmallVector<Digit> digits;
  SmallVector<int64_t> shape;
  SmallVector<ReassociationIndices> reassociation;
  for (auto &list : read) {
    ReassociationIndices group;
    for (const Digit &d : list) {
      group.push_back(shape.size());
      shape.push_back(d.radix);
      digits.push_back(d);
    }
    reassociation.push_back(group);
  }
  tensor = reshape(tensor, shape, reassociation, /*expands=*/true);
  // Slice to the extents, and drop what is fixed.
  SmallVector<OpFoldResult> offsets, sizes, strides;
  SmallVector<int64_t> sliced, kept;
  SmallVector<unsigned> present;
  bool isWhole = true;
  for (const Digit &d : digits) {
    int64_t size = d.var ? extents[*d.var] : 1;
    isWhole &= size == d.radix;
    offsets.push_back(builder.getIndexAttr(d.offset));
    sizes.push_back(builder.getIndexAttr(size));
    strides.push_back(builder.getIndexAttr(1));
    sliced.push_back(size);
    if (d.var) {
      kept.push_back(size);
      present.push_back(*d.var);
    }
  }
  if (!isWhole) {
    auto newType = RankedTensorType::get(kept, type.getElementType());
    tensor = tensor::ExtractSliceOp::create(builder, loc, newType, tensor, offsets, sizes, strides);
  } else if (kept.size() != sliced.size()) {
    SmallVector<ReassociationIndices> drop;
    ReassociationIndices pending;
    for (auto [k, d] : llvm::enumerate(digits)) {
      pending.push_back(k);
      if (d.var) {
        drop.push_back(pending);
        pending.clear();
      }
    }
    if (!drop.empty())
      drop.back().append(pending);
    tensor = reshape(tensor, kept, drop, /*expands=*/false);
  }
  // Transpose to the order of the result.
  SmallVector<int64_t> permutation, permuted, missing, full;
  for (auto [position, var] : llvm::enumerate(order)) {
    full.push_back(extents[var]);
    const unsigned *at = llvm::find(present, var);
    if (at == present.end()) {
      missing.push_back(position);
      continue;
    }
    permutation.push_back(at - present.begin());
    permuted.push_back(full.back());
  }
  if (!llvm::is_sorted(permutation)) {
    Value init = tensor::EmptyOp::create(builder, loc, permuted, type.getElementType());
    tensor = linalg::TransposeOp::create(builder, loc, tensor, init, permutation)->getResult(0);
  }
  if (!missing.empty()) {
    Value init = tensor::EmptyOp::create(builder, loc, full, type.getElementType());
    tensor = linalg::BroadcastOp::create(builder, loc, tensor, init, missing)->getResult(0);
  }
  // Join groups, then put dimensions of size 1 where a group is empty.
  SmallVector<ReassociationIndices> join, open;
  SmallVector<int64_t> joined, final;
  unsigned next = 0;
  ReassociationIndices pending;
  for (const auto &group : groups) {
    final.push_back(1);
    for (unsigned var : group)
      final.back() *= extents[var];
    pending.push_back(final.size() - 1);
    if (group.empty())
      continue;
    joined.push_back(final.back());
    open.push_back(pending);
    pending.clear();
    join.emplace_back();
    for (unsigned k = 0; k < group.size(); ++k)
      join.back().push_back(next++);
  }
  if (!open.empty())
    open.back().append(pending);
  tensor = reshape(tensor, joined, join, /*expands=*/false);
  return reshape(tensor, final, open, /*expands=*/true);
}

/// The load is of a tensor that has the wanted dimensions already, perhaps in
/// another order.
static Value reuse(OpBuilder &builder, Location loc, Node *load, const DimGroups &groups,
                   const VarTable &vars) {
  auto type = cast<RankedTensorType>(load->value.getType());
  if (type.getRank() != int64_t(groups.size()) || !type.hasStaticShape())
    return nullptr;
  SmallVector<int64_t> permutation;
  llvm::SmallBitVector used(groups.size());
  SmallVector<int64_t> shape;
  for (const auto &group : groups) {
    AffineExpr index = linearIndex(group, vars);
    int64_t extent = extentOf(group, vars);
    int found = -1;
    for (int64_t k = 0; k < type.getRank() && found < 0; ++k)
      if (!used.test(k) && load->indices[k] == index && type.getDimSize(k) == extent)
        found = k;
    if (found < 0)
      return nullptr;
    used.set(found);
    permutation.push_back(found);
    shape.push_back(extent);
  }
  if (llvm::is_sorted(permutation))
    return load->value;
  Value init = tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
  return linalg::TransposeOp::create(builder, loc, load->value, init, permutation)->getResult(0);
}

/// The general form: a linalg.generic that computes every element.
static Value compute(OpBuilder &builder, Location loc, Node *element, const DimGroups &groups,
                     ExprContext &exprs) {
  MLIRContext *context = exprs.getContext();
  unsigned rank = groups.size();
  // Variables as parts of the loop index of their dimension.
  SmallVector<AffineExpr> coordinates(exprs.vars.size(), getAffineConstantExpr(0, context));
  SmallVector<int64_t> shape;
  for (auto [k, group] : llvm::enumerate(groups)) {
    AffineExpr rest = getAffineDimExpr(k, context);
    for (unsigned i = group.size(); i-- > 0;) {
      int64_t extent = *exprs.vars.staticExtent(group[i]);
      coordinates[group[i]] = i == 0 ? rest : rest % extent;
      rest = rest.floorDiv(extent);
    }
    shape.push_back(extentOf(group, exprs.vars));
  }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<Node *> direct;
  SmallVector<Node *> leaves = leavesOf(element);
  for (Node *leaf : leaves) {
    if (leaf->kind != Node::Load)
      continue;
    SmallVector<AffineExpr> results;
    for (AffineExpr e : leaf->indices)
      results.push_back(e.replaceDims(coordinates));
    AffineMap map = AffineMap::get(rank, 0, results, context);
    if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
      continue;
    inputs.push_back(leaf->value);
    maps.push_back(map);
    direct.push_back(leaf);
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  Value init = tensor::EmptyOp::create(builder, loc, shape, element->type);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location at, ValueRange args) {
    SmallVector<Value> dims;
    for (unsigned k = 0; k < rank; ++k)
      dims.push_back(linalg::IndexOp::create(nested, at, k));
    NodeEmitter emitter(nested, at, coordinates, dims);
    for (auto [leaf, arg] : llvm::zip(direct, args))
      emitter.bind(leaf, arg);
    for (Node *leaf : leaves) {
      if (llvm::is_contained(direct, leaf))
        continue;
      if (leaf->kind == Node::Scalar) {
        emitter.bind(leaf, leaf->value);
        continue;
      }
      SmallVector<Value> indices;
      for (AffineExpr e : leaf->indices)
        indices.push_back(emitter.emit(exprs.index(e, nested.getIndexType())));
      emitter.bind(leaf, tensor::ExtractOp::create(nested, at, leaf->value, indices));
    }
    linalg::YieldOp::create(nested, at, emitter.emit(element));
  };
  return linalg::GenericOp::create(builder, loc, init.getType(), inputs, init, maps, iterators,
                                   body)
      .getResult(0);
}

Value qsat::raise::materialize(OpBuilder &builder, Location loc, Node *element,
                               const DimGroups &groups, ExprContext &exprs) {
  if (element->kind == Node::Load) {
    if (Value same = reuse(builder, loc, element, groups, exprs.vars))
      return same;
    if (Value moved = Mover(builder, loc, exprs.vars).move(element, groups))
      return moved;
  }
  return compute(builder, loc, element, groups, exprs);
}
