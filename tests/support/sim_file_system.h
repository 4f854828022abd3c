// tests/support/sim_file_system.h
//
// A FileSystem in memory whose machine may lose power, whose process may die, and whose every operation
// may fail. What survives is the model of sim_disk.h. All of it is deterministic.
//
// Operations are counted from 1, all of them but free_space(): "fail operation 17" means the same in
// each run of the same code. A test of every crash point has two ways:
//   - files.before_each = [&](const Operation& op) { ... files.disk().after_crash(seed) ... }: one run,
//     and at each operation the states that a power loss there could leave;
//   - files.stop_at(n), run until all fails, then crash(seed) or kill(), and open again.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/file_system.h"
#include "tests/support/sim_disk.h"

namespace bf::test {

/// One call of the file system, as it is counted.
struct Operation {
  enum class Kind : std::uint8_t {
    kOpen,
    kCreate,
    kPread,
    kPwrite,
    kReserve,
    kSync,  ///< of a file: sync and sync_data
    kSize,
    kMap,
    kMakeDirectory,
    kRename,
    kRemove,
    kSyncDirectory,
    kList,
    kLock,
  };
  std::uint64_t number = 0;
  Kind kind = Kind::kOpen;
  std::string path;
  std::string detail;  ///< such as "4096+312" or "-> MANIFEST"

  /// Whether it changes the disk: a crash before another operation is no new crash point.
  [[nodiscard]] bool mutates() const noexcept;
  [[nodiscard]] std::string text() const;  ///< "17 pwrite a/0001.log 4096+312"
};

class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(SimDisk disk = SimDisk());
  ~SimFileSystem() override;

  /// Called before each operation is done (and before it is failed).
  std::function<void(const Operation&)> before_each;

  // Faults. Each call replaces the one before it; number 0 is no fault.
  enum class Times : std::uint8_t { kOnce, kForEver };
  /// Operation `number` fails with `error` and does nothing. A sync that fails leaves its pages clean.
  void fail_at(std::uint64_t number, int error, Times times = Times::kOnce);
  /// As fail_at, but a write puts a part of its bytes down first.
  void fail_short_at(std::uint64_t number, int error, Times times = Times::kOnce);
  /// The process dies in operation `number`: a write puts a part of its bytes down, and nothing is done
  /// from there on; every call fails.
  void stop_at(std::uint64_t number);

  /// Power loss: what sim_disk.h says survives. Open files, locks and faults are gone.
  void crash(std::uint64_t seed);
  /// The process is gone, the machine runs on: all that was written stays visible, and volatile.
  void kill();

  [[nodiscard]] const SimDisk& disk() const noexcept { return disk_; }
  [[nodiscard]] SimDisk& disk() noexcept { return disk_; }
  [[nodiscard]] std::uint64_t operations() const noexcept { return operations_; }
  /// Whether a fault of fail_at, fail_short_at or stop_at was reached.
  [[nodiscard]] bool fault_hit() const noexcept { return fault_hit_; }
  /// The last operations, one a line: for messages of failed tests.
  [[nodiscard]] std::string recent(std::size_t lines = 20) const;
  void set_free_space(std::uint64_t bytes) noexcept { free_space_ = bytes; }
  void set_network_name(std::string name) { network_name_ = std::move(name); }
  /// Open files and maps that were not given back yet.
  [[nodiscard]] int open_files() const noexcept { return *open_files_; }

  Result<std::unique_ptr<File>> open(std::string_view path, Open mode) override;
  Result<std::unique_ptr<Mapping>> map(std::string_view path, std::uint64_t size) override;
  Result<void> make_directory(std::string_view path) override;
  Result<void> rename(std::string_view from, std::string_view to) override;
  Result<void> rename_new(std::string_view from, std::string_view to) override;
  Result<void> remove(std::string_view path) override;
  Result<void> sync_directory(std::string_view path) override;
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override;
  Result<std::unique_ptr<FileLock>> lock(std::string_view path, std::string_view holder) override;
  Result<std::uint64_t> free_space() override { return free_space_; }
  Result<std::string> network_name() override { return network_name_; }

 private:
  friend class SimFile;
  using Locks = std::map<SimDisk::Id, std::string>;  ///< who holds which file

  /// Counts an operation; the errno that it has to fail with, or 0.
  int begin(Operation::Kind kind, std::string_view path, std::string detail = {});
  Result<void> rename_with(std::string_view from, std::string_view to, bool replace);
  Result<SimDisk::Id> parent_of(std::string_view path) const;
  /// How many of `size` bytes a failing write puts down.
  std::size_t short_count(std::size_t size) const;
  void restart();

  SimDisk disk_;
  std::uint64_t life_ = 0;  ///< counts crash() and kill(): files of an earlier life are dead
  std::uint64_t operations_ = 0;
  std::vector<Operation> log_;
  std::uint64_t free_space_ = std::uint64_t{1} << 40U;
  std::string network_name_;

  std::uint64_t fault_at_ = 0;
  int fault_error_ = 0;
  bool fault_for_ever_ = false;
  bool fault_short_ = false;
  bool fault_hit_ = false;
  bool stopped_ = false;

  std::shared_ptr<Locks> locks_ = std::make_shared<Locks>();
  std::shared_ptr<int> open_files_ = std::make_shared<int>(0);
};

}  // namespace bf::test
