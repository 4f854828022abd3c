#include "store/atomic_file.h"

#include <algorithm>

namespace bf::store {
namespace {

constexpr std::uint64_t kCopyBytes = 1U << 20;

}  // namespace

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty()) path += '/';
  path += name;
  return path;
}

Result<Bytes> read_file(FileSystem& files, const std::string& path, std::uint64_t size_max) {
  const Result<std::unique_ptr<File>> file = files.open(path, FileSystem::Open::kRead);
  if (!file) return fail(file.error());
  return read_file(**file, path, size_max);
}

Result<Bytes> read_file(const File& file, const std::string& path, std::uint64_t size_max) {
  const Result<std::uint64_t> size = file.size();
  if (!size) return fail(size.error());
  if (*size > size_max) {
    return fail(Code::kCorrupt, path + ": has " + std::to_string(*size) + " bytes; at most " +
                                    std::to_string(size_max) + " are ever written");
  }
  Bytes bytes(static_cast<std::size_t>(*size));
  const Result<void> read = file.pread(bytes, 0);
  if (!read) return fail(read.error().at(path));
  return bytes;
}

Result<std::unique_ptr<File>> write_new_file(FileSystem& files, const std::string& path,
                                             std::span<const std::byte> bytes) {
  if (const Result<void> removed = remove_if_there(files, path); !removed) {
    return fail(removed.error());
  }
  Result<std::unique_ptr<File>> file = files.open(path, FileSystem::Open::kCreateNew);
  if (!file) return file;
  if (!bytes.empty()) {
    const Result<void> written = (*file)->pwrite(bytes, 0);
    if (!written) return fail(written.error());
  }
  const Result<void> synced = (*file)->sync();
  if (!synced) return fail(synced.error());
  return file;
}

Result<void> prepare_file(FileSystem& files, const std::string& directory, std::string_view name,
                          std::span<const std::byte> bytes) {
  const std::string path = join_path(directory, name) + ".tmp";
  const Result<std::unique_ptr<File>> file = write_new_file(files, path, bytes);
  if (!file) return fail(file.error());
  return {};
}

Result<void> commit_file(FileSystem& files, const std::string& directory, std::string_view name) {
  const std::string path = join_path(directory, name);
  if (const Result<void> renamed = files.rename(path + ".tmp", path); !renamed) return renamed;
  return files.sync_directory(directory);
}

Result<void> copy_file(FileSystem& from, const std::string& from_path, FileSystem& to,
                       const std::string& to_path, std::uint64_t size) {
  const auto source = from.open(from_path, FileSystem::Open::kRead);
  if (!source) return fail(source.error());
  const auto target = write_new_file(to, to_path, {});
  if (!target) return fail(target.error());
  Bytes piece;
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min(size - at, kCopyBytes)));
    if (const Result<void> read = (*source)->pread(piece, at); !read) return read;
    if (const Result<void> written = (*target)->pwrite(piece, at); !written) return written;
  }
  return (*target)->sync();
}

Result<void> remove_if_there(FileSystem& files, const std::string& path) {
  const Result<void> removed = files.remove(path);
  if (!removed && removed.error().code() != Code::kNotFound) return removed;
  return {};
}

}  // namespace bf::store
