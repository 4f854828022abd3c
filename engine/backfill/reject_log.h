// engine/backfill/reject_log.h
//
// Rows that were refused are kept aside, with the reason, in STORE/rejected.tsv: a line a row of
//   when seen, series, source, open time, reason, values (comma-separated, in the order of columns).
// It is for people; nothing reads it back.
#pragma once

#include <span>
#include <string_view>

#include "engine/backfill/validate.h"
#include "store/base/file_system.h"

namespace bf::backfill {

/// Appends one line a row. Errors: kIo, kNoSpace.
[[nodiscard]] Result<void> log_rejected(FileSystem& files, TimeMs seen_at, const Series& series,
                                        std::string_view source, std::span<const RejectedRow> rows);

}  // namespace bf::backfill
