#include "engine/backfill/validate.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string_view>

namespace bf::backfill {
namespace {

/// Below so many rows a page is never judged as a whole.
constexpr std::int64_t kSystematicRowsMin = 10;
/// So few rows may lie as far apart as those of a wider interval by chance.
constexpr std::size_t kSpacedRowsMin = 8;

__extension__ using Int128 = __int128;

/// A decimal as its column holds it.
struct Price {
  std::int64_t mantissa = 0;
  int scale = 0;
};

/// Whether a <= b, exactly, whatever their scales.
bool at_most(Price a, Price b) {
  constexpr int kStepsMax = 18;  // more, and any mantissa but 0 leaves the other one behind
  const int steps = std::abs(a.scale - b.scale);
  const bool raise_a = a.scale < b.scale;
  const std::int64_t raised = raise_a ? a.mantissa : b.mantissa;
  const Int128 other = raise_a ? b.mantissa : a.mantissa;
  Int128 product = raised;
  for (int step = 0; step < std::min(steps, kStepsMax + 1); ++step) product *= 10;
  return raise_a ? product <= other : other <= product;
}

bool is_negative(std::uint64_t bits) { return static_cast<std::int64_t>(bits) < 0; }

/// The prices of an answer's rows. Wide values stand there as 0; rows with one are left out of the
/// checks by the caller.
class PriceView {
 public:
  explicit PriceView(const CandleBatch& batch) {
    for (std::size_t i = 0; i < kPrices.size(); ++i) {
      const ColumnValues& column = batch.column(kPrices[i]);
      values_[i] = column.values.data();
      scales_[i] = column.scale;
    }
    same_scale_ = std::all_of(scales_.begin(), scales_.end(),
                              [this](int scale) { return scale == scales_[0]; });
  }

  /// Whether high is the highest and low the lowest.
  [[nodiscard]] bool ordered(std::size_t row) const {
    const auto& [open, high, low, close] = values_;
    if (same_scale_) {
      return high[row] >= open[row] && high[row] >= close[row] && low[row] <= open[row] &&
             low[row] <= close[row];
    }
    return at_most(at(0, row), at(1, row)) && at_most(at(3, row), at(1, row)) &&
           at_most(at(2, row), at(0, row)) && at_most(at(2, row), at(3, row));
  }
  [[nodiscard]] bool positive(std::size_t row) const {
    return values_[0][row] > 0 && values_[1][row] > 0 && values_[2][row] > 0 && values_[3][row] > 0;
  }
  /// Whether each of `rows` is ordered and positive. Says no, too, where the scales differ.
  [[nodiscard]] bool all_sound(std::size_t rows) const {
    // By the highest bits alone, several rows at a time: of none below zero, no difference overflows.
    std::uint64_t bad = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::uint64_t open = bits(0, row);
      const std::uint64_t high = bits(1, row);
      const std::uint64_t low = bits(2, row);
      const std::uint64_t close = bits(3, row);
      bad |= open | high | low | close | (low - 1);
      bad |= (high - open) | (high - close) | (open - low) | (close - low);
    }
    return same_scale_ && !is_negative(bad);
  }

 private:
  static constexpr std::array<Column, 4> kPrices = {Column::kOpen, Column::kHigh, Column::kLow,
                                                    Column::kClose};
  [[nodiscard]] Price at(std::size_t price, std::size_t row) const {
    return Price{values_[price][row], scales_[price]};
  }
  [[nodiscard]] std::uint64_t bits(std::size_t price, std::size_t row) const {
    return static_cast<std::uint64_t>(values_[price][row]);
  }

