// The file "budget-KEY-HASH": two halves of kHalfBytes, little-endian.
//
//   offset  size  field
//   0       8     "bfbudget"
//   8       8     version, 2
//   16      8     sequence: the half with the higher one holds
//   24      8     count of words
//   32      8     wall time, ms since 1970, from which on nothing of it matters
//   40      8     XXH3-64 of the words, seeded with that of version, sequence, count and time
//   48      8 x   words (budget_state.h)
#include "engine/limits/budget_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "engine/limits/budget_state.h"
#include "store/base/assert.h"
#include "store/base/last_error.h"

namespace bf::limits {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint64_t kMagic = 0x746567'6475626662;  // "bfbudget"
constexpr std::uint64_t kVersion = 2;
constexpr std::uint64_t kSequenceMax = std::uint64_t{1} << 62U;  // more was never counted
constexpr ::mode_t kMode = 0640;
constexpr std::size_t kKeyCharactersMax = 100;
/// The lock for reading and writing is on the first byte, those of the slots are behind all content.
constexpr ::off_t kSlotLocksAt = ::off_t{1} << 40;
/// Another process holds the lock for microseconds.
constexpr int kLockTries = 20;
/// And all slots for as long, where it removes the file; where it is not let go on, for some milliseconds.
constexpr int kQuickTries = 100;
constexpr int kPatientTries = 1'000;
constexpr int kPatientMs = 10;
constexpr std::string_view kNameBegin = "budget-";

/// Tells a half that was written whole from one that was not.
std::uint64_t hash_of(std::uint64_t sequence, std::uint64_t matters_until,
                      std::span<const std::int64_t> words) noexcept {
  const std::array<std::uint64_t, 4> head = {kVersion, sequence, words.size(), matters_until};
  const std::uint64_t seed = XXH3_64bits(head.data(), sizeof(head));
  return XXH3_64bits_withSeed(words.data(), words.size_bytes(), seed);
}

/// "okx www.okx.com:443 direct" -> "budget-okx-www.okx.com-443-direct-0123456789abcdef", where the digits
/// tell names that look alike apart, and rules that are not the same.
std::string name_of(const std::string& key, const LimitRules& rules) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name(kNameBegin);
  for (const char at : std::string_view(key).substr(0, kKeyCharactersMax)) {
    const bool plain = (at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z') ||
                       (at >= '0' && at <= '9') || at == '.';
    name.push_back(plain ? at : '-');
  }
  std::vector<std::int64_t> all(key.begin(), key.end());
  for (const LimitRule& rule : rules) {
    all.insert(all.end(), {-1, static_cast<std::int64_t>(rule.unit),
                           static_cast<std::int64_t>(rule.shape), rule.capacity, rule.window_ms});
    all.insert(all.end(), rule.name.begin(), rule.name.end());
    all.push_back(-1);
    all.insert(all.end(), rule.endpoint.begin(), rule.endpoint.end());
  }
  const std::uint64_t hash = hash_of(0, 0, all);
  name.push_back('-');
  for (int shift = 60; shift >= 0; shift -= 4) {
    name.push_back(kHex[(hash >> static_cast<unsigned>(shift)) & 15U]);
  }
  return name;
}

struct ::flock lock_of(short type, ::off_t at, ::off_t bytes) noexcept {
  struct ::flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = bytes;
  return lock;
}

int set_lock(int descriptor, short type, ::off_t at, ::off_t bytes = 1) noexcept {
  struct ::flock lock = lock_of(type, at, bytes);
  return retry([&] { return ::fcntl(descriptor, F_OFD_SETLK, &lock); });
}

/// The lock of another opener on `at`, of type F_UNLCK where there is none. False: nobody can tell.
bool find_lock(int descriptor, ::off_t at, struct ::flock& found) noexcept {
  found = lock_of(F_WRLCK, at, 1);
  return retry([&] { return ::fcntl(descriptor, F_OFD_GETLK, &found); }) == 0;
}

bool is_busy(int number) noexcept { return number == EAGAIN || number == EACCES; }

}  // namespace

BudgetFile::BudgetFile(std::string path, Descriptor descriptor)
    : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

