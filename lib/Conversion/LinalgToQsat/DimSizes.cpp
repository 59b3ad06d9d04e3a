//===- DimSizes.cpp - Sizes of dimensions as symbolic expressions ---------===//

#include "DimSizes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;
using namespace qsat::raise;

/// Chains of size arithmetic that are longer are not followed.
static constexpr unsigned kMaxDepth = 48;

DimSizes::DimSizes(Operation *function) : vars(function->getContext()) {
  if (function->getNumRegions() == 0 || function->getRegion(0).empty())
    return;
  // Only what is executed whenever the function is.
  for (Operation &op : function->getRegion(0).front())
    readRequirements(op);
  sizes.clear();
}

AffineExpr DimSizes::add(Symbol symbol) {
  symbols.push_back(symbol);
  unsigned position = symbols.size() - 1 + (symbol.flag ? kFirstFlag : 0);
  return getAffineSymbolExpr(position, getContext());
}

DimSizes::Symbol &DimSizes::at(AffineSymbolExpr symbol) {
  return symbols[symbol.getPosition() % kFirstFlag];
}

AffineExpr DimSizes::symbolOf(Value tensor, unsigned dim) {
  AffineExpr &symbol = ofDim[{tensor, dim}];
  if (!symbol)
    symbol = add({tensor, dim, {}, {}});
  return symbol;
}

AffineExpr DimSizes::notOne(AffineExpr size) {
  if (auto constant = dyn_cast<AffineConstantExpr>(size))
    return getAffineConstantExpr(constant.getValue() != 1, getContext());
  AffineExpr &flag = flags[size];
  if (!flag)
    flag = add({{}, 0, size, {}});
  return flag;
}

/// `expr` with what was found out about its symbols.
AffineExpr DimSizes::resolve(AffineExpr expr) {
  if (!expr || isa<AffineConstantExpr>(expr))
    return expr;
  for (unsigned round = 0; round < 64; ++round) {
    DenseMap<AffineExpr, AffineExpr> map;
    expr.walk([&](AffineExpr e) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(e))
        if (AffineExpr bound = at(symbol).bound)
          map[e] = bound;
    });
    if (map.empty())
      return expr;
    expr = simplifyIndex(expr.replace(map), vars);
  }
  return expr;
}

/// Notes that x = y where one of them is a symbol.
void DimSizes::equate(AffineExpr x, AffineExpr y) {
  x = resolve(x);
  y = resolve(y);
  if (!x || !y || x == y)
    return;
  auto isSymbol = [&](AffineExpr e) {
    auto symbol = dyn_cast<AffineSymbolExpr>(e);
    return symbol && !at(symbol).flag;
  };
  // The earlier symbol stands for the later one.
  if (!isSymbol(x) ||
      (isSymbol(y) && cast<AffineSymbolExpr>(y).getPosition() > cast<AffineSymbolExpr>(x).getPosition()))
    std::swap(x, y);
  // past + new = past' + new': one of them is what the others leave.
  if (!isSymbol(x)) {
    AffineExpr difference = simplifyIndex(x - y, vars);
    for (const Term &t : termsOf(difference, vars)) {
      if (!t.base || !isSymbol(t.base) || std::abs(t.coefficient) != 1)
        continue;
      x = t.base;
      y = simplifyIndex((difference - t.base * t.coefficient) * -t.coefficient, vars);
    }
  }
  if (!isSymbol(x))
    return;
  bool contains = false;
  y.walk([&](AffineExpr e) { contains |= e == x; });
  if (!contains)
    at(cast<AffineSymbolExpr>(x)).bound = y;
}

