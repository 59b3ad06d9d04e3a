//===- MatmulKernel.cpp - Matrix products as packed kernels ---------------===//
// b is packed once into panels of as many columns as the register tile has,
// padded with zeros; a task multiplies a block of rows with a few panels. The
// register tile keeps its accumulators in registers over a block of k; a is read
// in place, one scalar per row and step.

#include "MatmulKernel.h"

using namespace mlir;
using namespace qsat;

using Values = KernelBuilder::Values;

/// Rows, panels and steps of k of a task: a panel of b stays in the first
/// cache, a block of a in the second.
static constexpr int64_t kTaskRows = 64, kTaskPanels = 8, kBlockK = 256;

namespace {

/// What both kernels of a product know. Indices of loop dimensions are kept by
/// dimension.
class MatmulKernel {
public:
  MatmulKernel(KernelBuilder &kb, Matmul &matmul)
      : kb(kb), matmul(matmul), rows(kb.getTarget().getMicroTile(matmul.acc.getIntOrFloatBitWidth()).rows),
        columns(kb.getTarget().getMicroTile(matmul.acc.getIntOrFloatBitWidth()).columns),
        at(matmul.op.getNumLoops()) {}

  func::FuncOp buildPack(ModuleOp module);
  func::FuncOp buildTask(ModuleOp module);

  /// Dimensions that number the matrices in b, and the panels of one.
  SmallVector<unsigned> getPackedDims() const {
    SmallVector<unsigned> dims(matmul.batch.begin(), matmul.batch.end());
    llvm::append_range(dims, matmul.outerN);
    return dims;
  }
  SmallVector<unsigned> getTaskDims() const {
    SmallVector<unsigned> dims(matmul.batch.begin(), matmul.batch.end());
    llvm::append_range(dims, matmul.outerM);
    llvm::append_range(dims, matmul.outerN);
    return dims;
  }
  /// Extent of a loop dimension from a, which may be null, or b.
  Value getExtent(unsigned dim, Value a, Value b);
  MemRefType getPackedType() const {
    return MemRefType::get({ShapedType::kDynamic, ShapedType::kDynamic, columns}, matmul.acc);
  }
  int64_t getRows() const { return rows; }
  int64_t getColumns() const { return columns; }

private:
  Values project(AffineMap map) {
    Values indices;
    for (AffineExpr expr : map.getResults())
      indices.push_back(at[cast<AffineDimExpr>(expr).getPosition()]);
    return indices;
  }
  void multiply(Value rowBegin, Value rowEnd, Value panel, Value panelIndex, Value kBegin, Value kEnd, Value isFirst,
                bool isWhole);
  void multiplyTile(int64_t tileRows, Value row, Value panelIndex, Value kBegin, Value kEnd, Value isFirst, Value mask);
  Value loadA(Value row, Value k);
  void copyA(Value rowBegin, Value rowEnd, Value kBegin, Value kEnd);

  KernelBuilder &kb;
  Matmul &matmul;
  int64_t rows, columns;
  Values at;
  Value a, b, c, packed;
  /// a as the accumulator's type, [kTaskRows, kBlockK], where it is of another.
  Value converted;
  Value convertedRow, convertedK;
};

} // namespace

Value MatmulKernel::getExtent(unsigned dim, Value a, Value b) {
  auto position = matmul.aMap.getResultPosition(getAffineDimExpr(dim, kb.getContext()));
  if (a && position)
    return kb.dim(a, *position);
  return kb.dim(b, *matmul.bMap.getResultPosition(getAffineDimExpr(dim, kb.getContext())));
}

