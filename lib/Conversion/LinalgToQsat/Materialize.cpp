//===- Materialize.cpp - Tensors from scalar expressions ------------------===//

#include "Materialize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qsat::raise;

AffineExpr qsat::raise::extentOf(ArrayRef<unsigned> group, const VarTable &vars) {
  AffineExpr extent = getAffineConstantExpr(1, vars.getContext());
  for (unsigned var : group)
    extent = extent * vars.extent(var);
  return simplifyIndex(extent, vars);
}

AffineExpr qsat::raise::linearIndex(ArrayRef<unsigned> group, const VarTable &vars) {
  AffineExpr sum = getAffineConstantExpr(0, vars.getContext());
  for (unsigned var : group)
    sum = sum * vars.extent(var) + getAffineDimExpr(var, vars.getContext());
  return simplifyIndex(sum, vars);
}

SmallVector<AffineExpr> qsat::raise::coordinatesIn(const DimGroups &groups, const VarTable &vars) {
  MLIRContext *context = vars.getContext();
  SmallVector<AffineExpr> coordinates(vars.size(), getAffineConstantExpr(0, context));
  for (auto [k, group] : llvm::enumerate(groups)) {
    AffineExpr rest = getAffineDimExpr(k, context);
    for (unsigned i = group.size(); i-- > 0;) {
      AffineExpr extent = vars.extent(group[i]);
      coordinates[group[i]] = i == 0 ? rest : rest % extent;
      rest = rest.floorDiv(extent);
    }
  }
  return coordinates;
}

namespace {
/// How one dimension of a tensor is read: as digits of a mixed radix.
struct Digit {
  AffineExpr radix;            ///< size after expansion
  AffineExpr offset;           ///< where the variable starts
  std::optional<unsigned> var; ///< absent for a fixed index
};

/// Builds one tensor by movement.
class Mover {
public:
  Mover(OpBuilder &builder, Location loc, ExprContext &exprs)
      : builder(builder), loc(loc), vars(exprs.vars), sizes(exprs.sizes) {}

  /// The result, or null when the load is not movement in this sense.
  Value move(Node *load, DimGroups groups);

private:
  bool readDigits(AffineExpr index, AffineExpr size, SmallVector<Digit> &digits);
  void joinDigits(SmallVector<Digit> &digits, DimGroups &groups);
  Value reshape(Value tensor, ArrayRef<AffineExpr> shape, ArrayRef<ReassociationIndices> groups,
                bool expands);
  Value empty(ArrayRef<AffineExpr> shape, Type element) {
    return tensor::EmptyOp::create(builder, loc, sizes.emit(builder, loc, shape), element);
  }
  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, vars.getContext()); }

  OpBuilder &builder;
  Location loc;
  const VarTable &vars;
  DimSizes &sizes;
  SmallVector<AffineExpr> extents; ///< of the variables, after joining
};
} // namespace

/// `index` = offset + sum of stride_k * v_k, each stride dividing the one
/// before it, within a dimension of `size`.
bool Mover::readDigits(AffineExpr index, AffineExpr size, SmallVector<Digit> &digits) {
  AffineExpr offset = number(0);
  SmallVector<std::pair<AffineExpr, unsigned>> strides;
  for (const Term &t : termsOf(index, vars)) {
    if (!t.base || !varsOf(t.base)) {
      offset = offset + (t.base ? t.base * t.coefficient : number(t.coefficient));
      continue;
    }
    auto stride = strideOf(t);
    if (!stride)
      return false;
    strides.push_back(*stride);
  }
  offset = simplifyIndex(offset, vars);
  if (!isNeverNegative(offset, vars))
    return false;
  sortStrides(strides, vars);
  AffineExpr rest = size;
  for (auto &[stride, var] : strides) {
    AffineExpr radix = exactQuotient(rest, stride, vars);
    AffineExpr start = simplifyIndex(offset.floorDiv(stride), vars);
    if (!radix || !isNeverNegative(radix - start - vars.extent(var), vars))
      return false;
    digits.push_back({radix, start, var});
    offset = simplifyIndex(offset % stride, vars);
    rest = stride;
  }
  if (strides.empty() || rest != number(1))
    digits.push_back({rest, offset, std::nullopt});
  return isNeverNegative(rest - 1 - offset, vars);
}

