#include "store/quarantine.h"

#include <algorithm>
#include <memory>

#include "store/atomic_file.h"

namespace bf::store {
namespace {

constexpr int kSameNameMax = 1000;
constexpr std::uint64_t kPieceBytes = 1U << 20;

bool same_bytes(const File& a, const File& b) {
  const Result<std::uint64_t> size = a.size();
  const Result<std::uint64_t> other = b.size();
  if (!size || !other || *size != *other) return false;
  Bytes of_a;
  Bytes of_b;
  for (std::uint64_t at = 0; at < *size; at += kPieceBytes) {
    of_a.resize(static_cast<std::size_t>(std::min(*size - at, kPieceBytes)));
    of_b.resize(of_a.size());
    if (!a.pread(of_a, at) || !b.pread(of_b, at) || of_a != of_b) return false;
  }
  return true;
}

/// A name for `source` that is free, or has its bytes already: a repair that was cut short begins anew.
struct Target {
  std::string path;
  bool has_it = false;
};

Result<Target> choose_target(FileSystem& files, const std::string& aside, const std::string& name,
                             const File& source) {
  for (int number = 1; number <= kSameNameMax; ++number) {
    const std::string suffix = number == 1 ? "" : "." + std::to_string(number);
    std::string path = join_path(aside, name) + suffix;
    const auto there = files.open(path, FileSystem::Open::kRead);
    if (!there && there.error().code() == Code::kNotFound) return Target{std::move(path), false};
    if (!there) return fail(there.error());
    if (same_bytes(**there, source)) return Target{std::move(path), true};
  }
  return fail(Code::kLimit, aside + " has " + std::to_string(kSameNameMax) + " files " + name +
                                " already: look at them and remove those that nobody needs");
}

Result<void> copy_or_move(FileSystem& files, const std::string& path, const std::string& target,
                          std::uint64_t size) {
  const std::string temporary = target + ".tmp";
  const Result<void> copied = copy_file(files, path, files, temporary, size);
  if (copied) return files.rename_new(temporary, target);
  if (copied.error().code() != Code::kIo) return copied;
  // It cannot be read: the next to best is not to touch its bytes.
  if (const Result<void> removed = remove_if_there(files, temporary); !removed) return removed;
  return files.rename_new(path, target);
}

}  // namespace

Result<std::string> quarantine_file(FileSystem& files, const std::string& directory,
                                    const std::string& name) {
  const std::string path = join_path(directory, name);
  const auto source = files.open(path, FileSystem::Open::kRead);
  if (!source) return fail(source.error());
  const Result<std::uint64_t> size = (*source)->size();
  if (!size) return fail(size.error());
  const std::string aside = join_path(directory, kQuarantineName);
  if (const Result<void> made = files.make_directory(aside); !made) return fail(made.error());
  if (const Result<void> synced = files.sync_directory(directory); !synced) {
    return fail(synced.error());
  }
  const Result<Target> target = choose_target(files, aside, name, **source);
  if (!target) return fail(target.error());
  if (!target->has_it) {
    const Result<void> kept = copy_or_move(files, path, target->path, *size);
    if (!kept) return fail(kept.error());
  }
  // Also where it was there already: a repair that was killed may not have come to this.
  for (const std::string& changed : {aside, directory}) {
    const Result<void> synced = files.sync_directory(changed);
    if (!synced) return fail(synced.error());
  }
  return target->path;
}

}  // namespace bf::store
