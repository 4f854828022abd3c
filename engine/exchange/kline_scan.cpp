#include "engine/exchange/kline_scan.h"

#include "engine/exchange/kline_rows.h"
#include "engine/exchange/number_rows.h"

namespace bf::exchange::binance {
namespace {

class KlineScan {
 public:
  KlineScan(std::string_view page, ColumnSet columns, CandleWriter& writer)
      : at_(page.data()),
        end_(at_ + page.size()),
        columns_(columns),
        writer_(writer),
        reader_(page, RowText::kJson) {}

  bool page() {
    if (!literal('[')) return false;
    NumberRows rows;
    do {
      at_ = reader_.read(at_, rows);
      if (write_rows(rows, columns_, writer_) != rows.count || !row()) return false;
    } while (literal(','));
    return literal(']') && at_ == end_;
  }

 private:
  bool row() {
    return literal('[') && open_time() && number(Column::kOpen) && number(Column::kHigh) &&
           number(Column::kLow) && number(Column::kClose) && number(Column::kVolume) &&
           literal(',') && close_time() && number(Column::kQuoteVolume) && literal(',') &&
           trades() && number(Column::kTakerBuyBase) && number(Column::kTakerBuyQuote) &&
           ignored() && literal(']');
  }

  bool literal(char byte) {
    // Behind the page lies its padding: that is no byte of any shape.
    if (*at_ != byte || at_ == end_) return false;
    ++at_;
    return true;
  }
  bool open_time() {
    TimeMs time = 0;
    return behind(scan_whole_number(at_, end_, time)) && writer_.open_time(time);
  }
  bool close_time() {
    TimeMs time = 0;
    return behind(scan_whole_number(at_, end_, time)) && writer_.close_time(time);
  }
  bool trades() {
    std::int64_t count = 0;
    if (!columns_.contains(Column::kTrades)) return behind(scan_whole_number(at_, end_, count));
    return behind(writer_.count(Column::kTrades, at_, end_));
  }
  bool number(Column column) {
    if (!literal(',') || !literal('"')) return false;
    PlainNumber passed_over;
    const char* const next = columns_.contains(column) ? writer_.number(column, at_, end_)
                                                       : scan_plain_number(at_, end_, passed_over);
    return behind(next) && literal('"');
  }
  bool ignored() {
    PlainNumber passed_over;
    return literal(',') && literal('"') && behind(scan_plain_number(at_, end_, passed_over)) &&
           literal('"');
  }
  bool behind(const char* next) {
    if (next == nullptr) return false;
    at_ = next;
    return true;
  }

  const char* at_;
  const char* end_;
  ColumnSet columns_;
  CandleWriter& writer_;
  NumberRowReader reader_;
};

}  // namespace

bool scan_klines(std::string_view padded_body, ColumnSet columns, CandleWriter& writer) {
  return KlineScan(padded_body, columns, writer).page();
}

}  // namespace bf::exchange::binance
