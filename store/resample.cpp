#include "store/resample.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "store/base/assert.h"
#include "store/base/interval.h"

namespace bf::store {
namespace {

__extension__ using Wide = __int128;

/// Buckets of a batch.
constexpr std::size_t kBucketsMax = 2'048;

/// An exact decimal with more room than the values of a column have.
struct Exact {
  Wide mantissa = 0;
  int scale = 0;
};

std::string text_of(Exact value) {
  const bool negative = value.mantissa < 0;
  std::string digits;
  for (Wide rest = value.mantissa; rest != 0; rest /= 10) {
    const int digit = static_cast<int>(rest % 10);
    digits.push_back(static_cast<char>('0' + (negative ? -digit : digit)));
  }
  while (digits.size() <= static_cast<std::size_t>(value.scale)) digits.push_back('0');
  if (value.scale > 0) digits.insert(static_cast<std::size_t>(value.scale), 1, '.');
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

/// The plain text of a number as an Exact; nothing where it has too many digits.
std::optional<Exact> exact_of(const std::string& text) {
  Exact value;
  const bool negative = text.starts_with('-');
  bool behind_point = false;
  for (const char c : std::string_view(text).substr(negative ? 1 : 0)) {
    if (c == '.') {
      behind_point = true;
      continue;
    }
    if (__builtin_mul_overflow(value.mantissa, Wide{10}, &value.mantissa) ||
        __builtin_add_overflow(value.mantissa, Wide{c - '0'}, &value.mantissa)) {
      return std::nullopt;
    }
    value.scale += behind_point ? 1 : 0;
  }
  if (negative) value.mantissa = -value.mantissa;
  return value;
}

/// Gives both the same scale; false where one has too many digits for that.
bool align(Exact& a, Exact& b) noexcept {
  Exact& coarse = a.scale < b.scale ? a : b;
  const int scale = std::max(a.scale, b.scale);
  for (; coarse.scale < scale; ++coarse.scale) {
    if (__builtin_mul_overflow(coarse.mantissa, Wide{10}, &coarse.mantissa)) return false;
  }
  return true;
}

/// How a column's values become one.
enum class Fold : std::uint8_t { kFirst, kLast, kHighest, kLowest, kSum };

Fold fold_of(Column column) noexcept {
  switch (column) {
    case Column::kOpenTime:
    case Column::kOpen:
      return Fold::kFirst;
    case Column::kHigh:
      return Fold::kHighest;
    case Column::kLow:
      return Fold::kLowest;
    case Column::kClose:
      return Fold::kLast;
    case Column::kVolume:
    case Column::kQuoteVolume:
    case Column::kTrades:
    case Column::kTakerBuyBase:
    case Column::kTakerBuyQuote:
      return Fold::kSum;
    case Column::kFundingRate:
    case Column::kMarkPrice:
    case Column::kFundingHours:
    case Column::kIndexPrice:
      break;  // events are not folded: can_resample()
  }
  return Fold::kSum;
}

/// Rows [begin, end) of `values`, at least one, as one.
Wide fold(Fold how, std::span<const std::int64_t> values) {
  switch (how) {
    case Fold::kFirst:
      return values.front();
    case Fold::kLast:
      return values.back();
    case Fold::kHighest:
      return *std::max_element(values.begin(), values.end());
    case Fold::kLowest:
      return *std::min_element(values.begin(), values.end());
    case Fold::kSum:
      break;
  }
  Wide sum = 0;
  for (const std::int64_t value : values) sum += value;
  return sum;
}

/// What is known of a bucket's column, and more of it; false where that has too many digits.
bool merge(Fold how, Exact& into, Exact more) {
  if (how == Fold::kFirst) return true;
  if (how == Fold::kLast) {
    into = more;
    return true;
  }
  if (!align(into, more)) return false;
  if (how == Fold::kSum) {
    return !__builtin_add_overflow(into.mantissa, more.mantissa, &into.mantissa);
  }
  const bool takes =
      how == Fold::kHighest ? more.mantissa > into.mantissa : more.mantissa < into.mantissa;
  if (takes) into = more;
  return true;
}

class Resampled final : public Scan {
 public:
  Resampled(std::unique_ptr<Scan> scan, Interval to) : scan_(std::move(scan)), to_(to) {}

  Result<bool> next(ScanBatch& batch) override {
    batch.rows.clear();
    batch.provenance.clear();
    batch.answers.clear();
    batch.folded.clear();
    batch.rows.columns = columns_;
    while (!ended_ && batch.folded.size() < kBucketsMax) {
      if (at_ < read_.rows.row_count()) {
        if (!same_columns(batch)) break;
        if (const Result<void> taken = take_rows(batch); !taken) return fail(taken.error());
        continue;
      }
      at_ = 0;
      const Result<bool> more = scan_->next(read_);
      if (!more) return more;
      if (!*more) {
        ended_ = true;
        finish_bucket(batch);
      }
    }
    return !batch.folded.empty();
  }

 private:
  /// A series may have columns in one part that it lacks in another: then a batch ends, and a bucket.
  bool same_columns(ScanBatch& batch) {
    if (count_ == 0 && batch.folded.empty()) batch.rows.columns = columns_ = read_.rows.columns;
    if (columns_ == read_.rows.columns) return true;
    if (count_ > 0) finish_bucket(batch);
    return false;
  }

  /// Folds the rows from at_ on that lie in one bucket.
  Result<void> take_rows(ScanBatch& batch) {
    const std::vector<TimeMs>& times = read_.rows.open_time();
    const TimeMs bucket = slot_begin(to_, times[at_]);
    if (count_ > 0 && bucket != bucket_) finish_bucket(batch);
    const auto limit = std::lower_bound(times.begin() + static_cast<std::ptrdiff_t>(at_),
                                        times.end(), next_slot(to_, bucket));
    const auto end = static_cast<std::size_t>(limit - times.begin());
    for (std::size_t i = 1; i < kColumnCount; ++i) {
      const auto column = static_cast<Column>(i);
      if (!columns_.contains(column)) continue;
      if (const Result<void> added = add(column, end); !added) return added;
    }
    bucket_ = bucket;
    count_ += static_cast<std::uint32_t>(end - at_);
    at_ = end;
    return {};
  }

  /// Adds rows [at_, end) of one column to the bucket.
  Result<void> add(Column column, std::size_t end) {
    const ColumnValues& values = read_.rows.column(column);
    const Fold how = fold_of(column);
    Exact& into = bucket_values_[static_cast<std::size_t>(column)];
    const auto& wide = read_.rows.wide;
    const bool plain = std::none_of(wide.begin(), wide.end(), [&](const WideValue& value) {
      return value.column == column && at_ <= value.row && value.row < end;
    });
    if (plain) {
      const Exact part{fold(how, std::span(values.values).subspan(at_, end - at_)), values.scale};
      return put(column, how, into, part, count_ == 0);
    }
    for (std::size_t row = at_; row < end; ++row) {
      const std::string text = read_.rows.text_at(column, row);
      const std::optional<Exact> value = exact_of(text);
      if (!value) return too_long(column, text);
      const Result<void> added = put(column, how, into, *value, count_ == 0 && row == at_);
      if (!added) return added;
    }
    return {};
  }

  static Result<void> put(Column column, Fold how, Exact& into, Exact part, bool first) {
    if (first) {
      into = part;
      return {};
    }
    if (merge(how, into, part)) return {};
    return too_long(column, text_of(part));
  }

  static Result<void> too_long(Column column, const std::string& text) {
    return fail(Code::kLimit, std::string(column_name(column)) + " " + text +
                                  " has too many digits to be folded with others exactly");
  }

  /// The bucket at hand as a row of `batch`; none is at hand then.
  void finish_bucket(ScanBatch& batch) {
    if (count_ == 0) return;
    batch.rows.columns = columns_;
    batch.rows.append(Column::kOpenTime, Decimal{bucket_, 0});
    for (std::size_t i = 1; i < kColumnCount; ++i) {
      const auto column = static_cast<Column>(i);
      if (!columns_.contains(column)) continue;
      const Exact& value = bucket_values_[i];
      const auto mantissa = static_cast<std::int64_t>(value.mantissa);
      if (mantissa == value.mantissa) {
        batch.rows.append(column, Decimal{mantissa, value.scale}.normalized());
      } else {
        batch.rows.append_wide(column, *canonical_decimal(text_of(value)));
      }
    }
    batch.folded.push_back(std::exchange(count_, 0));
  }

  std::unique_ptr<Scan> scan_;
  Interval to_;
  ScanBatch read_;
  std::size_t at_ = 0;  // the next row of read_
  ColumnSet columns_;
  TimeMs bucket_ = 0;  // and what its candles come to so far
  std::uint32_t count_ = 0;
  std::array<Exact, kColumnCount> bucket_values_{};
  bool ended_ = false;
};

}  // namespace

bool can_resample(Interval from, Interval to) noexcept {
  if (from == Interval::k1mo || from == Interval::kEvents) return false;
  const DurationMs length = interval_ms(from);
  if (to == Interval::k1mo) return kDayMs % length == 0;
  return interval_ms(to) > length && interval_ms(to) % length == 0;
}

std::unique_ptr<Scan> resample(std::unique_ptr<Scan> scan, Interval from, Interval to) {
  BF_ASSERT(can_resample(from, to));
  return std::make_unique<Resampled>(std::move(scan), to);
}

}  // namespace bf::store