/// Dimensions that `op` requires to be equal.
void DimSizes::readRequirements(Operation &op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    if (llvm::none_of(op.getOperandTypes(), [](Type type) {
          auto tensor = dyn_cast<RankedTensorType>(type);
          return tensor && !tensor.hasStaticShape();
        }))
      return;
    SmallVector<AffineExpr> loops(linalgOp.getNumLoops());
    for (OpOperand &operand : op.getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      for (auto [dim, e] : llvm::enumerate(linalgOp.getMatchingIndexingMap(&operand).getResults())) {
        auto loop = dyn_cast<AffineDimExpr>(e);
        if (!loop)
          continue;
        AffineExpr size = sizeOf(operand.get(), dim), &slot = loops[loop.getPosition()];
        if (slot)
          equate(slot, size);
        else
          slot = size;
      }
    }
    return;
  }
  if (auto check = dyn_cast<cf::AssertOp>(op)) {
    auto cmp = check.getArg().getDefiningOp<arith::CmpIOp>();
    if (cmp && cmp.getPredicate() == arith::CmpIPredicate::eq)
      equate(read(cmp.getLhs(), 0), read(cmp.getRhs(), 0));
    return;
  }
  // Elementwise ops on whole tensors.
  if (op.hasTrait<OpTrait::SameOperandsAndResultShape>() ||
      (op.hasTrait<OpTrait::Elementwise>() && op.getNumOperands() > 1)) {
    auto first = op.getNumOperands() ? dyn_cast<RankedTensorType>(op.getOperand(0).getType()) : nullptr;
    if (!first || first.hasStaticShape())
      return;
    for (Value other : op.getOperands().drop_front())
      if (auto type = dyn_cast<RankedTensorType>(other.getType());
          type && type.getRank() == first.getRank())
        for (int64_t dim = 0; dim < type.getRank(); ++dim)
          equate(sizeOf(op.getOperand(0), dim), sizeOf(other, dim));
  }
}

//===----------------------------------------------------------------------===//
// Sizes of tensors
//===----------------------------------------------------------------------===//

AffineExpr DimSizes::sizeOf(Value tensor, unsigned dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return getAffineConstantExpr(type.getDimSize(dim), getContext());
  return resolve(readSize(tensor, dim, 0));
}

SmallVector<AffineExpr> DimSizes::shapeOf(Value tensor) {
  SmallVector<AffineExpr> shape;
  for (int64_t dim = 0; dim < cast<RankedTensorType>(tensor.getType()).getRank(); ++dim)
    shape.push_back(sizeOf(tensor, dim));
  return shape;
}

/// A size given as an operand or a constant; a scalar that nothing is known of
/// becomes a symbol, since it is a size.
static std::optional<int64_t> constantOf(OpFoldResult size) { return getConstantIntValue(size); }

AffineExpr DimSizes::readSize(Value tensor, unsigned dim, unsigned depth) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return getAffineConstantExpr(type.getDimSize(dim), getContext());
  auto found = sizes.find({tensor, dim});
  if (found != sizes.end())
    return found->second;
  auto given = [&](OpFoldResult size) -> AffineExpr {
    if (std::optional<int64_t> constant = constantOf(size))
      return getAffineConstantExpr(*constant, getContext());
    Value scalar = cast<Value>(size);
    AffineExpr expr = read(scalar, depth + 1);
    if (expr)
      return expr;
    AffineExpr &symbol = ofScalar[scalar];
    if (!symbol)
      symbol = add({scalar, 0, {}, {}});
    return symbol;
  };
  auto compute = [&]() -> AffineExpr {
    auto result = dyn_cast<OpResult>(tensor);
    if (!result || depth > kMaxDepth)
      return nullptr;
    Operation *op = result.getOwner();
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      OpOperand *init = linalgOp.getDpsInitOperand(result.getResultNumber());
      auto loop = dyn_cast<AffineDimExpr>(linalgOp.getMatchingIndexingMap(init).getResult(dim));
      if (loop)
        for (OpOperand *input : linalgOp.getDpsInputOperands())
          if (isa<RankedTensorType>(input->get().getType()))
            for (auto [k, e] : llvm::enumerate(linalgOp.getMatchingIndexingMap(input).getResults()))
              if (e == loop)
                return readSize(input->get(), k, depth + 1);
      return readSize(init->get(), dim, depth + 1);
    }
    if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op))
      return readSize(softmax.getInput(), dim, depth + 1);
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return given(empty.getMixedSizes()[dim]);
    if (auto splat = dyn_cast<tensor::SplatOp>(op))
      return given(splat.getDynamicSizes()[type.getDynamicDimIndex(dim)]);
    if (auto cast = dyn_cast<tensor::CastOp>(op))
      return isa<RankedTensorType>(cast.getSource().getType())
                 ? readSize(cast.getSource(), dim, depth + 1)
                 : nullptr;
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      // The one dynamic size of a group is the source's by the others.
      for (auto [k, group] : llvm::enumerate(expand.getReassociationIndices())) {
        if (!llvm::is_contained(group, int64_t(dim)))
          continue;
        int64_t others = 1;
        for (int64_t member : group)
          if (member != int64_t(dim))
            others = type.isDynamicDim(member) ? 0 : others * type.getDimSize(member);
        if (others > 0)
          return simplifyIndex(readSize(expand.getSrc(), k, depth + 1).floorDiv(others), vars);
      }
      return given(expand.getMixedOutputShape()[dim]);
    }
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      AffineExpr product = getAffineConstantExpr(1, getContext());
      ReassociationIndices group = collapse.getReassociationIndices()[dim];
      for (int64_t k : group)
        product = product * readSize(collapse.getSrc(), k, depth + 1);
      return simplifyIndex(product, vars);
    }
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      unsigned kept = 0;
      for (auto [k, size] : llvm::enumerate(slice.getMixedSizes()))
        if (!dropped.test(k) && kept++ == dim)
          return given(size);
      return nullptr;
    }
    if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
      if (concat.getDim() != dim)
        return readSize(concat.getInputs()[0], dim, depth + 1);
      AffineExpr sum = getAffineConstantExpr(0, getContext());
      for (Value input : concat.getInputs())
        sum = sum + readSize(input, dim, depth + 1);
      return simplifyIndex(sum, vars);
    }
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      std::optional<int64_t> low = constantOf(pad.getMixedLowPad()[dim]);
      std::optional<int64_t> high = constantOf(pad.getMixedHighPad()[dim]);
      return low && high ? readSize(pad.getSource(), dim, depth + 1) + (*low + *high) : nullptr;
    }
    if (auto reshape = dyn_cast<tensor::ReshapeOp>(op))
      if (auto list = reshape.getShape().getDefiningOp<tensor::FromElementsOp>())
        return given(list.getElements()[dim]);
    if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
      return readSize(dps.getTiedOpOperand(result)->get(), dim, depth + 1);
    if (op->hasTrait<OpTrait::Elementwise>())
      for (Value operand : op->getOperands())
        if (isa<RankedTensorType>(operand.getType()))
          return readSize(operand, dim, depth + 1);
    return nullptr;
  };
  AffineExpr size = compute();
  if (!size)
    size = symbolOf(tensor, dim);
  sizes[{tensor, dim}] = size;
  return size;
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

