//===- Npy.h - numpy arrays in memory and in files ---------------*- C++ -*-===//

#ifndef QSAT_LIB_TOOLS_NPY_H
#define QSAT_LIB_TOOLS_NPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace qsat::tools {

/// The element types of npy files that have a counterpart in MLIR.
enum class DType { F16, F32, F64, I8, I16, I32, I64, U8, U16, U32, U64, Bool, Void2 };

/// Bytes per element.
unsigned getByteWidth(DType type);
/// Spelled as in MLIR, unsigned ones as `ui16`.
llvm::StringRef getTypeName(DType type);

/// A dense array: C order, little endian, 64-byte aligned.
struct Array {
  DType type = DType::F32;
  llvm::SmallVector<int64_t> shape;

  /// An array with uninitialised elements; an error when it cannot be had.
  static llvm::Expected<Array> allocate(DType type, llvm::ArrayRef<int64_t> shape);
  int64_t getNumElements() const;
  int64_t getNumBytes() const { return getNumElements() * getByteWidth(type); }
  char *getData() const { return data.get(); }
  /// "f32 [2, 8]".
  std::string describe() const;

private:
  struct Free {
    void operator()(char *p) const { std::free(p); }
  };
  std::unique_ptr<char, Free> data;
};

/// An array of a file, and what messages call it: "a.npy" or "a.npz:arg0".
struct NamedArray {
  std::string name;
  std::string where;
  Array array;
};

/// Reads the text of an npy file (format versions 1 to 3). Fortran order is
/// transposed to C order. Errors say what was expected; the caller adds where.
llvm::Expected<Array> parseNpy(llvm::StringRef bytes);

/// The header (version 1) that precedes the data of `array` in an npy file.
std::string getNpyHeader(const Array &array);

/// Reads `path`, an .npy file (one array, name empty) or an .npz archive (its
/// members in archive order, named without their ".npy").
llvm::Expected<std::vector<NamedArray>> readArrays(llvm::StringRef path);

/// Writes an .npz archive, or an .npy file when `path` ends so (one array).
/// The file appears complete or not at all.
llvm::Error writeArrays(llvm::StringRef path, llvm::ArrayRef<NamedArray> arrays);

} // namespace qsat::tools

#endif // QSAT_LIB_TOOLS_NPY_H
