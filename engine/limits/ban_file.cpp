// The file, "bans" in the state directory:
//
//   bf-bans 1
//   1700000000000<TAB>fapi.binance.com:443 direct<TAB>HTTP 418, Retry-After 120
//
// One line a source; bytes below space and '%' in a field are written as %XX. It is replaced as a
// whole by rename, under a lock on "bans.lock" beside it, so that a reader needs no lock.
#include "engine/limits/ban_file.h"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "store/base/file_system.h"
#include "store/base/series.h"

namespace bf::limits {
namespace {

constexpr std::string_view kName = "bans";
constexpr std::string_view kNewName = "bans.new";
constexpr std::string_view kLockName = "bans.lock";
constexpr std::string_view kFirstLine = "bf-bans 1\n";
constexpr std::uint64_t kBytesMax = 64 * 1'024;
constexpr std::size_t kFieldBytesMax = 512;
constexpr DurationMs kBanMax = 3 * kDayMs;
// Another process holds the lock for a moment; one that was stopped in that moment, for ever.
constexpr int kLockTries = 100;
constexpr int kLockRetryMs = 10;

struct Entry {
  TimeMs until = 0;
  std::string key;
  std::string reason;
};

bool is_plain(char byte) noexcept {
  return static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f && byte != '%';
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char byte : text.substr(0, kFieldBytesMax)) {
    if (is_plain(byte)) {
      out.push_back(byte);
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    out.append({'%', kHex[value >> 4U], kHex[value & 15U]});
  }
}

bool unescape(std::string_view text, std::string& out) {
  while (!text.empty()) {
    if (text.front() != '%') {
      if (!is_plain(text.front())) return false;
      out.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    unsigned value = 0;
    if (text.size() < 3) return false;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + 3, value, 16);
    if (error != std::errc() || end != text.data() + 3) return false;
    out.push_back(static_cast<char>(value));
    text.remove_prefix(3);
  }
  return true;
}

/// The text up to `separator`, which is taken away as well; false when there is none.
bool take(std::string_view& text, char separator, std::string_view& part) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return false;
  part = text.substr(0, at);
  text.remove_prefix(at + 1);
  return true;
}

bool parse_entry(std::string_view line, Entry& out) {
  std::string_view until;
  std::string_view key;
  if (!take(line, '\t', until) || !take(line, '\t', key)) return false;
  const auto [end, error] = std::from_chars(until.data(), until.data() + until.size(), out.until);
  const bool whole = error == std::errc() && end == until.data() + until.size();
  return whole && out.until >= kTimeMin && out.until < kTimeMax && unescape(key, out.key) &&
         unescape(line, out.reason);
}

Result<std::vector<Entry>> parse_entries(std::string_view text, const std::string& path) {
  const std::string remedy = "; remove the file if it is damaged: it only tells who has banned us";
  std::vector<Entry> entries;
  if (text.substr(0, kFirstLine.size()) != kFirstLine) {
    const std::string first = printable(text.substr(0, text.find('\n')), 40);
    return fail(Code::kFormat, path + " begins with \"" + first +
                                   "\", not \"bf-bans 1\": another program's or a newer version's" +
                                   remedy);
  }
  text.remove_prefix(kFirstLine.size());
  for (int number = 2; !text.empty(); ++number) {
    std::string_view line;
    Entry entry;
    if (!take(text, '\n', line) || !parse_entry(line, entry)) {
      return fail(Code::kFormat,
                  path + ", line " + std::to_string(number) + ": not a stored ban" + remedy);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::vector<Entry>> read_entries(FileSystem& files, const std::string& path) {
  const Result<std::unique_ptr<File>> file = files.open(kName, FileSystem::Open::kRead);
  if (!file && file.error().code() == Code::kNotFound) return std::vector<Entry>();
  if (!file) return fail(file.error());
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return fail(size.error());
  if (*size > kBytesMax) {
    return fail(Code::kFormat, path + " has " + std::to_string(*size) + " bytes: not our file");
  }
  std::string text(static_cast<std::size_t>(*size), '\0');
  const Result<void> read = (*file)->pread(std::as_writable_bytes(std::span(text)), 0);
  if (!read) return fail(read.error());
  return parse_entries(text, path);
}

Result<void> write_entries(FileSystem& files, const std::vector<Entry>& entries) {
  std::string text(kFirstLine);
  for (const Entry& entry : entries) {
    text.append(std::to_string(entry.until)).append("\t");
    append_escaped(text, entry.key);
    text.append("\t");
    append_escaped(text, entry.reason);
    text.append("\n");
  }
  const Result<void> removed = files.remove(kNewName);  // of a process that was killed here
  if (!removed && removed.error().code() != Code::kNotFound) return removed;
  const Result<std::unique_ptr<File>> file = files.open(kNewName, FileSystem::Open::kCreateNew);
  if (!file) return fail(file.error());
  Result<void> done = (*file)->pwrite(std::as_bytes(std::span(text)), 0);
  if (done) done = (*file)->sync();
  if (done) done = files.rename(kNewName, kName);
  if (done) done = files.sync_directory("");
  return done;
}

Result<std::unique_ptr<FileLock>> lock(FileSystem& files) {
  for (int attempt = 1;; ++attempt) {
    Result<std::unique_ptr<FileLock>> lock = files.lock(kLockName, "bf");
    const bool busy = !lock && lock.error().code() == Code::kLocked;
    if (!busy || attempt == kLockTries) return lock;
    (void)::poll(nullptr, 0, kLockRetryMs);
  }
}

}  // namespace

BanFile::BanFile(std::string path, std::string key, const Clock& clock)
    : path_(std::move(path)), key_(std::move(key)), clock_(&clock) {}

Result<BanFile> BanFile::open(const std::string& state_dir, std::string key, const Clock& clock) {
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  if (error) return fail(errno_error("state directory " + state_dir, error.value()));
  const Result<std::unique_ptr<FileSystem>> files = open_file_system(state_dir, /*create=*/true);
  if (!files) return fail(files.error().at("state directory"));
  return BanFile(state_dir, std::move(key), clock);
}

Result<std::optional<Ban>> BanFile::load() const {
  const Result<std::unique_ptr<FileSystem>> files = open_file_system(path_, /*create=*/false);
  if (!files) return fail(files.error().at("state directory"));
  const Result<std::vector<Entry>> entries = read_entries(**files, path_ + "/bans");
  if (!entries) return fail(entries.error());
  const TimeMs now = clock_->wall_ms();
  for (const Entry& entry : *entries) {
    if (entry.key != key_ || entry.until <= now) continue;
    return std::optional<Ban>(Ban{std::min(entry.until, now + kBanMax), entry.reason});
  }
  return std::optional<Ban>();
}

Result<void> BanFile::store(const Ban& ban) {
  const Result<std::unique_ptr<FileSystem>> files = open_file_system(path_, /*create=*/true);
  if (!files) return fail(files.error().at("state directory"));
  const Result<std::unique_ptr<FileLock>> held = lock(**files);
  if (!held) return fail(held.error());
  Result<std::vector<Entry>> entries = read_entries(**files, path_ + "/bans");
  if (!entries) return fail(entries.error());

  const TimeMs now = clock_->wall_ms();
  Entry mine{std::min(ban.until, now + kBanMax), key_, ban.reason};
  for (const Entry& entry : *entries) {
    // Another process may have been told to stay away for longer.
    if (entry.key == key_) mine.until = std::max(mine.until, std::min(entry.until, now + kBanMax));
  }
  std::erase_if(*entries,
                [&](const Entry& entry) { return entry.key == key_ || entry.until <= now; });
  entries->push_back(std::move(mine));
  return write_entries(**files, *entries);
}

}  // namespace bf::limits