Value Mover::reshape(Value tensor, ArrayRef<AffineExpr> shape,
                     ArrayRef<ReassociationIndices> groups, bool expands) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> newShape = staticShape(shape);
  if (type.getRank() == int64_t(shape.size()))
    return tensor;
  auto newType = RankedTensorType::get(newShape, type.getElementType());
  if (expands)
    return tensor::ExpandShapeOp::create(builder, loc, newType, tensor, groups,
                                         sizes.emit(builder, loc, shape));
  return tensor::CollapseShapeOp::create(builder, loc, newType, tensor, groups);
}

/// Joins neighbouring digits of one dimension that stay neighbours in the
/// result: they are one variable as far as movement is concerned.
void Mover::joinDigits(SmallVector<Digit> &digits, DimGroups &groups) {
  for (unsigned k = digits.size(); k-- > 1;) {
    Digit &high = digits[k - 1], &low = digits[k];
    if (!high.var || !low.var || low.offset != number(0) || low.radix != extents[*low.var])
      continue;
    for (auto &group : groups) {
      unsigned *at = llvm::find(group, *low.var);
      if (at == group.end() || at == group.begin() || at[-1] != *high.var)
        continue;
      group.erase(at);
      extents[*high.var] = simplifyIndex(extents[*high.var] * low.radix, vars);
      high.radix = simplifyIndex(high.radix * low.radix, vars);
      high.offset = simplifyIndex(high.offset * low.radix, vars);
      digits.erase(digits.begin() + k);
      break;
    }
  }
}

