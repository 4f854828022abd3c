#include "engine/exchange/kline_scan.h"

namespace bf::exchange::binance {
namespace {

/// Digits of open and close times since 2001.
constexpr unsigned kTimeDigits = 13;
constexpr unsigned kWordDigits = 8;
constexpr std::uint64_t kWordPower = 100'000'000;
/// What may be looked at behind a place that is not known to be in the page, but for its padding.
constexpr std::ptrdiff_t kLookAhead = 2 + 2 * (kWordDigits + 1) + kWordDigits;

/// One function once it is compiled: a place in the page that is kept in a register is known sooner than
/// one that is handed over in memory, and the whole reading waits for it.
#define BF_SCAN [[gnu::always_inline]]

class KlineScan {
 public:
  KlineScan(std::string_view page, ColumnSet columns, CandleWriter& writer)
      : at_(page.data()), end_(at_ + page.size()), columns_(columns), writer_(writer) {}

  bool page() {
    if (!literal('[')) return false;
    do {
      if (!row()) return false;
    } while (literal(','));
    return literal(']') && at_ == end_;
  }

 private:
  BF_SCAN bool row() {
    return literal('[') && open_time() && price(Column::kOpen) && price(Column::kHigh) &&
           price(Column::kLow) && price(Column::kClose) && number(Column::kVolume) &&
           literal(',') && close_time() && number(Column::kQuoteVolume) && literal(',') &&
           trades() && number(Column::kTakerBuyBase) && number(Column::kTakerBuyQuote) &&
           ignored() && literal(']');
  }

  BF_SCAN bool literal(char byte) {
    // Behind the page lies its padding: that is no byte of any shape.
    if (*at_ != byte || at_ == end_) return false;
    ++at_;
    return true;
  }
  BF_SCAN bool open_time() {
    TimeMs time = 0;
    return time_of(time) && writer_.open_time(time);
  }
  BF_SCAN bool close_time() {
    TimeMs time = 0;
    return time_of(time) && writer_.close_time(time);
  }
  BF_SCAN bool time_of(TimeMs& time) {
    constexpr unsigned kHead = kTimeDigits - kWordDigits;
    if (end_ - at_ >= kLookAhead && at_[kTimeDigits] == ',') [[likely]] {
      const std::uint64_t head = digit_bytes(at_, kHead);
      const std::uint64_t tail = digit_bytes(at_ + kHead, kWordDigits);
      if ((strangers(head) | strangers(tail)) == 0) [[likely]] {
        time = static_cast<TimeMs>(value_of_digits(head) * kWordPower + value_of_digits(tail));
        at_ += kTimeDigits;
        return true;
      }
    }
    return behind(scan_whole_number(at_, end_, time));
  }
  BF_SCAN bool trades() {
    std::int64_t count = 0;
    if (!columns_.contains(Column::kTrades)) return behind(scan_whole_number(at_, end_, count));
    return behind(writer_.count(Column::kTrades, at_, end_));
  }
  BF_SCAN bool number(Column column) {
    if (!literal(',') || !literal('"')) return false;
    PlainNumber passed_over;
    const char* const next = columns_.contains(column) ? writer_.number(column, at_, end_)
                                                       : scan_plain_number(at_, end_, passed_over);
    return behind(next) && literal('"');
  }
  /// Prices mostly have as many digits as the one before. Where that holds, what follows is read without
  /// waiting for where this one ends: no address depends on it.
  BF_SCAN bool price(Column column) {
    const char* const first = at_ + 2;
    const char* const point = first + whole_;
    const char* const stop = point + 1 + places_;
    if (end_ - at_ >= kLookAhead && at_[0] == ',' && at_[1] == '"' && *point == '.' && *stop == '"')
        [[likely]] {
      const std::uint64_t before = digit_bytes(first, whole_);
      const std::uint64_t behind_point = digit_bytes(point + 1, places_);
      if ((strangers(before) | strangers(behind_point)) == 0) [[likely]] {
        const std::uint64_t mantissa =
            value_of_digits(before) * places_factor_ + value_of_digits(behind_point);
        writer_.plain_number(column,
                             {static_cast<std::int64_t>(mantissa), static_cast<int>(places_)});
        at_ = stop + 1;
        return true;
      }
    }
    return unlike_price(column);
  }
  /// A price with other numbers of digits, which are those to expect from here on.
  [[gnu::noinline]] bool unlike_price(Column column) {
    const char* const first = at_ + 2;
    if (!number(column)) return false;
    PlainNumber read;
    const char* const stop = at_ - 1;
    if (scan_plain_number(first, stop, read) != stop || read.scale == 0) return true;
    const auto places = static_cast<unsigned>(read.scale);
    const auto whole = static_cast<unsigned>(stop - first) - 1 - places;
    if (whole == 0 || whole > kWordDigits || places > kWordDigits) return true;
    whole_ = whole;
    places_ = places;
    places_factor_ = kPowersOfTen[places];
    return true;
  }
  BF_SCAN bool ignored() {
    PlainNumber passed_over;
    return literal(',') && literal('"') && behind(scan_plain_number(at_, end_, passed_over)) &&
           literal('"');
  }
  BF_SCAN bool behind(const char* next) {
    if (next == nullptr) return false;
    at_ = next;
    return true;
  }

  const char* at_;
  const char* end_;
  ColumnSet columns_;
  CandleWriter& writer_;
  // Of the last price: digits before its point and behind it.
  unsigned whole_ = 1;
  unsigned places_ = 1;
  std::uint64_t places_factor_ = 10;
};

}  // namespace

bool scan_klines(std::string_view padded_body, ColumnSet columns, CandleWriter& writer) {
  return KlineScan(padded_body, columns, writer).page();
}

}  // namespace bf::exchange::binance
