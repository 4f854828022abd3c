// tests/support/sim_disk.h
//
// A disk with its file system and page cache, as a value: what a running system sees, what is durable,
// and all that lies between. Copying one is cheap (blocks and inodes are shared until written), so a
// test may take the state after a power loss at every operation of a run.
//
// The model, kept close to what real file systems were seen to do and no kinder:
//   - Written bytes are volatile, block by block, until the file is synced. After a power loss each such
//     block holds what it held at the last sync, or what it held after any write since, or its unsynced
//     bytes are zero or garbage. Bytes that were synced and not written again are safe, also beside
//     unsynced ones in one block (SQLite calls this powersafe overwrite).
//   - A file's length is volatile on its own, in the same way.
//   - Names made, renamed and removed are volatile until their directory is synced, each independently
//     of all others. A rename is whole or not at all; one between two directories may leave both names.
//   - A sync of a file says nothing about its name.
//   - A sync of a file that fails marks its bytes as clean: they stay visible, later syncs do not write
//     them, and a power loss may take them. Only bytes that are written again become durable. A sync of
//     a directory that fails leaves its names volatile, for the next sync.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bf::test {

/// A small random generator (splitmix64): the same numbers everywhere for one seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() noexcept;
  /// 0 .. bound - 1. Requires: bound > 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  bool chance(unsigned percent) noexcept { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

class SimDisk {
 public:
  using Id = std::uint64_t;  ///< of a file or directory; 0 is none
  static constexpr Id kRoot = 1;
  static constexpr std::size_t kBlockSize = 4096;

  /// `block_size` is what a power loss keeps or loses as one: 4096, or 512 for torn blocks.
  explicit SimDisk(std::size_t block_size = kBlockSize);

  /// The file or directory at `path`, or 0. "" is the root.
  [[nodiscard]] Id find(std::string_view path) const;
  [[nodiscard]] bool is_directory(Id id) const;
  [[nodiscard]] std::map<std::string, Id> entries(Id directory) const;

  /// Names. `parent` is a directory; nothing is checked that SimFileSystem checks.
  Id create(Id parent, std::string_view name, bool directory);
  void remove(Id parent, std::string_view name);
  void rename(Id from_parent, std::string_view from, Id to_parent, std::string_view to);

  [[nodiscard]] std::uint64_t size(Id file) const;
  /// Requires: offset + into.size() <= size(file).
  void read(Id file, std::span<std::byte> into, std::uint64_t offset) const;
  void write(Id file, std::span<const std::byte> bytes, std::uint64_t offset);

  /// Makes durable what was written to the file, or made, renamed and removed in the directory.
  void sync(Id id);
  /// A sync that failed: see above.
  void fail_sync(Id id);

  /// The disk after a power loss now. Seeds 0 .. 3 are the corners: all that is volatile lost; all
  /// kept; only data kept; only names kept. Others draw for each block, length and name.
  [[nodiscard]] SimDisk after_crash(std::uint64_t seed) const;

  /// Whether a power loss could change anything.
  [[nodiscard]] bool all_durable() const;

  /// A hash of all names and bytes as they are seen now: equal disks have equal ones.
  [[nodiscard]] std::uint64_t content_hash() const;

  /// Flips one bit of a file at rest. Requires: offset < size(file).
  void flip_bit(Id file, std::uint64_t offset, unsigned bit);

 private:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;  ///< one block; null is all zero
  struct Block {
    Bytes durable;
    Bytes current;
    std::vector<Bytes> versions;   ///< after each write since the last sync, oldest first
    std::size_t written_from = 0;  ///< the bytes written since the last sync
    std::size_t written_to = 0;
    bool dirty = false;  ///< the next sync writes it; false after a failed one
  };
  struct Name {
    Id id = 0;  ///< 0: removed
    std::uint64_t serial = 0;
  };
  struct NameChange {
    std::uint64_t serial = 0;
    std::uint64_t needs = 0;  ///< the change that is durable whenever this one is, or 0
    std::vector<std::pair<std::string, Id>> names;
  };
  struct Node {
    bool directory = false;
    std::vector<Block> blocks;
    std::uint64_t length = 0;
    std::uint64_t durable_length = 0;
    std::vector<std::uint64_t> lengths;  ///< since the last sync
    bool length_dirty = false;
    std::map<std::string, Id> current;
    std::map<std::string, Name> durable;
    std::vector<NameChange> changes;

    [[nodiscard]] bool all_durable() const;
  };
  struct Odds;

  [[nodiscard]] const Node& node(Id id) const;
  Node& edit(Id id);
  void write_block(Block& block, std::span<const std::byte> bytes, std::size_t offset) const;
  void change_names(Id directory, std::vector<std::pair<std::string, Id>> names,
                    std::uint64_t needs);
  void make_durable(std::uint64_t serial);
  static void apply(const NameChange& change, std::map<std::string, Name>& names);
  [[nodiscard]] Bytes after_crash(const Block& block, const Odds& odds, Random& random) const;
  void crash_file(Node& file, const Odds& odds, Random& random) const;

  std::size_t block_size_;
  Id last_id_ = kRoot;
  std::uint64_t last_serial_ = 0;
  std::map<Id, std::shared_ptr<Node>> nodes_;
};

}  // namespace bf::test
