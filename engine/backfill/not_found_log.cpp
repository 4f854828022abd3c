#include "engine/backfill/not_found_log.h"

#include <memory>
#include <set>
#include <string_view>

#include "store/store_file.h"

namespace bf::backfill {
namespace {

/// No calendar names so many instruments; what lies behind is not looked at.
constexpr std::uint64_t kFileBytesMax = 16U << 20U;

/// The second fields of the lines.
std::set<std::string, std::less<>> names_in(std::string_view text) {
  std::set<std::string, std::less<>> names;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t begin = line.find('\t');
    if (begin == std::string_view::npos) continue;
    names.emplace(line.substr(begin + 1, line.find('\t', begin + 1) - begin - 1));
  }
  return names;
}

}  // namespace

Result<void> log_not_found(FileSystem& files, TimeMs seen_at, std::span<const NotFound> all) {
  if (all.empty()) return {};
  Result<std::unique_ptr<File>> file =
      files.open(store::kNotFoundName, FileSystem::Open::kReadWrite);
  if (!file && file.error().code() == Code::kNotFound) {
    file = files.open(store::kNotFoundName, FileSystem::Open::kCreateNew);
  }
  if (!file) return fail(file.error());
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return fail(size.error());
  std::string text(std::min(*size, kFileBytesMax), '\0');
  const Result<void> read = (*file)->pread(std::as_writable_bytes(std::span(text)), 0);
  if (!read) return read;
  std::set<std::string, std::less<>> known = names_in(text);
  std::string lines;
  for (const NotFound& one : all) {
    const std::string name = printable(one.instrument);
    if (!known.insert(name).second) continue;
    lines.append(format_time(seen_at)).append("\t").append(name).append("\t");
    lines.append(printable(one.reason, 1'000)).append("\n");
  }
  if (lines.empty()) return {};
  return (*file)->pwrite(std::as_bytes(std::span(lines)), *size);
}

}  // namespace bf::backfill