/// pack(panel, packed panel, matrix of b..., b, packed): one panel of b as
/// packed[packed panel, k, column], zeros past the last column.
func::FuncOp MatmulKernel::buildPack(ModuleOp module) {
  SmallVector<unsigned> dims = getPackedDims();
  SmallVector<Type> types(2 + dims.size(), kb.getIndexType());
  types.append({matmul.b.getType(), getPackedType()});
  return kb.function(module, "qsat_matmul_pack", types, [&](ValueRange args) {
    Value panel = args[0], target = args[1];
    for (auto [i, dim] : llvm::enumerate(dims))
      at[dim] = args[2 + i];
    b = args[args.size() - 2];
    packed = args.back();
    Value first = kb.mul(panel, columns), n = getExtent(matmul.n, {}, b), depth = getExtent(matmul.k, {}, b);
    // Reads along k where b has it last: unit stride.
    bool isTransposed = matmul.bMap.getDimPosition(matmul.bMap.getNumResults() - 1) == matmul.k;
    bool hasRows = !isTransposed && KernelBuilder::isRowContiguous(b) &&
                   matmul.bMap.getDimPosition(matmul.bMap.getNumResults() - 1) == matmul.n;
    auto element = [&](Value k, Value j) {
      at[matmul.k] = k;
      at[matmul.n] = kb.add(first, j);
      kb.store(kb.loadAs(matmul.acc, b, project(matmul.bMap)), packed, {target, k, j});
    };
    Value count = kb.min(kb.sub(n, first), kb.index(columns));
    if (isTransposed) {
      kb.loop(kb.index(0), count, 1, [&](Value j) { kb.loop(kb.index(0), depth, 1, [&](Value k) { element(k, j); }); });
    } else {
      Value isWhole = kb.cmp(arith::CmpIPredicate::eq, count, kb.index(columns));
      kb.loop(kb.index(0), depth, 1, [&](Value k) {
        if (!hasRows)
          return kb.loop(kb.index(0), count, 1, [&](Value j) { element(k, j); });
        kb.choose(
            isWhole,
            [&] {
              at[matmul.k] = k;
              at[matmul.n] = first;
              kb.storeVector(kb.loadVectorAs(matmul.acc, b, project(matmul.bMap), columns), packed,
                             {target, k, kb.index(0)});
              return Values();
            },
            [&] {
              kb.loop(kb.index(0), count, 1, [&](Value j) { element(k, j); });
              return Values();
            });
      });
    }
    kb.loop(count, kb.index(columns), 1, [&](Value j) {
      kb.loop(kb.index(0), depth, 1, [&](Value k) { kb.store(kb.constant(matmul.acc, 0.0), packed, {target, k, j}); });
    });
  });
}

/// a[row, k] as the accumulator's type.
Value MatmulKernel::loadA(Value row, Value k) {
  if (converted)
    return kb.load(converted, {kb.sub(row, convertedRow), kb.sub(k, convertedK)});
  at[matmul.m] = row;
  at[matmul.k] = k;
  return kb.loadAs(matmul.acc, a, project(matmul.aMap));
}

/// Widens the block of a that a task works on.
void MatmulKernel::copyA(Value rowBegin, Value rowEnd, Value kBegin, Value kEnd) {
  convertedRow = rowBegin;
  convertedK = kBegin;
  kb.loop(rowBegin, rowEnd, 1, [&](Value row) {
    kb.loop(kBegin, kEnd, 1, [&](Value k) {
      at[matmul.m] = row;
      at[matmul.k] = k;
      kb.store(kb.loadAs(matmul.acc, a, project(matmul.aMap)), converted, {kb.sub(row, rowBegin), kb.sub(k, kBegin)});
    });
  });
}

/// c[row .. row + tileRows, panel] += a[.., kBegin .. kEnd] packed[panel]; with
/// a mask only its lanes of c exist.
void MatmulKernel::multiplyTile(int64_t tileRows, Value row, Value panelIndex, Value kBegin, Value kEnd, Value isFirst,
                                Value mask) {
  VectorType wide = kb.vec(matmul.acc, columns);
  Type stored = cast<MemRefType>(c.getType()).getElementType();
  VectorType wideStored = kb.vec(stored, columns);
  Value zero = kb.constant(wide, 0.0);
  SmallVector<Values> places;
  for (int64_t r = 0; r < tileRows; ++r) {
    at[matmul.m] = kb.add(row, r);
    places.push_back(project(matmul.cMap));
  }
  auto load = [&]() {
    Values loaded;
    for (Values &place : places) {
      Value old;
      if (mask)
        old = vector::MaskedLoadOp::create(kb, kb.getLoc(), wideStored, c, place, mask, kb.constant(wideStored, 0.0));
      else
        old = kb.loadVector(c, place, columns);
      loaded.push_back(kb.convert(old, matmul.acc));
    }
    return loaded;
  };
  Values init = isFirst ? kb.choose(isFirst, [&] { return Values(tileRows, zero); }, load) : load();
  Values sums = kb.loop(kBegin, kEnd, 1, init, [&](Value k, ValueRange old) {
    Values next;
    Value right = kb.loadVector(packed, {panelIndex, k, kb.index(0)}, columns);
    for (int64_t r = 0; r < tileRows; ++r)
      next.push_back(kb.fma(kb.splat(loadA(kb.add(row, r), k), columns), right, old[r]));
    return next;
  });
  for (auto [sum, place] : llvm::zip_equal(sums, places)) {
    Value narrow = kb.convert(sum, stored);
    if (mask)
      vector::MaskedStoreOp::create(kb, kb.getLoc(), c, place, mask, narrow);
    else
      kb.storeVector(narrow, c, place);
  }
}

