//===- ExprMovement.cpp - Scalar expressions through data movement --------===//

#include "ExprBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/BitVector.h"

#include <cstring>

using namespace mlir;
using namespace qsat::raise;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// Larger constants are not scanned for structure.
static constexpr int64_t kMaxScanned = int64_t(1) << 26;

namespace {
/// The elements of a constant as bytes, without an attribute for each.
struct RawElements {
  ArrayRef<char> data;
  unsigned bytes; ///< per element; 0 when there are 8 elements to a byte

  uint64_t operator[](int64_t k) const {
    if (bytes == 0)
      return (data[k / 8] >> (k % 8)) & 1;
    uint64_t value = 0;
    std::memcpy(&value, data.data() + k * bytes, bytes);
    return value;
  }
};
} // namespace

static std::optional<RawElements> rawElementsOf(ElementsAttr value) {
  ShapedType type = value.getShapedType();
  Type element = type.getElementType();
  if (!element.isIntOrFloat() || type.getNumElements() > kMaxScanned)
    return std::nullopt;
  unsigned bits = element.getIntOrFloatBitWidth();
  RawElements raw;
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    if (dense.isSplat())
      return std::nullopt;
    raw.data = dense.getRawData();
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    raw.data = blob->getData();
  } else {
    return std::nullopt;
  }
  int64_t count = type.getNumElements(), size = raw.data.size();
  raw.bytes = bits == 1 && size != count ? 0 : (bits + 7) / 8;
  bool fits = raw.bytes == 0 ? size >= (count + 7) / 8 : size == count * raw.bytes;
  if (!fits || raw.bytes > 8)
    return std::nullopt;
  return raw;
}

/// The attribute of an element with these bits.
static Attribute elementOf(Type type, uint64_t bits) {
  unsigned width = type.getIntOrFloatBitWidth();
  APInt value(width, bits, /*isSigned=*/false, /*implicitTrunc=*/true);
  if (auto floatType = dyn_cast<FloatType>(type))
    return FloatAttr::get(type, APFloat(floatType.getFloatSemantics(), value));
  return IntegerAttr::get(type, value);
}

std::optional<Band> qsat::raise::bandOf(ElementsAttr value) {
  ShapedType type = value.getShapedType();
  SmallVector<unsigned> wide;
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    if (size > 1)
      wide.push_back(dim);
  std::optional<RawElements> raw = rawElementsOf(value);
  if (wide.size() != 2 || !raw)
    return std::nullopt;
  int64_t rows = type.getDimSize(wide[0]), cols = type.getDimSize(wide[1]);
  // Two distinct values, as a bit per element.
  uint64_t first = (*raw)[0];
  std::optional<uint64_t> second;
  llvm::BitVector isFirst(rows * cols);
  for (int64_t k = 0; k < rows * cols; ++k) {
    uint64_t bits = (*raw)[k];
    if (bits == first)
      isFirst.set(k);
    else if (!second)
      second = bits;
    else if (bits != *second)
      return std::nullopt;
  }
  if (!second)
    return std::nullopt;
  for (bool inside : {true, false}) {
    int64_t lo = cols, hi = -rows;
    for (int64_t k = 0; k < rows * cols; ++k)
      if (isFirst[k] == inside) {
        lo = std::min(lo, k % cols - k / cols);
        hi = std::max(hi, k % cols - k / cols);
      }
    bool exact = true;
    for (int64_t k = 0; k < rows * cols && exact; ++k) {
      int64_t d = k % cols - k / cols;
      exact = (isFirst[k] == inside) == (d >= lo && d <= hi);
    }
    if (!exact)
      continue;
    Attribute one = elementOf(type.getElementType(), first);
    Attribute other = elementOf(type.getElementType(), *second);
    Band band{wide[0], wide[1], lo, hi, inside ? one : other, inside ? other : one};
    if (lo == 1 - rows)
      band.lo.reset();
    if (hi == cols - 1)
      band.hi.reset();
    return band;
  }
  return std::nullopt;
}

