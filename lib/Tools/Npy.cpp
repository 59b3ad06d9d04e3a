//===- Npy.cpp - The npy format -------------------------------------------===//
//
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html: the
// magic "\x93NUMPY", a version, the header's length, the header as the text of
// a Python dictionary, the elements.
//
//===----------------------------------------------------------------------===//

#include "Npy.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace llvm;

namespace qsat::tools {
namespace {

struct DTypeInfo {
  DType type;
  StringLiteral npy;
  StringLiteral mlir;
  unsigned width;
};

// `Void2` is what numpy writes for the bfloat16 of ml_dtypes.
constexpr DTypeInfo dtypes[] = {
    {DType::F16, "f2", "f16", 2},   {DType::F32, "f4", "f32", 4},   {DType::F64, "f8", "f64", 8},
    {DType::I8, "i1", "i8", 1},     {DType::I16, "i2", "i16", 2},   {DType::I32, "i4", "i32", 4},
    {DType::I64, "i8", "i64", 8},   {DType::U8, "u1", "ui8", 1},    {DType::U16, "u2", "ui16", 2},
    {DType::U32, "u4", "ui32", 4},  {DType::U64, "u8", "ui64", 8},  {DType::Bool, "b1", "i1", 1},
    {DType::Void2, "V2", "bf16", 2}};

const DTypeInfo &getInfo(DType type) {
  for (const DTypeInfo &info : dtypes)
    if (info.type == type)
      return info;
  llvm_unreachable("unknown dtype");
}

Error fail(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// The text of `'key': <value>` up to `end` in the header's dictionary.
Expected<StringRef> findValue(StringRef header, StringRef key, StringRef end) {
  size_t at = header.find(("'" + key + "'").str());
  if (at == StringRef::npos)
    return fail("expected '" + key + "' in the npy header, but got " + header);
  StringRef rest = header.substr(at + key.size() + 2).ltrim();
  if (!rest.consume_front(":"))
    return fail("expected ':' after '" + key + "' in the npy header");
  size_t stop = rest.find_first_of(end);
  if (stop == StringRef::npos)
    return fail("expected '" + end + "' after '" + key + "' in the npy header");
  return rest.substr(0, stop).trim();
}

Expected<DType> parseDescr(StringRef descr) {
  StringRef name = descr.trim("'\"");
  char order = name.empty() ? '\0' : name.front();
  StringRef code = StringRef("<>|=").contains(order) ? name.drop_front() : name;
  for (const DTypeInfo &info : dtypes)
    if (info.npy == code) {
      if (order == '>' && info.width > 1)
        return fail("expected little-endian elements, but got dtype '" + name + "'");
      return info.type;
    }
  return fail("expected a dtype among f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1, but got '" + name + "'");
}

Expected<SmallVector<int64_t>> parseShape(StringRef text) {
  SmallVector<int64_t> shape;
  SmallVector<StringRef> parts;
  if (!text.consume_front("("))
    return fail("expected a tuple as 'shape' in the npy header, but got " + text);
  text.split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    int64_t extent;
    if (part.trim().empty())
      continue;
    if (part.trim().getAsInteger(10, extent) || extent < 0)
      return fail("expected extents as 'shape' in the npy header, but got (" + text + ")");
    shape.push_back(extent);
  }
  return shape;
}

/// Copies the Fortran-ordered `from` to the C-ordered `to`.
void transposeFromFortran(const char *from, const Array &to) {
  unsigned width = getByteWidth(to.type);
  size_t rank = to.shape.size();
  SmallVector<int64_t> index(rank, 0), strides(rank, 1);
  for (size_t d = 1; d < rank; ++d)
    strides[d] = strides[d - 1] * to.shape[d - 1];
  for (int64_t i = 0, e = to.getNumElements(), source = 0; i < e; ++i) {
    std::memcpy(to.getData() + i * width, from + source * width, width);
    for (size_t d = rank; d-- > 0;) {
      source += strides[d];
      if (++index[d] < to.shape[d])
        break;
      source -= strides[d] * to.shape[d];
      index[d] = 0;
    }
  }
}

} // namespace

unsigned getByteWidth(DType type) { return getInfo(type).width; }
StringRef getTypeName(DType type) { return getInfo(type).mlir; }

Expected<Array> Array::allocate(DType type, ArrayRef<int64_t> shape) {
  int64_t bytes = getByteWidth(type);
  for (int64_t extent : shape)
    if (MulOverflow(bytes, extent, bytes))
      return fail("the array is too large");
  Array array;
  array.type = type;
  array.shape.assign(shape.begin(), shape.end());
  if (bytes > INT64_MAX - 64)
    return fail("the array is too large");
  array.data.reset(static_cast<char *>(std::aligned_alloc(64, alignTo(std::max<int64_t>(bytes, 1), 64))));
  if (!array.data)
    return fail("out of memory for an array of " + Twine(bytes) + " bytes");
  return std::move(array);
}

int64_t Array::getNumElements() const {
  int64_t n = 1;
  for (int64_t extent : shape)
    n *= extent;
  return n;
}

std::string Array::describe() const {
  std::string text = getTypeName(type).str() + " [";
  for (auto [d, extent] : enumerate(shape))
    text += (d ? ", " : "") + std::to_string(extent);
  return text + "]";
}

Expected<Array> parseNpy(StringRef bytes) {
  if (!bytes.consume_front("\x93NUMPY") || bytes.size() < 4)
    return fail("expected an npy file, but the magic number is missing");
  unsigned version = static_cast<unsigned char>(bytes[0]);
  if (version < 1 || version > 3)
    return fail("expected npy format 1, 2 or 3, but got " + Twine(version));
  bytes = bytes.drop_front(2);
  size_t lengthBytes = version == 1 ? 2 : 4;
  if (bytes.size() < lengthBytes)
    return fail("the file ends inside its header");
  size_t length = version == 1 ? support::endian::read16le(bytes.data()) : support::endian::read32le(bytes.data());
  bytes = bytes.drop_front(lengthBytes);
  if (bytes.size() < length)
    return fail("the file ends inside its header");
  StringRef header = bytes.take_front(length).trim();
  bytes = bytes.drop_front(length);

  Expected<StringRef> descr = findValue(header, "descr", ",}");
  if (!descr)
    return descr.takeError();
  Expected<DType> type = parseDescr(*descr);
  if (!type)
    return type.takeError();
  Expected<StringRef> fortran = findValue(header, "fortran_order", ",}");
  if (!fortran)
    return fortran.takeError();
  Expected<StringRef> shapeText = findValue(header, "shape", ")");
  if (!shapeText)
    return shapeText.takeError();
  Expected<SmallVector<int64_t>> shape = parseShape(*shapeText);
  if (!shape)
    return shape.takeError();

  // Checked before the allocation: a damaged header may ask for anything.
  int64_t expected = getByteWidth(*type);
  for (int64_t extent : *shape)
    if (MulOverflow(expected, extent, expected))
      return fail("the array is too large");
  if (static_cast<uint64_t>(expected) != bytes.size())
    return fail("expected " + Twine(expected) + " bytes of elements, but got " + Twine(bytes.size()));
  Expected<Array> array = Array::allocate(*type, *shape);
  if (!array)
    return array.takeError();
  if (*fortran == "True" && array->shape.size() > 1)
    transposeFromFortran(bytes.data(), *array);
  else
    std::memcpy(array->getData(), bytes.data(), bytes.size());
  return array;
}

std::string getNpyHeader(const Array &array) {
  const DTypeInfo &info = getInfo(array.type);
  std::string dict = "{'descr': '" + std::string(info.width > 1 ? "<" : "|") + info.npy.str() +
                     "', 'fortran_order': False, 'shape': (";
  for (int64_t extent : array.shape)
    dict += std::to_string(extent) + ", ";
  dict += "), }";
  if (array.shape.size() == 1)
    dict.replace(dict.rfind(", )"), 3, ",)");
  else if (!array.shape.empty())
    dict.replace(dict.rfind(", )"), 3, ")");
  // The elements start at a multiple of 64.
  std::string header("\x93NUMPY\x01\x00", 8);
  size_t total = alignTo(header.size() + 2 + dict.size() + 1, 64);
  dict.append(total - header.size() - 2 - dict.size() - 1, ' ');
  dict += '\n';
  header += static_cast<char>(dict.size() & 0xff);
  header += static_cast<char>(dict.size() >> 8);
  return header + dict;
}

} // namespace qsat::tools
