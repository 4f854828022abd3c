#include "engine/backfill/reject_log.h"

#include <memory>
#include <string>

#include "store/store_file.h"

namespace bf::backfill {
Result<void> log_rejected(FileSystem& files, TimeMs seen_at, const Series& series,
                          std::string_view source, std::span<const RejectedRow> rows) {
  if (rows.empty()) return {};
  std::string lines;
  for (const RejectedRow& row : rows) {
    lines.append(format_time(seen_at)).append("\t");
    lines.append(printable(series.name())).append("\t").append(source).append("\t");
    lines.append(format_time(row.open_time)).append("\t").append(row.reason).append("\t");
    lines.append(printable(row.values, 1'000)).append("\n");
  }
  Result<std::unique_ptr<File>> file =
      files.open(store::kRejectedName, FileSystem::Open::kReadWrite);
  if (!file && file.error().code() == Code::kNotFound) {
    file = files.open(store::kRejectedName, FileSystem::Open::kCreateNew);
  }
  if (!file) return fail(file.error());
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return fail(size.error());
  return (*file)->pwrite(std::as_bytes(std::span(lines)), *size);
}

}  // namespace bf::backfill
