// store/space_guard.h
//
// A run that fills the disk stops before the last byte: below a bound of free space new requests wait,
// below half of it the run ends. A file that holds some room aside is given back when the disk is full
// all the same, so that the last manifests can be written.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>

#include "store/base/file_system.h"

namespace bf::store {

/// Free space below which a run waits, unless told otherwise.
inline constexpr std::uint64_t kFreeBytesMin = 256U << 20;
/// What RESERVE holds.
inline constexpr std::uint64_t kReserveBytes = 16U << 20;

enum class Room : std::uint8_t {
  kEnough,
  kLow,   ///< below the bound: write what is there, ask for nothing new
  kNone,  ///< below half of it: end
};

class SpaceGuard {
 public:
  /// `free_bytes_min` is the bound; 0 turns the guard off, and sets nothing aside.
  /// Lifetime: `files` outlives the guard.
  SpaceGuard(FileSystem& files, std::uint64_t free_bytes_min)
      : files_(files), free_bytes_min_(free_bytes_min) {}

  /// Makes RESERVE at the store's root where it is missing and there is room for it.
  /// Errors: kIo. A full disk is none.
  [[nodiscard]] Result<void> set_aside();
  /// Removes RESERVE. Errors: kIo.
  [[nodiscard]] Result<void> release();

  /// Asks the file system. Errors: kIo.
  [[nodiscard]] Result<Room> room();
  /// What room() saw, for people: "200 MiB free, less than 256 MiB".
  [[nodiscard]] std::string text() const;

 private:
  FileSystem& files_;
  std::uint64_t free_bytes_min_;
  std::uint64_t free_bytes_ = 0;
};

}  // namespace bf::store
