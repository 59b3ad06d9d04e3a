//===- Arguments.cpp - Arrays as arguments and results of a function ------===//

#include "Arguments.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

using namespace llvm;
using namespace mlir;

namespace qsat::tools {
namespace {

Error fail(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

std::string print(Type type) {
  std::string text;
  raw_string_ostream(text) << type;
  return text;
}

/// The dtypes that may be read as `type`, the one that is written first; empty
/// when there is none.
SmallVector<DType> getDTypes(Type type) {
  if (type.isF64())
    return {DType::F64};
  if (type.isF32())
    return {DType::F32};
  if (type.isF16())
    return {DType::F16};
  if (type.isBF16())
    return {DType::U16, DType::Void2};
  if (isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 8)
    return {DType::U8};
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return {};
  if (integer.getWidth() == 1)
    return {DType::Bool};
  SmallVector<DType> types;
  if (!integer.isUnsigned())
    switch (integer.getWidth()) {
    case 8: types.push_back(DType::I8); break;
    case 16: types.push_back(DType::I16); break;
    case 32: types.push_back(DType::I32); break;
    case 64: types.push_back(DType::I64); break;
    }
  if (!integer.isSigned())
    switch (integer.getWidth()) {
    case 8: types.push_back(DType::U8); break;
    case 16: types.push_back(DType::U16); break;
    case 32: types.push_back(DType::U32); break;
    case 64: types.push_back(DType::U64); break;
    }
  return types;
}

/// N of a member called argN.
std::optional<unsigned> getArgumentNumber(StringRef name) {
  unsigned number;
  if (!name.consume_front("arg") || name.getAsInteger(10, number))
    return std::nullopt;
  return number;
}

Error checkArray(unsigned number, const NamedArray &named, Type type) {
  const Array &array = named.array;
  auto tensor = dyn_cast<RankedTensorType>(type);
  ArrayRef<int64_t> shape = tensor ? tensor.getShape() : ArrayRef<int64_t>();
  bool fits = is_contained(getDTypes(getElementTypeOrSelf(type)), array.type) && shape.size() == array.shape.size();
  for (size_t d = 0; fits && d < shape.size(); ++d)
    fits = ShapedType::isDynamic(shape[d]) || shape[d] == array.shape[d];
  if (fits)
    return Error::success();
  return fail("argument " + Twine(number) + ": expected " + print(type) + ", but got " + array.describe() + " (" +
              named.where + ")");
}

} // namespace

DType getDType(Type type) { return getDTypes(getElementTypeOrSelf(type)).front(); }

Error checkType(Type type) {
  if (!isa<RankedTensorType>(type) && isa<ShapedType>(type))
    return fail("expected a ranked tensor, but got " + print(type));
  if (getDTypes(getElementTypeOrSelf(type)).empty())
    return fail("expected a ranked tensor of integers (1, 8, 16, 32 or 64 bits) or floats, but got " + print(type));
  return Error::success();
}

Expected<std::vector<NamedArray>> loadArguments(ArrayRef<std::string> files, ArrayRef<Type> types) {
  std::vector<std::optional<NamedArray>> arguments(types.size());
  unsigned next = 0;
  for (const std::string &file : files) {
    Expected<std::vector<NamedArray>> arrays = readArrays(file);
    if (!arrays)
      return arrays.takeError();
    bool numbered = !arrays->empty() && all_of(*arrays, [](const NamedArray &a) { return getArgumentNumber(a.name); });
    for (NamedArray &named : *arrays) {
      unsigned number = numbered ? *getArgumentNumber(named.name) : next++;
      if (number >= types.size())
        return fail(named.where + ": expected " + Twine(types.size()) + " argument" + (types.size() == 1 ? "" : "s") +
                    ", but got argument " + Twine(number) + " too");
      if (arguments[number])
        return fail("argument " + Twine(number) + ": expected one array, but got " + arguments[number]->where +
                    " and " + named.where);
      if (Error error = checkArray(number, named, types[number]))
        return std::move(error);
      arguments[number] = std::move(named);
    }
  }
  std::vector<NamedArray> result;
  for (auto [number, argument] : enumerate(arguments)) {
    if (!argument)
      return fail("argument " + Twine(number) + ": expected " + print(types[number]) + ", but the inputs end before it");
    result.push_back(std::move(*argument));
  }
  return std::move(result);
}

} // namespace qsat::tools
