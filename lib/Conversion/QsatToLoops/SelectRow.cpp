//===- SelectRow.cpp - One row of blocks of amplified_select --------------===//

#include "SelectKernel.h"

using namespace mlir;
using namespace qsat;

static ValueRange partOf(ValueRange operands, OperandRange part) {
  return operands.slice(part.getBeginOperandIndex(), part.size());
}

SelectKernel::SelectKernel(TaskBuilder &b, AmplifiedSelectOp op, ValueRange operands)
    : b(b), op(op), mask(b, op.getMaskAttr(), partOf(operands, op.getPosition())),
      f32(b.getF32Type()), amplitude(operands[0]) {
  if (op.getLse())
    lse = operands[1];
  if (op.getSpread())
    spread = operands[op.getLse() ? 2 : 1];
  ValueRange inits = partOf(operands, op.getInits());
  indices = inits[0];
  counts = inits[1];
  mass = inits[2];
  queries = inits[3];
  batches = b.dim(amplitude, 0);
  heads = b.dim(amplitude, 1);
  blocksM = b.dim(amplitude, 2);
  blocksN = b.dim(amplitude, 3);
  lists = b.dim(counts, 1);
  limit = b.dim(indices, 3);
  group = b.div(heads, b.max(lists, 1));
  at.assign(4, b.index(0));
  ValueRange position = partOf(operands, op.getPosition());
  if (!position.empty())
    at.assign(position.begin(), position.end());
}

Value SelectKernel::eligibleSum(Value values) {
  return b.loop(b.index(0), blocksN, 1, {b.constant(f32, 0.0)}, [&](Value j, ValueRange sum) {
    Value more = b.addf(sum[0], b.load(values, {j}));
    return TaskBuilder::Values{b.select(b.load(eligible, {j}), more, sum[0])};
  })[0];
}

void SelectKernel::appendToOrder(Value values, Value among) {
  order->clear();
  b.loop(blocksN, [&](Value j) {
    b.when(b.load(among, {j}),
           [&] { order->append(j, b.load(values, {j}), b.load(forced, {j})); });
  });
  order->sort();
}

/// p[J] = mean over the list's heads of amplitude^2.
static Value loadProbability(SelectKernel &s, Value j) {
  TaskBuilder &b = s.b;
  Value first = b.mul(s.list, s.group);
  Value zero = b.constant(s.f32, 0.0);
  Value sum = b.loop(b.index(0), s.group, 1, {zero}, [&](Value g, ValueRange sum) {
    Value x = b.load(s.amplitude, {s.batch, b.add(first, g), s.block, j});
    return TaskBuilder::Values{b.addf(sum[0], b.mulf(x, x))};
  })[0];
  return b.divf(sum, b.toFloat(s.group, s.f32));
}

void qsat::loadRow(SelectKernel &s) {
  TaskBuilder &b = s.b;
  int64_t blockM = s.op.getBlockM(), blockN = s.op.getBlockN();
  Value firstRow = b.mul(s.block, blockM), lastRow = b.add(firstRow, blockM - 1);
  Value lastBlock = b.sub(s.blocksN, 1);
  auto diagonalBlock = [&](Value row) {
    return b.min(b.div(b.max(s.mask.diagonalKey(row), 0), blockN), lastBlock);
  };
  Value diagonalBegin = diagonalBlock(firstRow), diagonalLast = diagonalBlock(lastRow);
  b.loop(s.blocksN, [&](Value j) {
    b.store(loadProbability(s, j), s.p, {j});
    Value firstKey = b.mul(j, blockN), lastKey = b.add(firstKey, blockN - 1);
    Value eligible = s.mask.anyVisible(firstRow, lastRow, firstKey, lastKey);
    auto within = [&](Value first, Value last) { return b.both(b.ge(j, first), b.le(j, last)); };
    Value before = within(b.sub(diagonalBegin, s.op.getLocal()), b.sub(diagonalBegin, 1));
    Value after = within(b.add(diagonalLast, 1), b.add(diagonalLast, s.op.getLocal()));
    Value forced = b.either(b.less(j, b.index(s.op.getSinks())), b.either(before, after));
    if (!s.op.getNoDiagonal())
      forced = b.either(forced, within(diagonalBegin, diagonalLast));
    b.store(eligible, s.eligible, {j});
    b.store(b.both(forced, eligible), s.forced, {j});
    b.store(b.boolean(false), s.marked, {j});
  });
}

void qsat::limitMarks(SelectKernel &s) {
  TaskBuilder &b = s.b;
  Value count = b.loop(b.index(0), s.blocksN, 1, {b.index(0)}, [&](Value j, ValueRange count) {
    Value one = b.select(b.load(s.marked, {j}), b.index(1), b.index(0));
    return TaskBuilder::Values{b.add(count[0], one)};
  })[0];
  b.when(b.gt(count, s.limit), [&] {
    s.appendToOrder(s.p, s.marked);
    b.loop(s.blocksN, [&](Value j) { b.store(b.boolean(false), s.marked, {j}); });
    b.loop(s.limit, [&](Value place) {
      b.store(b.boolean(true), s.marked, {s.order->blockAt(place)});
    });
  });
}

void qsat::storeRow(SelectKernel &s) {
  TaskBuilder &b = s.b;
  Value zero = b.constant(s.f32, 0.0), one = b.constant(s.f32, 1.0);
  TaskBuilder::Values total = b.loop(
      b.index(0), s.blocksN, 1, {b.index(0), zero}, [&](Value j, ValueRange carried) {
        return b.choose(
            b.load(s.marked, {j}),
            [&] {
              b.store(b.toI32(j), s.indices, {s.batch, s.list, s.block, carried[0]});
              return TaskBuilder::Values{b.add(carried[0], 1),
                                         b.addf(carried[1], b.load(s.p, {j}))};
            },
            [&] { return TaskBuilder::Values(carried); });
      });
  // NaN passes both comparisons.
  Value mass = b.select(b.cmpf(arith::CmpFPredicate::OGT, total[1], one), one, total[1]);
  b.store(b.toI32(total[0]), s.counts, {s.batch, s.list, s.block});
  b.store(mass, s.mass, {s.batch, s.list, s.block});
  b.store(buildQueries(b, s.op.getIterationsOrDefault(), mass), s.queries,
          {s.batch, s.list, s.block});
}