AffineExpr DimSizes::read(Value scalar, unsigned depth) {
  if (!scalar.getType().isIntOrIndex() || scalar.getType().isInteger(1) || depth > kMaxDepth)
    return nullptr;
  IntegerAttr constant;
  if (matchPattern(scalar, m_Constant(&constant)))
    return constant.getValue().getSignificantBits() <= 40
               ? getAffineConstantExpr(constant.getValue().getSExtValue(), getContext())
               : nullptr;
  auto known = ofScalar.find(scalar);
  if (known != ofScalar.end())
    return known->second;
  Operation *op = scalar.getDefiningOp();
  return op && op->getNumResults() == 1 ? readOp(op, depth) : nullptr;
}

AffineExpr DimSizes::readOp(Operation *op, unsigned depth) {
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> at = dim.getConstantIndex();
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    if (!at || !type || *at < 0 || *at >= type.getRank())
      return nullptr;
    return resolve(readSize(dim.getSource(), *at, depth + 1));
  }
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op)) {
    SmallVector<AffineExpr> operands;
    for (Value v : apply.getOperands()) {
      operands.push_back(resolve(read(v, depth + 1)));
      if (!operands.back())
        return nullptr;
    }
    AffineMap map = apply.getAffineMap();
    ArrayRef<AffineExpr> all(operands);
    return simplifyIndex(map.getResult(0).replaceDimsAndSymbols(
                             all.take_front(map.getNumDims()), all.drop_front(map.getNumDims())),
                         vars);
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    auto list = extract.getTensor().getDefiningOp<tensor::FromElementsOp>();
    if (!list || extract.getIndices().size() > 1)
      return nullptr;
    IntegerAttr at;
    if (extract.getIndices().empty())
      return read(list.getElements()[0], depth + 1);
    if (!matchPattern(extract.getIndices()[0], m_Constant(&at)) || at.getInt() < 0 ||
        at.getInt() >= int64_t(list.getElements().size()))
      return nullptr;
    return read(list.getElements()[at.getInt()], depth + 1);
  }
  if (auto choice = dyn_cast<arith::SelectOp>(op)) {
    std::optional<bool> holds = readCondition(choice.getCondition(), depth + 1);
    if (holds)
      return read(*holds ? choice.getTrueValue() : choice.getFalseValue(), depth + 1);
    AffineExpr yes = resolve(read(choice.getTrueValue(), depth + 1));
    return yes && yes == resolve(read(choice.getFalseValue(), depth + 1)) ? yes : nullptr;
  }
  if (!isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp,
           arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::DivSIOp, arith::DivUIOp,
           arith::FloorDivSIOp, arith::RemSIOp, arith::RemUIOp, arith::MaxSIOp, arith::MinSIOp>(op))
    return nullptr;
  AffineExpr x = resolve(read(op->getOperand(0), depth + 1));
  if (!x)
    return nullptr;
  if (op->getNumOperands() == 1)
    return x;
  AffineExpr y = resolve(read(op->getOperand(1), depth + 1));
  if (!y)
    return nullptr;
  if (isa<arith::AddIOp>(op))
    return simplifyIndex(x + y, vars);
  if (isa<arith::SubIOp>(op))
    return simplifyIndex(x - y, vars);
  if (isa<arith::MulIOp>(op))
    return simplifyIndex(x * y, vars);
  if (isa<arith::MaxSIOp, arith::MinSIOp>(op)) {
    bool isMax = isa<arith::MaxSIOp>(op);
    if (isNeverNegative(x - y, vars))
      return isMax ? x : y;
    if (isNeverNegative(y - x, vars))
      return isMax ? y : x;
    return nullptr;
  }
  if (!isNeverNegative(x, vars) || !isNeverNegative(y - 1, vars))
    return nullptr;
  if (isa<arith::RemSIOp, arith::RemUIOp>(op))
    return simplifyIndex(x % y, vars);
  return simplifyIndex(x.floorDiv(y), vars);
}

