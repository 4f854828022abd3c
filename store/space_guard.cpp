#include "store/space_guard.h"

#include "store/atomic_file.h"

namespace bf::store {
namespace {

const std::string kReserveName = "RESERVE";

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

}  // namespace

Result<void> SpaceGuard::set_aside() {
  if (free_bytes_min_ == 0) return {};
  const Result<Room> now = room();
  if (!now) return fail(now.error());
  if (*now != Room::kEnough) return {};
  const Result<std::vector<DirectoryEntry>> entries = files_.list("");
  if (!entries) return fail(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    if (entry.name == kReserveName) return {};
  }
  Result<std::unique_ptr<File>> file = files_.open(kReserveName, FileSystem::Open::kCreateNew);
  if (!file) return fail(file.error());
  const Result<void> reserved = (*file)->reserve(kReserveBytes);
  if (reserved || reserved.error().code() != Code::kNoSpace) return reserved;
  return release();
}

Result<void> SpaceGuard::release() { return remove_if_there(files_, kReserveName); }

Result<Room> SpaceGuard::room() {
  if (free_bytes_min_ == 0) return Room::kEnough;
  const Result<std::uint64_t> free = files_.free_space();
  if (!free) return fail(free.error());
  free_bytes_ = *free;
  if (free_bytes_ >= free_bytes_min_) return Room::kEnough;
  return free_bytes_ >= free_bytes_min_ / 2 ? Room::kLow : Room::kNone;
}

std::string SpaceGuard::text() const {
  return mebibytes(free_bytes_) + " free, less than " + mebibytes(free_bytes_min_);
}

}  // namespace bf::store
