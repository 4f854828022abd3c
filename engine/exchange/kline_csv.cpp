#include "engine/exchange/kline_csv.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/exchange/candle_writer.h"
#include "engine/exchange/kline_rows.h"
#include "engine/exchange/number_rows.h"
#include "store/base/series.h"

namespace bf::exchange::binance {
namespace {

constexpr std::size_t kFields = 12;
/// Times above this are microseconds: as milliseconds it is the year 2286, as microseconds 1970.
constexpr std::int64_t kMillisecondsMax = 10'000'000'000'000;

class CsvReader {
 public:
  CsvReader(Interval interval, ColumnSet columns, std::string_view csv, CandleBatch& out)
      : columns_(columns),
        writer_(interval, columns, out),
        at_(csv.data()),
        end_(csv.data() + csv.size()),
        reader_(csv, RowText::kCsv) {}

  Result<void> read() {
    if (at_ == end_) return fail(Code::kProtocol, "the csv is empty");
    if (Result<void> header = skip_header(); !header) return header;
    if (at_ != end_) detect_unit();
    while (at_ != end_) {
      read_rows();
      if (at_ == end_) break;
      if (!read_row()) return fail(line_error());
      ++line_;
    }
    return {};
  }

 private:
  // A digit in front means that there is no header line. Anything else must look like one, so that a
  // page of a proxy is not taken for a file without rows.
  Result<void> skip_header() {
    if (*at_ >= '0' && *at_ <= '9') return {};
    const char* const line_end = std::find(at_, end_, '\n');
    const auto commas = std::count(at_, line_end, ',');
    if (*at_ != 'o' || commas + 1 != static_cast<std::ptrdiff_t>(kFields))
      return fail(line_error());
    at_ = line_end == end_ ? end_ : line_end + 1;
    ++line_;
    return {};
  }

  void detect_unit() {
    std::int64_t time = 0;
    const char* const next = scan_whole_number(at_, end_, time);
    microseconds_ = next != nullptr && time > kMillisecondsMax;
  }

  /// As many rows together as may be, up to one that read_row() finds something wrong with.
  void read_rows() {
    const char* const begin = at_;
    at_ = reader_.read(at_, rows_);
    const std::size_t rows = rows_.count;
    rows_.count = times_in_ms(rows_);
    const std::size_t written = write_rows(rows_, columns_, writer_);
    line_ += written;
    if (written == rows) return;
    at_ = begin;
    for (std::size_t row = 0; row < written; ++row) at_ = std::find(at_, end_, '\n') + 1;
  }

  /// How many of the rows have sound times, which are then in milliseconds.
  std::size_t times_in_ms(NumberRows& rows) {
    auto& open_times = rows.mantissas[kOpenTimeNumber];
    auto& close_times = rows.mantissas[kCloseTimeNumber];
    for (std::size_t row = 0; row < rows.count; ++row) {
      if (!in_unit(open_times[row]) || !in_unit(close_times[row])) return row;
      if (!microseconds_) continue;
      if (open_times[row] % 1'000 != 0) return row;
      open_times[row] /= 1'000;
      close_times[row] /= 1'000;
    }
    return rows.count;
  }

  bool read_row() {
    line_begin_ = at_;
    std::int64_t open_time = 0;
    if (!field(scan_whole_number(at_, end_, open_time))) return false;
    if (!in_unit(open_time)) return false;
    // A tenth of a millisecond would be lost: no candle begins there.
    if (microseconds_ && open_time % 1'000 != 0) return false;
    if (!writer_.open_time(to_ms(open_time))) return false;
    return number(Column::kOpen) && number(Column::kHigh) && number(Column::kLow) &&
           number(Column::kClose) && number(Column::kVolume) && close_time() &&
           number(Column::kQuoteVolume) && trades() && number(Column::kTakerBuyBase) &&
           number(Column::kTakerBuyQuote) && ignored_to_line_end();
  }

  bool close_time() {
    std::int64_t time = 0;
    // The last microsecond of a candle is stored as its last millisecond.
    return field(scan_whole_number(at_, end_, time)) && in_unit(time) &&
           writer_.close_time(to_ms(time));
  }

  bool number(Column column) {
    if (!columns_.contains(column)) return skip_field();
    return field(writer_.number(column, at_, end_));
  }

  bool trades() {
    if (!columns_.contains(Column::kTrades)) return skip_field();
    return field(writer_.count(Column::kTrades, at_, end_));
  }

  /// Steps behind the comma that must stand at `next`.
  bool field(const char* next) {
    if (next == nullptr || next == end_ || *next != ',') return false;
    at_ = next + 1;
    return true;
  }

  bool skip_field() {
    while (at_ != end_ && *at_ != ',' && *at_ != '\n') ++at_;
    return field(at_);
  }

  bool ignored_to_line_end() {
    while (at_ != end_ && *at_ != '\n') {
      if (*at_ == ',') return false;
      ++at_;
    }
    if (at_ != end_) ++at_;
    return true;
  }

  bool in_unit(std::int64_t time) {
    unit_changed_ = (time > kMillisecondsMax) != microseconds_;
    return !unit_changed_;
  }
  [[nodiscard]] TimeMs to_ms(std::int64_t time) const noexcept {
    return microseconds_ ? time / 1'000 : time;
  }

  [[nodiscard]] Error line_error() const {
    const char* const begin = line_begin_ == nullptr ? at_ : line_begin_;
    const char* const line_end = std::find(begin, end_, '\n');
    const std::string_view line(begin, static_cast<std::size_t>(line_end - begin));
    const std::string_view unit = microseconds_ ? "microseconds" : "milliseconds";
    std::string message = "csv line " + std::to_string(line_) + ": ";
    if (unit_changed_) {
      message.append("a time that is not in ").append(unit).append(" as those above: \"");
    } else {
      message.append("not a candle of 12 columns: \"");
    }
    message.append(printable(line)).append("\"");
    return Error(unit_changed_ ? Code::kDataQuality : Code::kProtocol, std::move(message));
  }

  ColumnSet columns_;
  CandleWriter writer_;
  const char* at_;
  const char* end_;
  const char* line_begin_ = nullptr;
  std::size_t line_ = 1;
  bool microseconds_ = false;
  bool unit_changed_ = false;
  NumberRowReader reader_;
  NumberRows rows_;
};

}  // namespace

Result<CandleBatch> parse_kline_csv(Interval interval, ColumnSet columns, std::string_view csv) {
  CandleBatch batch;
  CsvReader reader(interval, columns, csv, batch);
  batch.reserve(csv.size() / kRowBytesMin);
  const Result<void> read = reader.read();
  if (!read) return fail(read.error());
  return batch;
}

}  // namespace bf::exchange::binance
