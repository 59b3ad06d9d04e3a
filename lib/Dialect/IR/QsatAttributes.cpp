//===- QsatAttributes.cpp - Syntax and verification of attributes ---------===//

#include "qsat/Dialect/IR/Qsat.h"

#include "mlir/IR/DialectImplementation.h"

#include <limits>

using namespace mlir;
using namespace qsat;

//===----------------------------------------------------------------------===//
// MaskAttr
//===----------------------------------------------------------------------===//

LogicalResult MaskAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               std::optional<int64_t> lookahead, int64_t offset,
                               int64_t window, int64_t sinks) {
  if (lookahead && *lookahead < 0)
    return emitError() << "expected lookahead >= 0, but got " << *lookahead;
  if (window < 0)
    return emitError() << "expected window >= 0, but got " << window;
  if (sinks < 0)
    return emitError() << "expected sinks >= 0, but got " << sinks;
  const int64_t limit = int64_t(1) << 48;
  for (int64_t value : {lookahead.value_or(0), offset, window, sinks})
    if (value > limit || value < -limit)
      return emitError() << "expected numbers of at most 2^48 in magnitude, but got " << value;
  if (sinks > 0 && window == 0)
    return emitError() << "expected a window beside sinks: without one every early key is visible";
  return success();
}

Attribute MaskAttr::parse(AsmParser &parser, Type) {
  std::optional<int64_t> lookahead;
  int64_t offset = 0, window = 0, sinks = 0;
  SmallVector<StringRef> seen;
  auto parseOne = [&]() -> ParseResult {
    StringRef key;
    SMLoc loc = parser.getCurrentLocation();
    if (failed(parser.parseKeyword(&key)))
      return failure();
    if (llvm::is_contained(seen, key) || (key == "causal" && lookahead) ||
        (key == "lookahead" && lookahead))
      return parser.emitError(loc) << "'" << key << "' is given twice";
    seen.push_back(key);
    if (key == "causal") {
      lookahead = 0;
      return success();
    }
    int64_t value;
    if (parser.parseEqual() || parser.parseInteger(value))
      return failure();
    if (key == "lookahead")
      lookahead = value;
    else if (key == "offset")
      offset = value;
    else if (key == "window")
      window = value;
    else if (key == "sinks")
      sinks = value;
    else
      return parser.emitError(loc)
             << "expected causal, lookahead, offset, window or sinks, but got '" << key << "'";
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, parseOne))
    return {};
  return parser.getChecked<MaskAttr>(loc, parser.getContext(), lookahead, offset, window, sinks);
}

void MaskAttr::print(AsmPrinter &printer) const {
  bool first = true;
  auto item = [&]() -> raw_ostream & {
    if (!first)
      printer << ", ";
    first = false;
    return printer.getStream();
  };
  printer << "<";
  if (isCausal())
    item() << "causal";
  else if (getLookahead())
    item() << "lookahead = " << *getLookahead();
  if (getOffset())
    item() << "offset = " << getOffset();
  if (getWindow())
    item() << "window = " << getWindow();
  if (getSinks())
    item() << "sinks = " << getSinks();
  printer << ">";
}

//===----------------------------------------------------------------------===//
// AmplificationAttr
//===----------------------------------------------------------------------===//

LogicalResult AmplificationAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                        AmplificationKind kind, int64_t rounds,
                                        APFloat exactDelta) {
  double delta = exactDelta.convertToDouble();
  const int64_t limit = std::numeric_limits<int32_t>::max();
  if (kind == AmplificationKind::Rounds ? rounds < 0 || rounds > limit : rounds != 0)
    return emitError() << "expected 0 <= rounds < 2^31, and only with 'rounds', but got " << rounds;
  if (kind == AmplificationKind::FixedPoint ? !(delta > 0 && delta < 1) : delta != 0)
    return emitError() << "expected 0 < delta < 1, and only with 'fixed_point', but got " << delta;
  return success();
}

Attribute AmplificationAttr::parse(AsmParser &parser, Type) {
  StringRef key;
  int64_t rounds = 0;
  double delta = 0;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseKeyword(&key))
    return {};
  std::optional<AmplificationKind> kind = symbolizeAmplificationKind(key);
  if (!kind) {
    parser.emitError(loc) << "expected born, full, rounds, optimal or fixed_point, but got '" << key
                          << "'";
    return {};
  }
  if (*kind == AmplificationKind::Rounds && (parser.parseEqual() || parser.parseInteger(rounds)))
    return {};
  if (*kind == AmplificationKind::FixedPoint && (parser.parseEqual() || parser.parseFloat(delta)))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<AmplificationAttr>(loc, parser.getContext(), *kind, rounds,
                                              APFloat(delta));
}

void AmplificationAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyAmplificationKind(getKind());
  if (getKind() == AmplificationKind::Rounds)
    printer << " = " << getRounds();
  if (getKind() == AmplificationKind::FixedPoint) {
    printer << " = ";
    printer.printFloat(getDelta());
  }
  printer << ">";
}