/// A comparison of sizes that holds or fails whatever they are.
std::optional<bool> DimSizes::readCondition(Value condition, unsigned depth) {
  auto cmp = condition.getDefiningOp<arith::CmpIOp>();
  if (!cmp)
    return std::nullopt;
  AffineExpr x = resolve(read(cmp.getLhs(), depth)), y = resolve(read(cmp.getRhs(), depth));
  if (!x || !y)
    return std::nullopt;
  return compareAlways(cmp.getPredicate(), x, y, vars);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

SmallVector<int64_t> qsat::raise::staticShape(ArrayRef<AffineExpr> shape) {
  SmallVector<int64_t> sizes;
  for (AffineExpr size : shape) {
    auto constant = dyn_cast<AffineConstantExpr>(size);
    sizes.push_back(constant ? constant.getValue() : ShapedType::kDynamic);
  }
  return sizes;
}

Value qsat::raise::emitIndex(OpBuilder &builder, Location loc, AffineExpr expr, ValueRange dims,
                             const SymbolValues &symbols) {
  // Symbols of all positions become the first few.
  DenseMap<AffineExpr, AffineExpr> compact;
  SmallVector<Value> values;
  expr.walk([&](AffineExpr e) {
    if (isa<AffineSymbolExpr>(e) &&
        compact.try_emplace(e, getAffineSymbolExpr(values.size(), expr.getContext())).second)
      values.push_back(symbols.lookup(e));
  });
  return affine::expandAffineExpr(builder, loc, expr.replace(compact), dims, values);
}

void DimSizes::emitSymbols(OpBuilder &builder, Location loc, AffineExpr expr,
                           SymbolValues &values) {
  SmallVector<AffineExpr> used;
  expr.walk([&](AffineExpr e) {
    if (isa<AffineSymbolExpr>(e) && !values.count(e))
      used.push_back(e);
  });
  for (AffineExpr e : used) {
    Symbol symbol = at(cast<AffineSymbolExpr>(e));
    Value value;
    if (symbol.flag) {
      Value size = cast<Value>(emit(builder, loc, symbol.flag));
      Value one = arith::ConstantIndexOp::create(builder, loc, 1);
      Value differs = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, size, one);
      value = arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(), differs);
    } else if (isa<RankedTensorType>(symbol.value.getType())) {
      value = tensor::DimOp::create(builder, loc, symbol.value, symbol.dim);
    } else if (symbol.value.getType().isIndex()) {
      value = symbol.value;
    } else {
      value = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), symbol.value);
    }
    values[e] = value;
  }
}

OpFoldResult DimSizes::emit(OpBuilder &builder, Location loc, AffineExpr size) {
  if (auto constant = dyn_cast<AffineConstantExpr>(size))
    return builder.getIndexAttr(constant.getValue());
  SymbolValues values;
  emitSymbols(builder, loc, size, values);
  return emitIndex(builder, loc, size, {}, values);
}

SmallVector<OpFoldResult> DimSizes::emit(OpBuilder &builder, Location loc,
                                         ArrayRef<AffineExpr> shape) {
  SmallVector<OpFoldResult> values;
  for (AffineExpr size : shape)
    values.push_back(emit(builder, loc, size));
  return values;
}
