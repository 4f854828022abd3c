// engine/limits/budget_file.h
//
// The small file in the state directory through which processes share one budget: numbers that are read
// and replaced as a whole, under a lock that is held for some microseconds.
//
// The file has two halves, written in turn, each with its own checksum: a process that is killed in the
// middle of writing leaves the other one. Only the first write of all is synced: so a file of zeros was
// never used, and what a power loss makes of a later one is a state of some seconds before, or damaged.
//
// Each opener holds one of a few slots for as long as its descriptor lives, by a lock that the kernel
// gives up with the process: so others can tell that it has ended, however it did. Who holds all slots
// knows that nobody else has the file, and may remove it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/limits/limit_rule.h"
#include "store/base/posix_descriptor.h"
#include "store/base/result.h"
#include "store/base/time.h"

namespace bf::limits {

class BudgetFile {
 public:
  /// `key` says whose budget it is, such as "okx www.okx.com:443 direct"; it and the rules, as they are
  /// documented, become the file's name. Makes the directory and the file where they are missing.
  /// Errors: kIo, kNoSpace; kFormat: not our file, or a newer version's; kLimit: every slot is taken;
  /// kLocked: another process that removes the file does not go on, for which this waits 10 s.
  [[nodiscard]] static Result<BudgetFile> open(const std::string& state_dir, const std::string& key,
                                               const LimitRules& rules);

  /// Removes those of a directory that no process has open and of which nothing matters any more at `now`
  /// (wall ms). What cannot be read or removed stays.
  static void remove_unused(const std::string& state_dir, TimeMs now);

  /// Tries to lock the file; false: another process holds it just now. Errors: kIo.
  [[nodiscard]] Result<bool> lock();
  void unlock() noexcept;

  enum class Content : std::uint8_t {
    kNew,      ///< nobody has written it yet
    kSame,     ///< as it was last read or written here
    kChanged,  ///< words() are another's
    kDamaged,  ///< what was there is lost
  };
  /// Requires the lock, as do the next two. Errors: kIo; kFormat: not our file, or a newer version's.
  [[nodiscard]] Result<Content> read();
  [[nodiscard]] const std::vector<std::int64_t>& words() const noexcept { return words_; }
  /// From `matters_until` (wall ms) on nobody needs the words any more.
  /// Requires: at most kWordsMax. Errors: kIo, kNoSpace; what the file says is then read anew.
  [[nodiscard]] Result<void> write(const std::vector<std::int64_t>& words, TimeMs matters_until);

  /// Which of kBudgetSlots is ours.
  [[nodiscard]] std::int64_t slot() const noexcept { return slot_; }
  /// Whether the opener that took `slot` still has it.
  [[nodiscard]] bool is_alive(std::int64_t slot) const noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  static constexpr std::size_t kHalfBytes = 64 * 1'024;

 private:
  struct Head {
    std::uint64_t magic = 0;
    std::uint64_t version = 0;
    std::uint64_t sequence = 0;
    std::uint64_t count = 0;
    std::uint64_t matters_until = 0;  ///< wall ms
    std::uint64_t hash = 0;           ///< of the four before it and the words
  };
  static_assert(sizeof(Head) == 48);

 public:
  static constexpr std::size_t kWordsMax = (kHalfBytes - sizeof(Head)) / sizeof(std::int64_t);

 private:
  BudgetFile(std::string path, Descriptor descriptor);
  /// Takes a slot of the file of that name; nullopt where another process is just removing it. Errors: as
  /// open().
  [[nodiscard]] static Result<std::optional<BudgetFile>> try_open(const std::string& path);
  /// false: all are taken.
  [[nodiscard]] Result<bool> take_slot();
  /// Where no slot is to be had: whether another process has all of them, to remove the file.
  [[nodiscard]] bool is_being_removed() const noexcept;
  /// Whether the name is still that of the file that was opened.
  [[nodiscard]] bool is_named() const noexcept;
  static void remove_if_unused(const std::string& path, TimeMs now);
  [[nodiscard]] Result<Head> read_head(std::size_t half) const;
  /// Whether the words of `half` are whole; they are in `words_` then.
  [[nodiscard]] Result<bool> read_words(std::size_t half, const Head& head);

  std::string path_;
  Descriptor descriptor_;
  std::int64_t slot_ = -1;
  std::size_t half_ = 0;      ///< that words_ are from
  std::optional<Head> head_;  ///< of it; none: nothing was read or written
  std::vector<std::int64_t> words_;
};

}  // namespace bf::limits