/// The rows of a task with one panel.
void MatmulKernel::multiply(Value rowBegin, Value rowEnd, Value panel, Value panelIndex, Value kBegin, Value kEnd,
                            Value isFirst, bool isWhole) {
  Value column = kb.mul(panel, columns), mask;
  at[matmul.n] = column;
  if (!isWhole) {
    Value left = kb.sub(kb.dim(c, matmul.cMap.getNumResults() - 1), column);
    mask = kb.less(kb.iota(columns), kb.splat(kb.toI32(left), columns));
  }
  Value tiled = kb.sub(rowEnd, kb.rem(kb.sub(rowEnd, rowBegin), rows));
  kb.loop(rowBegin, tiled, rows,
          [&](Value row) { multiplyTile(rows, row, panelIndex, kBegin, kEnd, isFirst, mask); });
  kb.loop(tiled, rowEnd, 1, [&](Value row) { multiplyTile(1, row, panelIndex, kBegin, kEnd, isFirst, mask); });
}

/// task(row block, panel block, first packed panel, batch..., outer rows..., outer columns..., a, packed, c).
func::FuncOp MatmulKernel::buildTask(ModuleOp module) {
  SmallVector<unsigned> dims = getTaskDims();
  SmallVector<Type> types(3 + dims.size(), kb.getIndexType());
  types.append({matmul.a.getType(), getPackedType(), matmul.c.getType()});
  return kb.function(module, "qsat_matmul", types, [&](ValueRange args) {
    for (auto [i, dim] : llvm::enumerate(dims))
      at[dim] = args[3 + i];
    a = args[args.size() - 3];
    packed = args[args.size() - 2];
    c = args.back();
    Value m = kb.dim(a, *matmul.aMap.getResultPosition(getAffineDimExpr(matmul.m, kb.getContext())));
    Value depth = kb.dim(a, *matmul.aMap.getResultPosition(getAffineDimExpr(matmul.k, kb.getContext())));
    Value n = kb.dim(c, matmul.cMap.getNumResults() - 1);
    Value rowBegin = kb.mul(args[0], kTaskRows), rowEnd = kb.min(kb.add(rowBegin, kTaskRows), m);
    Value panelBegin = kb.mul(args[1], kTaskPanels);
    Value panelEnd = kb.min(kb.add(panelBegin, kTaskPanels), kb.ceilDiv(n, columns));
    Value wholeEnd = kb.min(panelEnd, kb.div(n, columns));
    // A narrow c would be rounded after every block of k: it takes all of k.
    bool isBlocked = cast<MemRefType>(c.getType()).getElementType() == matmul.acc;
    auto block = [&](Value kBegin, Value kEnd) {
      if (converted)
        copyA(rowBegin, rowEnd, kBegin, kEnd);
      Value isFirst;
      if (matmul.overwrite)
        isFirst = kb.cmp(arith::CmpIPredicate::eq, kBegin, kb.index(0));
      kb.loop(panelBegin, wholeEnd, 1, [&](Value panel) {
        multiply(rowBegin, rowEnd, panel, kb.add(args[2], panel), kBegin, kEnd, isFirst, /*isWhole=*/true);
      });
      auto nExtent = cast<MemRefType>(c.getType()).getShape().back();
      if (!ShapedType::isDynamic(nExtent) && nExtent % columns == 0)
        return;
      kb.loop(kb.max(wholeEnd, panelBegin), panelEnd, 1, [&](Value panel) {
        multiply(rowBegin, rowEnd, panel, kb.add(args[2], panel), kBegin, kEnd, isFirst, /*isWhole=*/false);
      });
    };
    if (!isBlocked)
      return block(kb.index(0), depth);
    if (cast<MemRefType>(a.getType()).getElementType() != matmul.acc)
      converted = kb.scratch({kTaskRows, kBlockK}, matmul.acc);
    kb.loop(kb.index(0), depth, kBlockK,
            [&](Value k) { block(k, kb.min(kb.add(k, kBlockK), depth)); });
  });
}