Node *ExprBuilder::stepConstant(DenseElementsAttr value, Node *load) {
  Type type = load->type;
  if (!type.isIntOrIndexOrFloat())
    return nullptr;
  auto scalar = [&](Attribute a) { return exprs.constant(cast<TypedAttr>(a)); };
  if (value.isSplat())
    return scalar(value.getSplatValue<Attribute>());
  ArrayRef<int64_t> shape = value.getType().getShape();
  int64_t offset = 0;
  bool isFixed = true;
  for (auto [index, size] : llvm::zip_equal(load->indices, shape)) {
    auto at = dyn_cast<AffineConstantExpr>(index);
    if (!at || at.getValue() < 0 || at.getValue() >= size)
      isFixed = false;
    else
      offset = offset * size + at.getValue();
  }
  if (isFixed)
    return scalar(*(value.getValues<Attribute>().begin() + offset));
  // Arithmetic progressions of integers along the one wide dimension.
  std::optional<unsigned> wide;
  for (auto [dim, size] : llvm::enumerate(shape))
    if (size > 1) {
      if (wide)
        return stepBand(value, load->indices);
      wide = dim;
    }
  if (wide && type.isInteger(1))
    return stepFoldedBand(value, load->indices[*wide]);
  if (!isa<IntegerType, IndexType>(type) || !wide)
    return nullptr;
  SmallVector<int64_t> list;
  for (APInt v : value.getValues<APInt>()) {
    if (v.getSignificantBits() > 32)
      return nullptr;
    list.push_back(v.getSExtValue());
  }
  // list[k] = first + step * ((k floordiv inner) mod period): rows of several heads in one
  // index have a progression for each.
  int64_t size = list.size(), inner = 1, period = 1;
  while (inner < size && list[inner] == list[0])
    ++inner;
  int64_t step = inner < size ? list[inner] - list[0] : 0;
  while (period * inner < size && list[period * inner] == list[0] + step * period)
    ++period;
  for (int64_t k = 0; k < size; ++k)
    if (list[k] != list[0] + step * (k / inner % period))
      return nullptr;
  return exprs.index((load->indices[*wide].floorDiv(inner) % period) * step + list[0], type);
}

/// A band whose rows stand one after the other: value[i * columns + j].
Node *ExprBuilder::stepFoldedBand(DenseElementsAttr value, AffineExpr index) {
  const VarTable &vars = exprs.vars;
  SmallVector<unsigned> rowAndColumn = variablesOf(index, vars);
  if (rowAndColumn.size() != 2)
    return nullptr;
  std::optional<int64_t> rows = vars.staticExtent(rowAndColumn[0]);
  std::optional<int64_t> columns = vars.staticExtent(rowAndColumn[1]);
  MLIRContext *context = exprs.getContext();
  AffineExpr row = getAffineDimExpr(rowAndColumn[0], context);
  AffineExpr column = getAffineDimExpr(rowAndColumn[1], context);
  if (!rows || !columns || *rows * *columns != value.getNumElements() ||
      index != simplifyIndex(row * *columns + column, vars))
    return nullptr;
  auto type = RankedTensorType::get({*rows, *columns}, value.getElementType());
  return stepBand(value.reshape(type), {row, column});
}

