//===- Npz.cpp - Archives of npy files ------------------------------------===//

#include "Npy.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <zip.h>

#include <cstring>

using namespace llvm;

namespace qsat::tools {
namespace {

Error fail(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// `error` with "where: " before it.
Error addPlace(const Twine &where, Error error) {
  return fail(where + ": " + toString(std::move(error)));
}

std::string describeZipError(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

Expected<std::string> readMember(zip_t *archive, zip_uint64_t index, uint64_t size) {
  zip_file_t *file = zip_fopen_index(archive, index, 0);
  if (!file)
    return fail(zip_strerror(archive));
  llvm::scope_exit close([&] { zip_fclose(file); });
  // `size` comes from the archive: grown as data arrives, never trusted.
  std::string bytes;
  char chunk[1 << 16];
  zip_int64_t got;
  while ((got = zip_fread(file, chunk, sizeof(chunk))) > 0)
    bytes.append(chunk, got);
  if (got < 0)
    return fail(zip_file_strerror(file));
  if (bytes.size() != size)
    return fail("expected " + Twine(size) + " bytes, but got " + Twine(bytes.size()));
  return bytes;
}

Expected<std::vector<NamedArray>> readNpz(const std::string &path) {
  int code = 0;
  zip_t *archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (!archive)
    return fail(path + ": " + describeZipError(code));
  llvm::scope_exit close([&] { zip_discard(archive); });

  std::vector<NamedArray> arrays;
  for (zip_int64_t i = 0, e = zip_get_num_entries(archive, 0); i < e; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(archive, i, 0, &stat) != 0)
      return fail(path + ": " + zip_strerror(archive));
    StringRef name(stat.name);
    if (!name.consume_back(".npy"))
      return fail(path + ":" + name + ": expected an .npy member");
    std::string where = path + ":" + name.str();
    Expected<std::string> bytes = readMember(archive, i, stat.size);
    if (!bytes)
      return addPlace(where, bytes.takeError());
    Expected<Array> array = parseNpy(*bytes);
    if (!array)
      return addPlace(where, array.takeError());
    arrays.push_back({name.str(), where, std::move(*array)});
  }
  return std::move(arrays);
}

Error writeNpy(StringRef path, const Array &array) {
  SmallString<128> temporary;
  int descriptor;
  if (std::error_code error = sys::fs::createUniqueFile(path + ".%%%%%%.tmp", descriptor, temporary))
    return fail(path + ": " + error.message());
  raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << getNpyHeader(array);
  stream.write(array.getData(), array.getNumBytes());
  stream.close();
  std::error_code error = stream.error();
  stream.clear_error();
  if (!error)
    error = sys::fs::rename(temporary, path);
  if (!error)
    return Error::success();
  sys::fs::remove(temporary);
  return fail(path + ": " + error.message());
}

Error writeNpz(const std::string &path, ArrayRef<NamedArray> arrays) {
  // libzip writes a temporary file beside `path` and renames it on success.
  int code = 0;
  zip_t *archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive)
    return fail(path + ": " + describeZipError(code));
  llvm::scope_exit discard([&] { zip_discard(archive); });
  std::vector<std::string> contents;
  contents.reserve(arrays.size());
  for (const NamedArray &named : arrays) {
    std::string &bytes = contents.emplace_back(getNpyHeader(named.array));
    bytes.append(named.array.getData(), named.array.getNumBytes());
    zip_source_t *source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    zip_int64_t index = source ? zip_file_add(archive, (named.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0) {
      zip_source_free(source);
      return fail(path + ": " + zip_strerror(archive));
    }
    // Stored, and dated 1980-01-01: the same results give the same file.
    if (zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive, index, 0, (1 << 5) | 1, 0) != 0)
      return fail(path + ": " + zip_strerror(archive));
  }
  if (zip_close(archive) != 0)
    return fail(path + ": " + zip_strerror(archive));
  discard.release();
  return Error::success();
}

} // namespace

Expected<std::vector<NamedArray>> readArrays(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file =
      MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return fail(path + ": " + file.getError().message());
  StringRef bytes = (*file)->getBuffer();
  if (bytes.starts_with("PK"))
    return readNpz(path.str());
  if (path.ends_with(".npz"))
    return fail(path + ": expected an npz archive, but it is not a zip file");
  Expected<Array> array = parseNpy(bytes);
  if (!array)
    return addPlace(path, array.takeError());
  std::vector<NamedArray> arrays;
  arrays.push_back({"", path.str(), std::move(*array)});
  return std::move(arrays);
}

Error writeArrays(StringRef path, ArrayRef<NamedArray> arrays) {
  if (!path.ends_with(".npy"))
    return writeNpz(path.str(), arrays);
  if (arrays.size() != 1)
    return fail(path + ": expected an .npz file for " + Twine(arrays.size()) + " results");
  return writeNpy(path, arrays.front().array);
}

} // namespace qsat::tools
