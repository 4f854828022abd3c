// engine/backfill/not_found_log.h
//
// Instruments that an exchange says it never had, where nobody named them: those that a calendar or an
// archive's list made a run ask for. They are kept in STORE/not-found.tsv, a line an instrument:
//   when it was first seen, instrument, what the exchange said.
// It is for people; nothing but this reads it back, so as to name each once.
#pragma once

#include <span>
#include <string>

#include "store/base/file_system.h"
#include "store/base/series.h"

namespace bf::backfill {

struct NotFound {
  std::string instrument;  ///< Instrument::name()
  std::string reason;
};

/// Appends a line for each that the file does not name yet. Errors: kIo, kNoSpace.
[[nodiscard]] Result<void> log_not_found(FileSystem& files, TimeMs seen_at,
                                         std::span<const NotFound> all);

}  // namespace bf::backfill