Value Mover::move(Node *load, DimGroups groups) {
  for (unsigned var = 0; var < vars.size(); ++var)
    extents.push_back(vars.extent(var));
  Value tensor = load->value;
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<AffineExpr> source = sizes.shapeOf(tensor);
  // Digits of every dimension; each variable is read once.
  SmallVector<SmallVector<Digit>> read;
  llvm::SmallDenseSet<unsigned> seen;
  for (auto [index, size] : llvm::zip_equal(load->indices, source)) {
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

  // What is known of the shape, then expand to digits.
  auto known = RankedTensorType::get(staticShape(source), type.getElementType());
  if (known != type)
    tensor = tensor::CastOp::create(builder, loc, known, tensor);
  SmallVector<Digit> digits;
  SmallVector<AffineExpr> shape;
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
  SmallVector<AffineExpr> offsets, sliced, kept;
  SmallVector<unsigned> present;
  bool isWhole = true;
  for (const Digit &d : digits) {
    AffineExpr size = d.var ? extents[*d.var] : number(1);
    isWhole &= size == d.radix;
    offsets.push_back(d.offset);
    sliced.push_back(size);
    if (d.var) {
      kept.push_back(size);
      present.push_back(*d.var);
    }
  }
  if (!isWhole) {
    auto newType = RankedTensorType::get(staticShape(kept), type.getElementType());
    SmallVector<OpFoldResult> strides(sliced.size(), builder.getIndexAttr(1));
    tensor = tensor::ExtractSliceOp::create(builder, loc, newType, tensor,
                                            sizes.emit(builder, loc, offsets),
                                            sizes.emit(builder, loc, sliced), strides);
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
  SmallVector<int64_t> permutation, missing;
  SmallVector<AffineExpr> permuted, full;
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
    Value init = empty(permuted, type.getElementType());
    tensor = linalg::TransposeOp::create(builder, loc, tensor, init, permutation)->getResult(0);
  }
  if (!missing.empty()) {
    Value init = empty(full, type.getElementType());
    tensor = linalg::BroadcastOp::create(builder, loc, tensor, init, missing)->getResult(0);
  }
  // Join groups, then put dimensions of size 1 where a group is empty.
  SmallVector<ReassociationIndices> join, open;
  SmallVector<AffineExpr> joined, final;
  unsigned next = 0;
  ReassociationIndices pending;
  for (const auto &group : groups) {
    AffineExpr size = number(1);
    for (unsigned var : group)
      size = simplifyIndex(size * extents[var], vars);
    final.push_back(size);
    pending.push_back(final.size() - 1);
    if (group.empty())
      continue;
    joined.push_back(size);
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
                   ExprContext &exprs) {
  auto type = cast<RankedTensorType>(load->value.getType());
  SmallVector<AffineExpr> source = exprs.sizes.shapeOf(load->value);
  if (type.getRank() != int64_t(groups.size()))
    return nullptr;
  SmallVector<int64_t> permutation;
  llvm::SmallBitVector used(groups.size());
  SmallVector<AffineExpr> shape;
  for (const auto &group : groups) {
    AffineExpr index = linearIndex(group, exprs.vars);
    AffineExpr extent = extentOf(group, exprs.vars);
    int found = -1;
    for (int64_t k = 0; k < type.getRank() && found < 0; ++k)
      if (!used.test(k) && load->indices[k] == index && source[k] == extent)
        found = k;
    if (found < 0)
      return nullptr;
    used.set(found);
    permutation.push_back(found);
    shape.push_back(extent);
  }
  Value tensor = load->value;
  if (staticShape(source) != SmallVector<int64_t>(type.getShape()))
    tensor = tensor::CastOp::create(
        builder, loc, RankedTensorType::get(staticShape(source), type.getElementType()), tensor);
  if (llvm::is_sorted(permutation))
    return tensor;
  Value init = tensor::EmptyOp::create(builder, loc, exprs.sizes.emit(builder, loc, shape),
                                       type.getElementType());
  return linalg::TransposeOp::create(builder, loc, tensor, init, permutation)->getResult(0);
}

/// The general form: a linalg.generic that computes every element.
static Value compute(OpBuilder &builder, Location loc, Node *element, const DimGroups &groups,
                     ExprContext &exprs) {
  MLIRContext *context = exprs.getContext();
  unsigned rank = groups.size();
  SmallVector<AffineExpr> coordinates = coordinatesIn(groups, exprs.vars), shape;
  for (const auto &group : groups)
    shape.push_back(extentOf(group, exprs.vars));
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<Node *> direct;
  SmallVector<Node *> leaves = leavesOf(element);
  SymbolValues symbols;
  emitSymbols(builder, loc, element, coordinates, exprs.sizes, symbols);
  for (Node *leaf : leaves) {
    if (leaf->kind != Node::Load)
      continue;
    SmallVector<AffineExpr> results;
    for (AffineExpr e : leaf->indices)
      results.push_back(e.replaceDims(coordinates));
    AffineMap map = AffineMap::get(rank, 0, results, context);
    // Maps say what the size of each dimension is.
    bool fits = map.isProjectedPermutation(/*allowZeroInResults=*/true);
    SmallVector<AffineExpr> source = exprs.sizes.shapeOf(leaf->value);
    for (auto [e, size] : llvm::zip_equal(results, source))
      if (auto dim = dyn_cast<AffineDimExpr>(e))
        fits = fits && size == shape[dim.getPosition()];
    if (!fits)
      continue;
    inputs.push_back(leaf->value);
    maps.push_back(map);
    direct.push_back(leaf);
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  Value init = tensor::EmptyOp::create(builder, loc, exprs.sizes.emit(builder, loc, shape),
                                       element->type);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location at, ValueRange args) {
    SmallVector<Value> dims;
    for (unsigned k = 0; k < rank; ++k)
      dims.push_back(linalg::IndexOp::create(nested, at, k));
    NodeEmitter emitter(nested, at, coordinates, dims, symbols);
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
    if (Value same = reuse(builder, loc, element, groups, exprs))
      return same;
    if (Value moved = Mover(builder, loc, exprs).move(element, groups))
      return moved;
  }
  return compute(builder, loc, element, groups, exprs);
}
