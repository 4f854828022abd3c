// tools/cli/import_pages.h
//
// From the rows of a foreign file to what a store takes: in order, each open time once, without what is
// held already, and in answers that cover nothing but their own rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "store/store.h"
#include "tools/cli/import_rows.h"

namespace bf::cli {

/// What was found in a file. Counts are of rows; the instants are open times.
struct ImportFindings {
  std::int64_t rows_read = 0;
  std::int64_t repeats = 0;       ///< said twice with the same values: one of them was dropped
  std::int64_t conflicts = 0;     ///< said twice with other values: the one further down stands
  TimeMs first_conflict = 0;      ///< 0 when there are none
  std::int64_t open_candles = 0;  ///< not closed yet: dropped
  std::int64_t off_grid = 0;
  std::int64_t odd_close_times = 0;
  std::int64_t wide_values = 0;  ///< kept as text: no 64-bit mantissa at the scale of a chunk
  std::int64_t holes = 0;  ///< runs of slots without a row, between the first and the last row
  std::int64_t missing_slots = 0;  ///< the slots in them
  TimeRange range;                 ///< of all rows that are left
  std::int64_t held = 0;           ///< the store says the same already: not stored again
  std::int64_t differing = 0;      ///< the store holds another row of the open time
};

/// Sorts `rows.order`, drops what the findings count as dropped, and fills them in (not the last two).
/// Errors: kUsage when the rows are those of another interval, or none of them is closed at `now`.
[[nodiscard]] Result<ImportFindings> settle_rows(ImportedRows& rows, Interval interval, TimeMs now);

/// Drops the rows that `held` has said already: those whose every value stands, and those that lost
/// against what stands and are recorded as a conflict. So a file that is imported again adds nothing.
/// Requires: settle_rows(). Errors: kCorrupt, kIo.
[[nodiscard]] Result<void> drop_held_rows(ImportedRows& rows, const store::SeriesSnapshot& held,
                                          ImportFindings& findings);

/// Cuts settled rows into pages. The answer of a page covers a run of slots that all have a row: a file
/// that lacks a minute says nothing of it, so the minute stays missing.
class ImportPages {
 public:
  static constexpr std::size_t kPageRowsMax = 4'096;
  static constexpr std::size_t kGroupRowsMax = 32'768;
  static constexpr std::size_t kGroupPagesMax = 4'096;

  /// `rows` outlives this.
  ImportPages(const ImportedRows& rows, const Series& series, TimeMs asked_at)
      : rows_(rows), series_(series), asked_at_(asked_at) {}

  /// The next pages, oldest first, at most kGroupRowsMax rows of them; empty at the end.
  [[nodiscard]] std::vector<store::AnsweredRows> next();

 private:
  [[nodiscard]] std::size_t page_end(std::size_t begin) const;
  [[nodiscard]] store::AnsweredRows page(std::size_t begin, std::size_t end) const;

  const ImportedRows& rows_;
  Series series_;
  TimeMs asked_at_;
  std::size_t at_ = 0;
};

}  // namespace bf::cli