Result<BudgetFile> BudgetFile::open(const std::string& state_dir, const std::string& key,
                                    const LimitRules& rules) {
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  if (error) return fail(errno_error("state directory " + state_dir, error.value()));
  const std::string path = state_dir + "/" + name_of(key, rules);
  for (int attempt = 0; attempt < kQuickTries + kPatientTries; ++attempt) {
    Result<std::optional<BudgetFile>> opened = try_open(path);
    if (!opened) return fail(opened.error());
    if (*opened) return **std::move(opened);
    if (attempt < kQuickTries) {
      (void)::sched_yield();
    } else {
      (void)::poll(nullptr, 0, kPatientMs);
    }
  }
  return fail(Code::kLocked, path + " was locked by another process for 10 s: is one stopped?");
}

Result<std::optional<BudgetFile>> BudgetFile::try_open(const std::string& path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  Descriptor file(retry([&] { return ::open(path.c_str(), kFlags, kMode); }));
  if (file.get() < 0) {
    return fail(LastError().at("open " + path + ", through which processes share a rate limit"));
  }
  struct ::stat status{};
  if (::fstat(file.get(), &status) != 0) return fail(LastError().at("stat " + path));
  if (!S_ISREG(status.st_mode)) return fail(Code::kFormat, path + " is not a file");
  // So that no later write lacks room.
  const int reserved = ::posix_fallocate(file.get(), 0, 2 * kHalfBytes);
  if (reserved != 0 && reserved != EOPNOTSUPP && reserved != EINVAL) {
    return fail(errno_error("reserve " + path, reserved));
  }
  BudgetFile budget(path, std::move(file));
  const Result<bool> taken = budget.take_slot();
  if (!taken) return fail(taken.error());
  // With a slot of it nobody removes it any more; it may have been removed just before.
  if (*taken && budget.is_named()) return budget;
  if (*taken || budget.is_being_removed()) return std::nullopt;
  return fail(Code::kLimit, path + ": " + std::to_string(kBudgetSlots) +
                                " processes share this rate limit already, which is the most");
}

Result<bool> BudgetFile::take_slot() {
  for (slot_ = 0; slot_ < kBudgetSlots; ++slot_) {
    if (set_lock(descriptor_.get(), F_WRLCK, kSlotLocksAt + slot_) == 0) return true;
    if (!is_busy(errno)) return fail(LastError().at("lock " + path_));
  }
  return false;
}

bool BudgetFile::is_being_removed() const noexcept {
  // Of the last slot, which openers take last: of the first, another one may have got there before us.
  struct ::flock found{};
  if (!find_lock(descriptor_.get(), kSlotLocksAt + kBudgetSlots - 1, found)) return false;
  return found.l_type == F_UNLCK || found.l_len == kBudgetSlots;  // or was, a moment ago
}

