//===- Instrument.cpp - Profiling calls around qsat ops -------------------===//

#include "qsat/Transforms/Passes.h"

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace qsat {
#define GEN_PASS_DEF_INSTRUMENTPASS
#include "qsat/Transforms/Passes.h.inc"
} // namespace qsat

using namespace mlir;
using namespace qsat;

namespace {

/// "file:line:column", or the location as it prints.
std::string describe(Location loc) {
  if (auto place = loc->findInstanceOf<FileLineColLoc>())
    return (place.getFilename().getValue() + ":" + Twine(place.getLine()) + ":" + Twine(place.getColumn())).str();
  std::string text;
  llvm::raw_string_ostream os(text);
  loc.print(os);
  return text;
}

/// Times are taken on the thread that calls the model: not inside another qsat
/// op, nor in loops whose iterations run on several threads.
bool isOutermost(Operation *op) {
  for (Operation *parent = op->getParentOp(); parent; parent = parent->getParentOp())
    if (isa<scf::ParallelOp, scf::ForallOp>(parent) || isa_and_nonnull<QsatDialect>(parent->getDialect()))
      return false;
  return true;
}

/// Emits calls of the runtime (qsat/Runtime/Runtime.h).
class RuntimeCalls {
public:
  explicit RuntimeCalls(ModuleOp module) : module(module), builder(module.getContext()) {}

  /// Takes the time of `op`; what is added next comes after it.
  void addTimes(Operation *op, int32_t id) {
    builder.setInsertionPoint(op);
    call("qsat_op_begin", getId(op, id));
    builder.setInsertionPointAfter(op);
    call("qsat_op_end", getId(op, id));
  }

  /// Reports what `op` chose. Its cost is not in the time of `op`.
  void addSelection(AmplifiedSelectOp op, int32_t id) {
    Location loc = op.getLoc();
    Value indices = op.getIndices();
    Value batch = getDim(loc, indices, 0), hs = getDim(loc, indices, 1), blocks = getDim(loc, indices, 2);
    Value lists = multiply(loc, multiply(loc, batch, hs), blocks);
    // The true extents are those of the attention that reads the lists; a
    // selection alone knows whole blocks only.
    Value rows = multiply(loc, blocks, constant(loc, op.getBlockM()));
    Value keys = multiply(loc, getDim(loc, op.getAmplitude(), 3), constant(loc, op.getBlockN()));
    if (SparseAttentionOp reader = findReaderOrThatOfTwin(op)) {
      rows = getDim(loc, reader.getQ(), 2);
      keys = getDim(loc, reader.getK(), 2);
    }
    Value zero = constant(loc, 0);
    bool hasPosition = !op.getPosition().empty();
    Value row0 = hasPosition ? asI64(loc, op.getPosition()[2]) : zero;
    Value key0 = hasPosition ? asI64(loc, op.getPosition()[3]) : zero;
    MaskAttr mask = op.getMaskAttr();
    std::optional<int64_t> lookahead = mask ? mask.getLookahead() : std::nullopt;
    SmallVector<Value> arguments{getId(op, id),
                                 getPointer(loc, indices),
                                 getPointer(loc, op.getCounts()),
                                 getPointer(loc, op.getMass()),
                                 lists,
                                 blocks,
                                 getDim(loc, indices, 3),
                                 rows,
                                 keys,
                                 constant(loc, op.getBlockM()),
                                 constant(loc, op.getBlockN()),
                                 row0,
                                 key0,
                                 constant(loc, lookahead.has_value()),
                                 constant(loc, lookahead.value_or(0)),
                                 constant(loc, mask ? mask.getOffset() : 0),
                                 constant(loc, mask ? mask.getWindow() : 0),
                                 constant(loc, mask ? mask.getSinks() : 0)};
    call("qsat_report_selection", arguments);
  }

  /// Reports what `op` found of the heads of each group.
  void addOverlap(OverlapOp op, int32_t id) {
    Location loc = op.getLoc();
    Value overlap = op.getInit();
    Value rows = multiply(loc, getDim(loc, overlap, 0), getDim(loc, overlap, 1));
    call("qsat_report_overlap", {getId(op, id), getPointer(loc, overlap), rows, getDim(loc, overlap, 1),
                                 getDim(loc, overlap, 2), getDim(loc, overlap, 3)});
  }

  /// Reports what `op` found.
  void addAudit(AuditOp op, int32_t id) {
    Location loc = op.getLoc();
    Value error = op.getError();
    Value rows = getDim(loc, error, 0);
    for (int64_t dim = 1; dim < 4; ++dim)
      rows = multiply(loc, rows, getDim(loc, error, dim));
    Value kept = op.getKept() ? getPointer(loc, op.getKept()) : constant(loc, 0);
    call("qsat_report_audit", {getId(op, id), getPointer(loc, error), getPointer(loc, op.getNorm()), kept, rows});
  }

private:
  /// The sparse attention that reads the lists of `op` from the same buffers.
  static SparseAttentionOp findReader(AmplifiedSelectOp op) {
    for (Operation *user : op.getCounts().getUsers())
      if (auto attention = dyn_cast<SparseAttentionOp>(user))
        if (attention.getCounts() == op.getCounts() && dominatesInBlock(attention.getQ(), op))
          return attention;
    return nullptr;
  }