  std::array<const std::int64_t*, 4> values_{};
  std::array<int, 4> scales_{};
  bool same_scale_ = true;
};

constexpr std::array<Column, 5> kAmounts = {Column::kVolume, Column::kQuoteVolume, Column::kTrades,
                                            Column::kTakerBuyBase, Column::kTakerBuyQuote};

bool has_wide_value(const CandleBatch& batch, std::size_t row) {
  return std::any_of(batch.wide.begin(), batch.wide.end(),
                     [row](const WideValue& wide) { return wide.row == row; });
}

/// Why an event of funding contradicts itself, or nothing.
std::optional<std::string_view> event_contradiction(const CandleBatch& batch, std::size_t row) {
  constexpr Price kOne = {1, 0};
  constexpr Price kMinusOne = {-1, 0};
  const ColumnValues& rates = batch.column(Column::kFundingRate);
  const Price rate = {rates.values[row], rates.scale};
  if (at_most(kOne, rate) || at_most(rate, kMinusOne)) {
    return "the rate is not between -1 and 1";
  }
  for (const Column column : {Column::kMarkPrice, Column::kIndexPrice, Column::kFundingHours}) {
    if (batch.columns.contains(column) && batch.column(column).values[row] <= 0) {
      return "a price or a number of hours is not above zero";
    }
  }
  return std::nullopt;
}

/// Why the row contradicts itself, or nothing.
std::optional<std::string_view> contradiction(Kind kind, const CandleBatch& batch,
                                              const PriceView& prices, std::size_t row) {
  if (!batch.wide.empty() && has_wide_value(batch, row)) return std::nullopt;
  if (is_event_kind(kind)) return event_contradiction(batch, row);
  if (!prices.ordered(row)) return "high or low does not bound open and close";
  // A premium may be negative, a price may not.
  if (kind != Kind::kPremium && !prices.positive(row)) return "a price is not above zero";
  for (const Column column : kAmounts) {
    if (batch.columns.contains(column) && batch.column(column).values[row] < 0) {
      return "a volume or count is negative";
    }
  }
  return std::nullopt;
}

/// Whether no row contradicts itself, seen at a glance; where it says no, rows are looked at one by one.
bool all_sound(Kind kind, const CandleBatch& batch, const PriceView& prices) {
  if (is_event_kind(kind) || !batch.wide.empty()) return false;
  std::uint64_t bad = 0;
  for (const Column column : kAmounts) {
    if (!batch.columns.contains(column)) continue;
    for (const std::int64_t value : batch.column(column).values) {
      bad |= static_cast<std::uint64_t>(value);
    }
  }
  return !is_negative(bad) && prices.all_sound(batch.row_count());
}

std::string values_text(const CandleBatch& batch, std::size_t row) {
  std::string text;
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!batch.columns.contains(column)) continue;
    if (!text.empty()) text.push_back(',');
    text.append(batch.text_at(column, row));
  }
  return text;
}

/// Of two rows of one open time in one answer, the one to keep: a candle only grows, so the one with
/// more volume; then the larger values, so that the order in the answer does not matter.
bool outranks(const CandleBatch& batch, std::size_t a, std::size_t b) {
  for (const Column column :
       {Column::kVolume, Column::kTrades, Column::kQuoteVolume, Column::kHigh, Column::kClose,
        Column::kOpen, Column::kLow, Column::kFundingRate, Column::kMarkPrice}) {
    if (!batch.columns.contains(column)) continue;
    const std::vector<std::int64_t>& values = batch.column(column).values;
    if (values[a] != values[b]) return values[a] > values[b];
  }
  return false;
}

/// Whether the times rise from row to row, all within `range`: as in nearly every answer.
bool rise_within(const std::vector<TimeMs>& times, TimeRange range) {
  bool rise = !times.empty() && range.contains(times.front()) && range.contains(times.back());
  for (std::size_t row = 1; row < times.size(); ++row) rise &= times[row - 1] < times[row];
  return rise;
}

/// The rows that were asked for and are `closed`, in order of time, one an open time.
std::vector<std::uint32_t> wanted_rows(const CandleBatch& rows, TimeRange asked, TimeRange closed,
                                       Judged& judged) {
  const std::vector<TimeMs>& times = rows.open_time();
  std::vector<std::uint32_t> order;
  if (rise_within(times, closed)) {
    order.resize(times.size());
    std::iota(order.begin(), order.end(), 0U);
    return order;
  }
  order.reserve(times.size());
  for (std::uint32_t row = 0; row < times.size(); ++row) {
    if (closed.contains(times[row])) {
      order.push_back(row);
    } else {
      ++(asked.contains(times[row]) ? judged.not_closed : judged.outside);
    }
  }
  const auto by_time = [&times](std::uint32_t a, std::uint32_t b) { return times[a] < times[b]; };
  if (!std::is_sorted(order.begin(), order.end(), by_time)) {
    std::sort(order.begin(), order.end(), [&times](std::uint32_t a, std::uint32_t b) {
      return times[a] != times[b] ? times[a] < times[b] : a < b;
    });
  }
  std::size_t kept = 0;
  for (const std::uint32_t row : order) {
    if (kept == 0 || times[order[kept - 1]] != times[row]) {
      order[kept++] = row;
      continue;
    }
    ++judged.repeated;
    if (outranks(rows, row, order[kept - 1])) order[kept - 1] = row;
  }
  order.resize(kept);
  return order;
}

/// Appends rows to parts, and begins a new part behind each slot that is not answered.
class PartBuilder {
 public:
  PartBuilder(const store::Answer& answer, ColumnSet columns, Judged& judged)
      : answer_(answer), columns_(columns), judged_(judged), from_(answer.asked.from) {}