Node *ExprBuilder::stepBand(ElementsAttr value, ArrayRef<AffineExpr> indices) {
  auto [it, isNew] = bands.try_emplace(value, std::nullopt);
  if (isNew)
    it->second = bandOf(value);
  if (!it->second)
    return nullptr;
  const Band &band = *it->second;
  AffineExpr distance = indices[band.col] - indices[band.row];
  Node *inside = exprs.boolean(true);
  auto bound = [&](AffineExpr x, AffineExpr y) {
    inside = exprs.conjunction(inside, exprs.lessEqual(x, y));
  };
  MLIRContext *context = exprs.getContext();
  if (band.hi)
    bound(distance, getAffineConstantExpr(*band.hi, context));
  if (band.lo)
    bound(getAffineConstantExpr(*band.lo, context), distance);
  return exprs.select(inside, exprs.constant(cast<TypedAttr>(band.inside)),
                      exprs.constant(cast<TypedAttr>(band.outside)));
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

/// The index into the collapsed dimension of a group of dimensions.
static AffineExpr linearize(ArrayRef<AffineExpr> indices, ArrayRef<AffineExpr> sizes,
                            MLIRContext *context) {
  AffineExpr sum = getAffineConstantExpr(0, context);
  for (auto [index, size] : llvm::zip_equal(indices, sizes))
    sum = sum * size + index;
  return sum;
}

/// The indices into a group of dimensions of an index into the collapsed one.
static SmallVector<AffineExpr> delinearize(AffineExpr linear, ArrayRef<AffineExpr> sizes) {
  SmallVector<AffineExpr> indices(sizes.size());
  for (unsigned k = sizes.size(); k-- > 0;) {
    indices[k] = k == 0 ? linear : linear % sizes[k];
    linear = linear.floorDiv(sizes[k]);
  }
  return indices;
}

Node *ExprBuilder::stepMovement(Operation *op, ArrayRef<AffineExpr> indices) {
  MLIRContext *context = exprs.getContext();
  SmallVector<AffineExpr> source;
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    if (!isa<RankedTensorType>(cast.getSource().getType()))
      return nullptr;
    return exprs.load(cast.getSource(), indices);
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<AffineExpr> shape = sizes.shapeOf(expand.getResult());
    for (const ReassociationIndices &group : expand.getReassociationIndices())
      source.push_back(linearize(indices.slice(group.front(), group.size()),
                                 ArrayRef(shape).slice(group.front(), group.size()), context));
    return exprs.load(expand.getSrc(), source);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    SmallVector<AffineExpr> shape = sizes.shapeOf(collapse.getSrc());
    if (indices.empty())
      source.assign(shape.size(), getAffineConstantExpr(0, context));
    for (auto [group, index] : llvm::zip_equal(collapse.getReassociationIndices(), indices))
      llvm::append_range(source,
                         delinearize(index, ArrayRef(shape).slice(group.front(), group.size())));
    return exprs.load(collapse.getSrc(), source);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned next = 0;
    for (auto [dim, offset, stride] :
         llvm::enumerate(slice.getMixedOffsets(), slice.getMixedStrides())) {
      std::optional<int64_t> by = getConstantIntValue(stride), at = getConstantIntValue(offset);
      AffineExpr start = at ? getAffineConstantExpr(*at, context)
                            : sizes.valueOf(cast<Value>(offset));
      if (!start || !by)
        return nullptr;
      AffineExpr index = dropped.test(dim) ? getAffineConstantExpr(0, context) : indices[next++];
      source.push_back(index * *by + start);
    }
    return exprs.load(slice.getSource(), source);
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return stepConcat(concat.getInputs(), concat.getDim(), indices);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return stepPad(pad.getSource(), pad.getMixedLowPad(), indices);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return outerScalar(splat.getInput());
  if (auto list = dyn_cast<tensor::FromElementsOp>(op))
    return list.getElements().size() == 1 ? outerScalar(list.getElements()[0]) : nullptr;
  if (auto reshape = dyn_cast<tensor::ReshapeOp>(op))
    return stepReshape(reshape.getSource(), reshape.getResult(), indices);
  return nullptr;
}

/// Any reshape: the same element in row-major order.
Node *ExprBuilder::stepReshape(Value from, Value to, ArrayRef<AffineExpr> indices) {
  if (!isa<RankedTensorType>(from.getType()) || !isa<RankedTensorType>(to.getType()))
    return nullptr;
  SmallVector<AffineExpr> shape = sizes.shapeOf(from), source;
  AffineExpr linear = linearize(indices, sizes.shapeOf(to), exprs.getContext());
  if (!shape.empty())
    source = delinearize(simplifyIndex(linear, exprs.vars), shape);
  return exprs.load(from, source);
}

/// Only where the index is known to be inside of the source.
Node *ExprBuilder::stepPad(Value from, ArrayRef<OpFoldResult> low, ArrayRef<AffineExpr> indices) {
  SmallVector<AffineExpr> source;
  for (auto [dim, amount] : llvm::enumerate(low)) {
    std::optional<int64_t> by = getConstantIntValue(amount);
    if (!by)
      return nullptr;
    AffineExpr index = simplifyIndex(indices[dim] - *by, exprs.vars);
    if (!isNeverNegative(index, exprs.vars) ||
        !isNeverNegative(sizes.sizeOf(from, dim) - 1 - index, exprs.vars))
      return nullptr;
    source.push_back(index);
  }
  return exprs.load(from, source);
}

/// A concatenation is looked into where the range of the index decides which
/// of its inputs is read.
Node *ExprBuilder::stepConcat(ValueRange inputs, unsigned dim, ArrayRef<AffineExpr> indices) {
  AffineExpr start = getAffineConstantExpr(0, exprs.getContext());
  for (Value input : inputs) {
    AffineExpr size = sizes.sizeOf(input, dim);
    AffineExpr index = simplifyIndex(indices[dim] - start, exprs.vars);
    if (isNeverNegative(index, exprs.vars) && isNeverNegative(size - 1 - index, exprs.vars)) {
      SmallVector<AffineExpr> source(indices);
      source[dim] = index;
      return exprs.load(input, source);
    }
    start = start + size;
  }
  return nullptr;
}
