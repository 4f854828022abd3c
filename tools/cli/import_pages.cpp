#include "tools/cli/import_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "store/base/assert.h"
#include "store/row_order.h"

namespace bf::cli {
namespace {

/// As few neighbours say nothing of a file's interval.
constexpr std::int64_t kStepsMin = 10;

const CandleBatch& chunk_of(const ImportedRows& rows, const ImportedRow& row) {
  return rows.chunks[row.chunk];
}

bool equal_rows(const ImportedRows& rows, const ImportedRow& a, const ImportedRow& b) {
  return same_row(chunk_of(rows, a), a.row, chunk_of(rows, b), b.row);
}

TimeMs close_of(Interval interval, TimeMs open_time) noexcept {
  if (interval == Interval::k1mo) return next_slot(interval, open_time);
  return open_time + interval_ms(interval);
}

/// Keeps the last row of each open time.
void drop_repeats(ImportedRows& rows, ImportFindings& findings) {
  // Chunk and row rise as the file goes on: of one open time the last of the file comes last.
  const auto before = [](const ImportedRow& a, const ImportedRow& b) {
    return std::tie(a.open_time, a.chunk, a.row) < std::tie(b.open_time, b.chunk, b.row);
  };
  std::vector<ImportedRow>& order = rows.order;
  if (!std::is_sorted(order.begin(), order.end(), before)) {
    std::sort(order.begin(), order.end(), before);
  }
  std::size_t kept = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && order[end].open_time == order[begin].open_time) ++end;
    const ImportedRow last = order[end - 1];
    for (std::size_t i = begin; i + 1 < end; ++i) {
      if (equal_rows(rows, order[i], last)) {
        ++findings.repeats;
        continue;
      }
      if (findings.conflicts++ == 0) findings.first_conflict = last.open_time;
    }
    order[kept++] = last;
    begin = end;
  }
  order.resize(kept);
}

/// How far apart neighbours lie, by slots of the interval.
struct Steps {
  std::int64_t same_slot = 0;
  std::int64_t next_slot = 0;
  std::int64_t farther = 0;
};

Steps count_steps(const ImportedRows& rows, Interval interval, ImportFindings& findings) {
  Steps steps;
  for (std::size_t i = 1; i < rows.order.size(); ++i) {
    const TimeMs slot = slot_begin(interval, rows.order[i].open_time);
    const TimeMs expected = next_slot(interval, rows.order[i - 1].open_time);
    if (slot < expected) {
      ++steps.same_slot;
    } else if (slot == expected) {
      ++steps.next_slot;
    } else {
      ++steps.farther;
      ++findings.holes;
      findings.missing_slots += slot_count(interval, {expected, slot});
    }
  }
  return steps;
}

/// A file of quarters of an hour, taken for minutes, would be a series of holes.
Result<void> check_interval(const Steps& steps, Interval interval) {
  const std::int64_t all = steps.same_slot + steps.next_slot + steps.farther;
  if (all < kStepsMin) return {};
  const bool finer = steps.same_slot * 2 > all;
  const bool coarser = steps.next_slot + steps.same_slot == 0;
  if (!finer && !coarser) return {};
  return fail(
      Code::kUsage,
      fmt::format("the rows lie {} than {}: give the file's interval with --interval",
                  finer ? "closer together" : "all farther apart", interval_name(interval)));
}

void count_values(const ImportedRows& rows, Interval interval, ImportFindings& findings) {
  for (const ImportedRow& row : rows.order) {
    if (row.open_time != slot_begin(interval, row.open_time)) ++findings.off_grid;
    const CandleBatch& chunk = chunk_of(rows, row);
    if (chunk.odd_close_time(row.row) != 0) ++findings.odd_close_times;
    if (chunk.wide.empty()) continue;
    const auto of_row = [&row](const WideValue& value) { return value.row == row.row; };
    const auto first = std::lower_bound(
        chunk.wide.begin(), chunk.wide.end(), row.row,
        [](const WideValue& value, std::uint32_t wanted) { return value.row < wanted; });
    findings.wide_values += std::find_if_not(first, chunk.wide.end(), of_row) - first;
  }
}

bool same_value(const CandleBatch& a, std::size_t row_a, const CandleBatch& b, std::size_t row_b,
                Column column) {
  if (!a.wide.empty() || !b.wide.empty()) {
    return a.text_at(column, row_a) == b.text_at(column, row_b);
  }
  const ColumnValues& in_a = a.column(column);
  const ColumnValues& in_b = b.column(column);
  if (in_a.scale == in_b.scale) return in_a.values[row_a] == in_b.values[row_b];
  return Decimal{in_a.values[row_a], in_a.scale}.normalized() ==
         Decimal{in_b.values[row_b], in_b.scale}.normalized();
}

/// Whether `held` says all that `row` does. A file with fewer columns adds nothing to one with more.
bool says_all(const CandleBatch& held, std::size_t held_row, const CandleBatch& batch,
              std::size_t row) {
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!batch.columns.contains(column)) continue;
    if (!held.columns.contains(column)) return false;
    if (!same_value(held, held_row, batch, row, column)) return false;
  }
  const TimeMs close_time = batch.odd_close_time(row);
  return close_time == 0 || close_time == held.odd_close_time(held_row);
}

/// Of the rows from `at` on: keeps those that `batch` does not say; `at` is left behind the batch.
class HeldFilter {
 public:
  HeldFilter(ImportedRows& rows, ImportFindings& findings) : rows_(rows), findings_(findings) {}

