// tests/faults/fault_world.h
//
// What the tests of failing system calls and allocations share: a store on a real file system, made anew
// for each fault, and a count of what is open.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/faults/allocations.h"
#include "tests/store/crash_world.h"

namespace bf::test {

using store::crash::Finding;

/// Which faults are tried: every n-th, all with BF_FAULT_STRIDE=1. `usual` is a prime, so that all
/// calls of a run have their turn over the errors.
[[nodiscard]] inline std::uint64_t fault_stride(std::uint64_t usual) {
  const char* const asked = std::getenv("BF_FAULT_STRIDE");
  return asked == nullptr ? usual : std::strtoull(asked, nullptr, 10);
}

/// A directory of its own, in memory where that is possible: what is told is told by the calls, not by
/// the disk.
class Directory {
 public:
  Directory() {
    const bool memory = ::access("/dev/shm", W_OK) == 0;
    std::string pattern = std::string(memory ? "/dev/shm" : "/tmp") + "/bf-faults-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string store() const { return path_ + "/store"; }
  /// Where a run keeps what it shares with others.
  [[nodiscard]] std::string state() const { return path_ + "/state"; }
  /// The store as it is in `other`, or none.
  void reset(const Directory* other = nullptr) const {
    std::filesystem::remove_all(store());
    std::filesystem::remove_all(state());
    if (other != nullptr) {
      std::filesystem::copy(other->store(), store(), std::filesystem::copy_options::recursive);
    }
  }

 private:
  std::string path_;
};

/// What this process holds of the system.
struct Held {
  int maps = open_maps();
  int descriptors = open_descriptors();
  friend bool operator==(const Held&, const Held&) = default;
};

/// All that there is to read of one series: see read_all().
[[nodiscard]] bool read_series(const store::Store& store, const store::crash::SeriesOracle& oracle,
                               Finding& wrong);
/// All that there is to read of the series of `oracle`. Whether it could be read; what was read and is
/// not so is `wrong`.
[[nodiscard]] bool read_all(FileSystem& files, const store::crash::Oracle& oracle, Finding& wrong);

}  // namespace bf::test