  /// Takes `rows` whole where these are all of them: then they are empty afterwards.
  void add(CandleBatch& rows, std::size_t begin, std::size_t end) {
    if (begin == end) return;
    if (part_.rows.empty()) part_.answer.first_row = rows.open_time()[begin];
    part_.answer.last_row = rows.open_time()[end - 1];
    judged_.rows += static_cast<std::int64_t>(end - begin);
    if (end - begin == rows.row_count()) {
      part_.rows = std::move(rows);
      return;
    }
    part_.rows.columns = columns_;
    part_.rows.append_rows(rows, begin, end);
  }

  /// Ends the part before `slot` and goes on behind it.
  void skip_slot(TimeRange slot) {
    finish(slot.from);
    from_ = slot.to;
  }
  void finish(TimeMs to) {
    if (from_ >= to) return;
    store::Answer answer = answer_;
    answer.asked = {from_, to};
    answer.first_row = part_.rows.empty() ? 0 : part_.answer.first_row;
    answer.last_row = part_.rows.empty() ? -1 : part_.answer.last_row;
    part_.answer = std::move(answer);
    judged_.parts.push_back(std::exchange(part_, {}));
  }

 private:
  const store::Answer& answer_;
  ColumnSet columns_;
  Judged& judged_;
  TimeMs from_;
  store::AnsweredRows part_;
};

/// The end of the slots that are closed by `closed_by`, inside `asked`.
TimeMs closed_end(Interval interval, TimeRange asked, TimeMs closed_by) {
  return std::min(asked.to, std::max(asked.from, slot_begin(interval, closed_by)));
}

/// The wider interval whose candles these are: all of them, one behind the other, where one of their own
/// interval is asked for. As they are they would count as few candles with holes between them.
std::optional<Interval> wider_interval(Interval own, const CandleBatch& rows,
                                       const std::vector<std::uint32_t>& order) {
  if (order.size() < kSpacedRowsMin) return std::nullopt;
  const std::vector<TimeMs>& times = rows.open_time();
  constexpr auto kWidest = static_cast<int>(Interval::k1mo);
  for (int i = static_cast<int>(own) + 1; i <= kWidest; ++i) {
    const auto wider = static_cast<Interval>(i);
    bool spaced = slot_begin(wider, times[order[0]]) == times[order[0]];
    for (std::size_t row = 1; spaced && row < order.size(); ++row) {
      spaced = times[order[row]] == next_slot(wider, times[order[row - 1]]);
    }
    if (spaced) return wider;
  }
  return std::nullopt;
}

}  // namespace

Result<Judged> judge_rows(const Series& series, const store::Answer& answer, CandleBatch rows,
                          TimeMs closed_by) {
  Judged judged;
  store::Answer closed = answer;
  closed.asked.to = closed_end(series.interval, answer.asked, closed_by);
  const std::vector<std::uint32_t> order = wanted_rows(rows, answer.asked, closed.asked, judged);
  if (series.interval != Interval::kEvents) {
    const std::optional<Interval> wider = wider_interval(series.interval, rows, order);
    if (wider) {
      return fail(Code::kDataQuality,
                  "its " + std::to_string(order.size()) + " rows lie as far apart as those of " +
                      std::string(interval_name(*wider)) + "; none of the answer is stored");
    }
  }

  const PriceView prices(rows);
  const bool sound = all_sound(series.kind, rows, prices);
  PartBuilder builder(closed, rows.columns, judged);
  std::size_t i = 0;
  while (i < order.size()) {
    // A run of good rows that lie one behind the other is copied at once.
    std::size_t end = i;
    std::optional<std::string_view> reason;
    while (end < order.size() && order[end] == order[i] + (end - i)) {
      if (!sound) reason = contradiction(series.kind, rows, prices, order[end]);
      if (reason) break;
      ++end;
    }
    builder.add(rows, order[i], order[i] + (end - i));
    i = end;
    if (!reason) continue;
    const TimeMs open_time = rows.open_time()[order[i]];
    judged.rejected.push_back(
        RejectedRow{open_time, values_text(rows, order[i]), std::string(*reason)});
    const TimeMs slot = slot_begin(series.interval, open_time);
    builder.skip_slot({slot, next_slot(series.interval, slot)});
    ++i;
  }
  builder.finish(closed.asked.to);

  const auto rejected = static_cast<std::int64_t>(judged.rejected.size());
  if (rejected >= kSystematicRowsMin && rejected * 2 > rejected + judged.rows) {
    return fail(Code::kDataQuality,
                std::to_string(rejected) + " of " + std::to_string(rejected + judged.rows) +
                    " rows contradict themselves, the first at " +
                    format_time(judged.rejected.front().open_time) + ": " +
                    judged.rejected.front().reason + "; none of the answer is stored");
  }
  return judged;
}

}  // namespace bf::backfill
