// The candles of a chart (yahoo.h), read in one pass; members come in any order.
#include "engine/exchange/column_arrays.h"
#include "engine/exchange/json_members.h"
#include "engine/exchange/yahoo.h"

namespace bf::exchange::yahoo {
namespace {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

struct Member {
  std::string_view name;
  Column column;
};
constexpr std::array kQuoteMembers = {Member{"open", Column::kOpen}, Member{"high", Column::kHigh},
                                      Member{"low", Column::kLow}, Member{"close", Column::kClose},
                                      Member{"volume", Column::kVolume}};

/// The one object of an array of exactly one.
template <class Read>
bool read_only_object(value list, Read read) {
  int objects = 0;
  const bool done =
      json::for_each_object(list, [&](object content) { return ++objects == 1 && read(content); });
  return done && objects == 1;
}

class ChartReader {
 public:
  explicit ChartReader(ColumnArrays& arrays) : arrays_(arrays) { arrays_.clear(); }

  bool read_document(object members) {
    return json::for_each_member(members, [this](std::string_view key, value content) {
      if (key != "chart") return true;
      object chart;
      if (++charts_ > 1 || content.get_object().get(chart) != simdjson::SUCCESS) return false;
      return json::for_each_member(chart, [this](std::string_view name, value inner) {
        return name != "result" || read_result(inner);
      });
    });
  }
  /// Once the document was read.
  bool finish(Interval interval, ColumnSet columns) {
    if (results_ != 1) return failed("no result in it");
    const std::string_view asked = interval_text(interval);
    if (!granularity_.empty() && granularity_ != asked && !(granularity_ == "60m" && asked == "1h"))
      return failed("candles of \"" + printable(granularity_, 20) + "\" came for " +
                    std::string(asked));
    if (!arrays_.has(Column::kOpenTime) && arrays_.empty()) return true;
    return arrays_.complete(columns) || failed(arrays_.error());
  }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  bool read_result(value list) {
    if (++results_ > 1) return failed("two results");
    return read_only_object(list,
                            [this](object result) {
                              return json::for_each_member(
                                  result, [this](std::string_view key, value content) {
                                    if (key == "timestamp")
                                      return read_array(Column::kOpenTime, content);
                                    if (key == "meta") return read_meta(content);
                                    if (key == "indicators") return read_indicators(content);
                                    return true;
                                  });
                            }) ||
           failed("the result is not one object");
  }
  bool read_meta(value content) {
    object meta;
    if (content.get_object().get(meta) != simdjson::SUCCESS) return failed("meta is no object");
    return json::for_each_member(meta, [this](std::string_view key, value inner) {
      return key != "dataGranularity" || json::read_text(inner, granularity_);
    });
  }
  bool read_indicators(value content) {
    object indicators;
    if (content.get_object().get(indicators) != simdjson::SUCCESS) {
      return failed("indicators is no object");
    }
    return json::for_each_member(indicators, [this](std::string_view key, value list) {
      if (key != "quote") return true;
      return read_only_object(list, [this](object quote) { return read_quote(quote); }) ||
             failed("quote is not one object");
    });
  }
  bool read_quote(object quote) {
    return json::for_each_member(quote, [this](std::string_view key, value array) {
      for (const Member& member : kQuoteMembers) {
        if (key == member.name) return read_array(member.column, array);
      }
      return true;
    });
  }
  bool read_array(Column column, value array) {
    return arrays_.read(column, array) || failed(arrays_.error());
  }
  bool failed(std::string_view what) {
    if (error_.empty()) error_ = what;
    return false;
  }

  ColumnArrays& arrays_;
  int charts_ = 0;
  int results_ = 0;
  std::string granularity_;
  std::string error_;
};

bool is_null(std::string_view text) noexcept {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1) == "null";
}

bool has_null_price(const ColumnArrays& arrays, std::size_t row) {
  for (const Column price : {Column::kOpen, Column::kHigh, Column::kLow, Column::kClose}) {
    if (is_null(arrays.text(price, row))) return true;
  }
  return false;
}

Result<void> write_rows(Interval interval, ColumnSet columns, const ColumnArrays& arrays,
                        CandleBatch& out) {
  constexpr std::int64_t kMinuteSeconds = 60;
  CandleWriter writer(interval, columns, out);
  const std::size_t rows = arrays.has(Column::kOpenTime) ? arrays.rows() : 0;
  out.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::string_view time_text = arrays.text(Column::kOpenTime, row);
    std::int64_t seconds = 0;
    const bool read = read_whole_number(time_text, seconds) && seconds < kTimeMax / kSecondMs;
    if (!read) return fail(cell_error(row, Column::kOpenTime, time_text));
    if (seconds % kMinuteSeconds != 0 || has_null_price(arrays, row)) continue;
    if (!writer.open_time(seconds * kSecondMs)) {
      return fail(cell_error(row, Column::kOpenTime, time_text));
    }
    for (const Member& member : kQuoteMembers) {
      const std::string_view text = arrays.text(member.column, row);
      const bool no_volume = member.column == Column::kVolume && is_null(text);
      if (!write_number(writer, member.column, no_volume ? "0" : text)) {
        return fail(cell_error(row, member.column, text));
      }
    }
  }
  return {};
}

tl::unexpected<Error> chart_error(std::string_view what, std::string_view body) {
  return fail(Code::kProtocol,
              "not a chart: " + std::string(what) + ": \"" + printable(body) + "\"");
}

}  // namespace

Result<void> parse_chart(Interval interval, ColumnSet columns, std::string_view padded_body,
                         CandleBatch& out) {
  // One a thread, kept: its room is that of the largest page so far.
  thread_local ColumnArrays arrays;
  out.clear();
  out.columns = columns;
  ChartReader reader(arrays);
  const auto read = [&reader](object members) { return reader.read_document(members); };
  const std::string wrong = json::read_document(padded_body, reader.error(), read);
  if (!wrong.empty()) return chart_error(wrong, padded_body);
  if (!reader.finish(interval, columns)) return chart_error(reader.error(), padded_body);
  Result<void> written = write_rows(interval, columns, arrays, out);
  if (!written) out.clear();  // a row may have been written by half
  return written;
}

}  // namespace bf::exchange::yahoo