/// Splits `linear` into the indices of dimensions with `extents`, the last
/// fastest.
static Values delinearize(KernelBuilder &kb, Value linear, ValueRange extents) {
  Values indices(extents.size());
  for (size_t i = extents.size(); i-- > 0; linear = kb.div(linear, extents[i]))
    indices[i] = kb.rem(linear, extents[i]);
  return indices;
}

/// matmul(a, b, c): packs b and runs the tasks, both in parallel.
static func::FuncOp buildDriver(KernelBuilder &kb, Matmul &matmul, ModuleOp module) {
  MatmulKernel shape(kb, matmul);
  func::FuncOp pack = MatmulKernel(kb, matmul).buildPack(module), task = MatmulKernel(kb, matmul).buildTask(module);
  Type types[] = {matmul.a.getType(), matmul.b.getType(), matmul.c.getType()};
  return kb.function(module, "qsat_matmul_all", types, [&](ValueRange args) {
    Value a = args[0], b = args[1], c = args[2];
    auto extents = [&](ArrayRef<unsigned> dims) {
      Values values;
      for (unsigned dim : dims)
        values.push_back(shape.getExtent(dim, a, b));
      return values;
    };
    auto product = [&](ValueRange values) {
      Value result = kb.index(1);
      for (Value value : values)
        result = kb.mul(result, value);
      return result;
    };
    Values packedExtents = extents(shape.getPackedDims());
    Value panels = kb.ceilDiv(shape.getExtent(matmul.n, a, b), shape.getColumns());
    Value packedPanels = kb.mul(product(packedExtents), panels);
    Value packed = memref::AllocOp::create(kb, kb.getLoc(), shape.getPackedType(),
                                           ValueRange{packedPanels, shape.getExtent(matmul.k, a, b)},
                                           kb.getI64IntegerAttr(64));
    kb.parallel(packedPanels, [&](Value t) {
      SmallVector<Value> arguments{kb.rem(t, panels), t};
      llvm::append_range(arguments, delinearize(kb, kb.div(t, panels), packedExtents));
      arguments.append({b, packed});
      func::CallOp::create(kb, kb.getLoc(), pack, arguments);
    });

    Values batch = extents(matmul.batch), outerM = extents(matmul.outerM), outerN = extents(matmul.outerN);
    Values all = batch;
    llvm::append_range(all, outerM);
    llvm::append_range(all, outerN);
    all.append({kb.ceilDiv(shape.getExtent(matmul.m, a, b), kTaskRows), kb.ceilDiv(panels, kTaskPanels)});
    kb.parallel(product(all), [&](Value t) {
      Values at = delinearize(kb, t, all);
      // Which matrix of b: batch dimensions, then outer columns.
      Value matrix = kb.index(0);
      for (size_t i = 0; i < batch.size(); ++i)
        matrix = kb.add(kb.mul(matrix, batch[i]), at[i]);
      for (size_t i = 0; i < outerN.size(); ++i)
        matrix = kb.add(kb.mul(matrix, outerN[i]), at[batch.size() + outerM.size() + i]);
      SmallVector<Value> arguments{at[at.size() - 2], at.back(), kb.mul(matrix, panels)};
      llvm::append_range(arguments, ArrayRef<Value>(at).drop_back(2));
      arguments.append({a, packed, c});
      func::CallOp::create(kb, kb.getLoc(), task, arguments);
    });
    memref::DeallocOp::create(kb, kb.getLoc(), packed);
  });
}

void qsat::lowerMatmul(Matmul &matmul, LoweringContext &context) {
  KernelBuilder kb(matmul.op.getLoc(), OpBuilder(matmul.op), context.target);
  func::FuncOp driver = context.kernels.get(matmul.op, matmul.op->getName().getStringRef(),
                                          [&] { return buildDriver(kb, matmul, context.module); });
  func::CallOp::create(kb, kb.getLoc(), driver, ValueRange{matmul.a, matmul.b, matmul.c});
}