bool BudgetFile::is_named() const noexcept {
  struct ::stat opened{};
  struct ::stat named{};
  if (::fstat(descriptor_.get(), &opened) != 0 || ::lstat(path_.c_str(), &named) != 0) return false;
  return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

void BudgetFile::remove_unused(const std::string& state_dir, TimeMs now) {
  std::error_code error;
  std::filesystem::directory_iterator entries(state_dir, error);
  for (const std::filesystem::directory_iterator end; !error && entries != end;
       entries.increment(error)) {
    const std::string path = entries->path().string();
    if (entries->path().filename().string().starts_with(kNameBegin)) remove_if_unused(path, now);
  }
}

void BudgetFile::remove_if_unused(const std::string& path, TimeMs now) {
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const BudgetFile file(path, Descriptor(retry([&] { return ::open(path.c_str(), kFlags); })));
  const int opened = file.descriptor_.get();
  struct ::stat status{};
  if (opened < 0 || ::fstat(opened, &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (status.st_size > 0 && status.st_size < ::off_t{sizeof(Head)}) return;  // not ours
  // Whoever has it open has one of its slots, or will find all of them taken and open it anew.
  if (set_lock(opened, F_WRLCK, kSlotLocksAt, kBudgetSlots) != 0) return;
  for (const std::size_t half : {0U, 1U}) {
    const Result<Head> head = file.read_head(half);
    if (!head || head->matters_until > static_cast<std::uint64_t>(now)) return;
    if (head->magic != 0 && head->version != kVersion) return;
  }
  // Another may have removed it, and a third have made a new one of that name.
  if (file.is_named()) (void)::unlink(path.c_str());
}

bool BudgetFile::is_alive(std::int64_t slot) const noexcept {
  struct ::flock found{};
  const bool told = find_lock(descriptor_.get(), kSlotLocksAt + slot, found);
  return !told || found.l_type != F_UNLCK || slot == slot_;
}

Result<bool> BudgetFile::lock() {
  for (int attempt = 0; attempt < kLockTries; ++attempt) {
    if (set_lock(descriptor_.get(), F_WRLCK, 0) == 0) return true;
    if (!is_busy(errno)) return fail(LastError().at("lock " + path_));
    (void)::sched_yield();
  }
  return false;
}

void BudgetFile::unlock() noexcept { (void)set_lock(descriptor_.get(), F_UNLCK, 0); }

Result<BudgetFile::Head> BudgetFile::read_head(std::size_t half) const {
  Head head;
  const auto at = static_cast<::off_t>(half * kHalfBytes);
  const ::ssize_t count =
      retry([&] { return ::pread(descriptor_.get(), &head, sizeof(head), at); });
  if (count < 0) return fail(LastError().at("read " + path_));
  if (count != ssize_t{sizeof(head)} || head.magic == 0) return Head{};
  const std::string remedy =
      "; it only tells what was used of a rate limit: remove it while no bf runs";
  if (head.magic != kMagic) return fail(Code::kFormat, path_ + " is not our file" + remedy);
  if (head.version > kVersion) {
    return fail(Code::kFormat, path_ + " was written by a newer version of bf (" +
                                   std::to_string(head.version) + ", this one knows " +
                                   std::to_string(kVersion) + ")" + remedy);
  }
  if (head.sequence > kSequenceMax) head.version = head.sequence = 0;  // no half that is whole
  return head;
}

Result<bool> BudgetFile::read_words(std::size_t half, const Head& head) {
  if (head.version != kVersion || head.count > kWordsMax) return false;
  words_.resize(head.count);
  const std::size_t bytes = head.count * sizeof(std::int64_t);
  const auto at = static_cast<::off_t>(half * kHalfBytes + sizeof(Head));
  const ::ssize_t count =
      retry([&] { return ::pread(descriptor_.get(), words_.data(), bytes, at); });
  if (count < 0) return fail(LastError().at("read " + path_));
  return static_cast<std::size_t>(count) == bytes &&
         hash_of(head.sequence, head.matters_until, words_) == head.hash;
}

Result<BudgetFile::Content> BudgetFile::read() {
  std::array<Head, 2> heads;
  for (std::size_t half = 0; half < heads.size(); ++half) {
    const Result<Head> head = read_head(half);
    if (!head) return fail(head.error());
    heads[half] = *head;
  }
  const std::size_t newer = heads[1].sequence > heads[0].sequence ? 1 : 0;
  const Head& newest = heads[newer];
  if (head_ && newest.sequence == head_->sequence && newest.hash == head_->hash) {
    return Content::kSame;
  }
  for (const std::size_t half : {newer, 1 - newer}) {
    const Result<bool> whole = read_words(half, heads[half]);
    if (!whole) return fail(whole.error());
    if (!*whole) continue;
    half_ = half;
    head_ = heads[half];
    return Content::kChanged;
  }
  if (!head_ && heads[0].magic == 0 && heads[1].magic == 0) return Content::kNew;
  half_ = newer;
  head_ = newest;
  return Content::kDamaged;
}

Result<void> BudgetFile::write(const std::vector<std::int64_t>& words, TimeMs matters_until) {
  BF_ASSERT(words.size() <= kWordsMax);
  Head head;
  head.magic = kMagic;
  head.version = kVersion;
  head.sequence = head_ ? head_->sequence + 1 : 1;
  head.count = words.size();
  head.matters_until = static_cast<std::uint64_t>(matters_until);
  head.hash = hash_of(head.sequence, head.matters_until, words);
  const std::size_t half = 1 - half_;
  std::vector<std::byte> bytes(sizeof(head) + words.size() * sizeof(std::int64_t));
  std::memcpy(bytes.data(), &head, sizeof(head));
  std::memcpy(bytes.data() + sizeof(head), words.data(), bytes.size() - sizeof(head));
  const auto at = static_cast<::off_t>(half * kHalfBytes);
  const ::ssize_t count =
      retry([&] { return ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), at); });
  if (count != static_cast<::ssize_t>(bytes.size())) {
    const int error = count < 0 ? errno : ENOSPC;
    head_.reset();
    return fail(errno_error("write " + path_, error));
  }
  const bool first = !head_;
  half_ = half;
  head_ = head;
  if (first) return sync_descriptor(descriptor_.get(), path_);
  return {};
}

}  // namespace bf::limits