  /// The same; of lists that nothing reads, that of other lists for the same amplitudes.
  static SparseAttentionOp findReaderOrThatOfTwin(AmplifiedSelectOp op) {
    if (SparseAttentionOp reader = findReader(op))
      return reader;
    for (Operation *user : op.getAmplitude().getUsers())
      if (auto twin = dyn_cast<AmplifiedSelectOp>(user); twin && twin->getBlock() == op->getBlock())
        if (SparseAttentionOp reader = findReader(twin); reader && dominatesInBlock(reader.getQ(), op))
          return reader;
    return nullptr;
  }

  /// `value` is there when `op` has run: an argument, or defined earlier.
  static bool dominatesInBlock(Value value, Operation *op) {
    Operation *definition = value.getDefiningOp();
    return !definition || (definition->getBlock() == op->getBlock() && definition->isBeforeInBlock(op));
  }

  Value getId(Operation *op, int32_t id) {
    return arith::ConstantOp::create(builder, op->getLoc(), builder.getI32IntegerAttr(id));
  }
  Value constant(Location loc, int64_t value) {
    return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value));
  }
  Value asI64(Location loc, Value index) {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
  }
  Value getDim(Location loc, Value memref, int64_t dim) {
    return asI64(loc, memref::DimOp::create(builder, loc, memref, dim));
  }
  Value multiply(Location loc, Value a, Value b) { return arith::MulIOp::create(builder, loc, a, b); }
  Value getPointer(Location loc, Value memref) {
    return asI64(loc, memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref));
  }

  void call(StringRef name, ValueRange arguments) {
    Location loc = arguments.front().getLoc();
    if (!module.lookupSymbol(name)) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      auto type = builder.getFunctionType(arguments.getTypes(), {});
      func::FuncOp::create(builder, module.getLoc(), name, type).setPrivate();
    }
    func::CallOp::create(builder, loc, name, TypeRange(), arguments);
  }

  ModuleOp module;
  OpBuilder builder;
};

/// The runtime reads lists and audits as dense arrays.
bool isDense(Value memref) {
  auto type = dyn_cast<MemRefType>(memref.getType());
  return type && type.getLayout().isIdentity();
}

/// The lists per head and those per group that were chosen by the amplitudes of `op`; either may
/// be null.
std::pair<AmplifiedSelectOp, AmplifiedSelectOp> findLists(OverlapOp op) {
  AmplifiedSelectOp own, shared;
  for (Operation *user : op.getAmplitude().getUsers())
    if (auto select = dyn_cast<AmplifiedSelectOp>(user))
      (select.getEntangle() ? shared : own) = select;
  return {own, shared};
}

using Numbers = llvm::DenseMap<Operation *, int64_t>;

/// What a report is to know of `op`: its name and location; of an overlap beside both kinds
/// of lists, the numbers of these selections; "record" of a selection that has it.
ArrayAttr getEntry(Builder &builder, Operation *op, const Numbers &numbers) {
  SmallVector<Attribute> entry{builder.getStringAttr(op->getName().getStringRef()),
                               builder.getStringAttr(describe(op->getLoc()))};
  if (auto overlap = dyn_cast<OverlapOp>(op)) {
    auto [own, shared] = findLists(overlap);
    if (numbers.contains(own) && numbers.contains(shared))
      for (AmplifiedSelectOp lists : {own, shared})
        entry.push_back(builder.getI64IntegerAttr(numbers.at(lists)));
  }
  if (auto select = dyn_cast<AmplifiedSelectOp>(op); select && select.getRecord())
    entry.push_back(builder.getStringAttr("record"));
  return builder.getArrayAttr(entry);
}

struct InstrumentPass : qsat::impl::InstrumentPassBase<InstrumentPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    Builder builder(&getContext());
    SmallVector<Operation *> ops;
    WalkResult walk = module.walk([&](Operation *op) {
      if (!isa_and_nonnull<QsatDialect>(op->getDialect()) || isa<YieldOp>(op) || !isOutermost(op))
        return WalkResult::advance();
      if (op->getNumResults() != 0) {
        op->emitOpError("expected memrefs, but got tensors: instrument after bufferization");
        return WalkResult::interrupt();
      }
      ops.push_back(op);
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return signalPassFailure();

    RuntimeCalls calls(module);
    Numbers ids;
    for (auto [id, op] : llvm::enumerate(ops))
      ids[op] = id;
    SmallVector<Attribute> entries;
    for (auto [id, op] : llvm::enumerate(ops)) {
      entries.push_back(getEntry(builder, op, ids));
      calls.addTimes(op, id);
      auto select = dyn_cast<AmplifiedSelectOp>(op);
      if (select && isDense(select.getIndices()) && isDense(select.getCounts()) && isDense(select.getMass()))
        calls.addSelection(select, id);
      auto audit = dyn_cast<AuditOp>(op);
      if (audit && audit.getRecord() && llvm::all_of(audit.getInits(), isDense))
        calls.addAudit(audit, id);
      auto overlap = dyn_cast<OverlapOp>(op);
      if (overlap && overlap.getRecord() && isDense(overlap.getInit()))
        calls.addOverlap(overlap, id);
      ++numInstrumented;
    }
    // What the ids mean, for whoever reads the profile.
    module->setAttr("qsat.instrumented", builder.getArrayAttr(entries));
  }
};

} // namespace