  void pass(const CandleBatch& batch) {
    const std::vector<TimeMs>& times = batch.open_time();
    for (std::size_t held = 0; held < times.size(); ++held) {
      while (at_ < rows_.order.size() && rows_.order[at_].open_time < times[held]) keep();
      if (at_ == rows_.order.size()) return;
      const ImportedRow& row = rows_.order[at_];
      if (row.open_time != times[held]) continue;
      if (says_all(batch, held, chunk_of(rows_, row), row.row)) {
        ++at_;
        ++findings_.held;
      } else {
        ++findings_.differing;
        keep();
      }
    }
  }
  void finish() {
    while (at_ < rows_.order.size()) keep();
    rows_.order.resize(kept_);
  }

 private:
  void keep() { rows_.order[kept_++] = rows_.order[at_++]; }

  ImportedRows& rows_;
  ImportFindings& findings_;
  std::size_t at_ = 0;
  std::size_t kept_ = 0;
};

/// Drops what has lost before: it would lose again, and only fill the log.
Result<void> drop_losers(ImportedRows& rows, const store::SeriesSnapshot& held,
                         ImportFindings& findings) {
  const auto conflicts = held.conflicts();
  if (!conflicts) return fail(conflicts.error());
  std::set<std::pair<TimeMs, std::string>> losers;
  for (const store::Conflict& conflict : *conflicts) {
    losers.emplace(conflict.open_time, conflict.loser_values);
  }
  if (losers.empty()) return {};
  const auto lost = [&](const ImportedRow& row) {
    const auto first = losers.lower_bound({row.open_time, std::string()});
    if (first == losers.end() || first->first != row.open_time) return false;
    return losers.contains({row.open_time, store::row_values(chunk_of(rows, row), row.row)});
  };
  const auto dropped = static_cast<std::int64_t>(std::erase_if(rows.order, lost));
  findings.held += dropped;
  findings.differing -= dropped;
  return {};
}

}  // namespace

Result<ImportFindings> settle_rows(ImportedRows& rows, Interval interval, TimeMs now) {
  ImportFindings findings;
  findings.rows_read = static_cast<std::int64_t>(rows.order.size());
  const auto open = [&](const ImportedRow& row) { return close_of(interval, row.open_time) > now; };
  findings.open_candles = static_cast<std::int64_t>(std::erase_if(rows.order, open));
  if (rows.order.empty()) {
    return fail(Code::kUsage, "no candle in it is closed: is its time UTC, and --interval right?");
  }
  drop_repeats(rows, findings);
  const Steps steps = count_steps(rows, interval, findings);
  const Result<void> fits = check_interval(steps, interval);
  if (!fits) return fail(fits.error());
  count_values(rows, interval, findings);
  findings.range = {rows.order.front().open_time, close_of(interval, rows.order.back().open_time)};
  return findings;
}

Result<void> drop_held_rows(ImportedRows& rows, const store::SeriesSnapshot& held,
                            ImportFindings& findings) {
  HeldFilter filter(rows, findings);
  const TimeRange range = {rows.order.front().open_time, rows.order.back().open_time + 1};
  const auto scan = held.scan(range, kAllColumns);
  store::ScanBatch batch;
  for (;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) break;
    filter.pass(batch.rows);
  }
  filter.finish();
  if (findings.differing == 0) return {};
  return drop_losers(rows, held, findings);
}

std::size_t ImportPages::page_end(std::size_t begin) const {
  const Interval interval = series_.interval;
  const std::size_t last = std::min(rows_.order.size(), begin + kPageRowsMax);
  const TimeRange span = span_of(interval, rows_.order[begin].open_time);
  const ColumnSet columns = chunk_of(rows_, rows_.order[begin]).columns;
  std::size_t end = begin + 1;
  for (; end < last; ++end) {
    const TimeMs time = rows_.order[end].open_time;
    const TimeMs expected = next_slot(interval, rows_.order[end - 1].open_time);
    if (slot_begin(interval, time) > expected || !span.contains(time)) break;
    if (chunk_of(rows_, rows_.order[end]).columns != columns) break;
  }
  return end;
}

store::AnsweredRows ImportPages::page(std::size_t begin, std::size_t end) const {
  const std::vector<ImportedRow>& order = rows_.order;
  store::AnsweredRows page;
  page.rows.columns = chunk_of(rows_, order[begin]).columns;
  for (std::size_t i = begin; i < end;) {
    // Neighbours of the file go over as one.
    std::size_t run = i + 1;
    while (run < end && order[run].chunk == order[i].chunk &&
           order[run].row == order[run - 1].row + 1) {
      ++run;
    }
    page.rows.append_rows(chunk_of(rows_, order[i]), order[i].row, order[run - 1].row + 1);
    i = run;
  }
  const TimeMs first = order[begin].open_time;
  const TimeMs last = order[end - 1].open_time;
  page.answer.exchange = series_.instrument.exchange;
  page.answer.channel = store::Channel::kImport;
  page.answer.asked = {slot_begin(series_.interval, first), next_slot(series_.interval, last)};
  page.answer.asked_at = asked_at_;
  page.answer.first_row = first;
  page.answer.last_row = last;
  return page;
}

std::vector<store::AnsweredRows> ImportPages::next() {
  std::vector<store::AnsweredRows> pages;
  std::size_t rows = 0;
  while (at_ < rows_.order.size() && pages.size() < kGroupPagesMax) {
    const std::size_t end = page_end(at_);
    rows += end - at_;
    if (!pages.empty() && rows > kGroupRowsMax) break;
    pages.push_back(page(at_, end));
    at_ = end;
  }
  return pages;
}

}  // namespace bf::cli
