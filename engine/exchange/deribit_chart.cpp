// The candles:
//
//   {"result":{"status":"ok","ticks":[ms,...],"open":[...],"high":[...],"low":[...],"close":[...],
//              "volume":[...],"cost":[...]},...}
//
// in any order of members. `status` is "no_data" where there is no candle; the arrays are then empty or
// not there at all. volume counts base units, cost quote units, on inverse contracts too.
#include "engine/exchange/column_arrays.h"
#include "engine/exchange/deribit.h"
#include "engine/exchange/json_members.h"

namespace bf::exchange::deribit {
namespace {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

struct Member {
  std::string_view name;
  Column column;
};
constexpr std::array kMembers = {
    Member{"ticks", Column::kOpenTime},   Member{"open", Column::kOpen},
    Member{"high", Column::kHigh},        Member{"low", Column::kLow},
    Member{"close", Column::kClose},      Member{"volume", Column::kVolume},
    Member{"cost", Column::kQuoteVolume},
};

class ChartReader {
 public:
  ChartReader(ColumnSet columns, ColumnArrays& arrays) : columns_(columns), arrays_(arrays) {
    arrays_.clear();
  }

  /// A member of the whole answer.
  bool read_member(std::string_view key, value content) {
    if (key != "result") return true;
    if (has_result_) return failed("two results");
    has_result_ = true;
    object result;
    if (content.get_object().get(result) != simdjson::SUCCESS) {
      return failed("the result is no object");
    }
    return json::for_each_member(result, [this](std::string_view name, value array) {
      return read_result_member(name, array);
    });
  }

  /// Once all members were read.
  bool finish() {
    if (!has_result_) return failed("no result in it");
    if (status_ == "no_data" && arrays_.empty()) {
      arrays_.clear();
      return true;
    }
    if (status_ != "ok") return failed("its status is \"" + printable(status_, 40) + "\"");
    return arrays_.complete(columns_) || failed(arrays_.error());
  }

  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  bool read_result_member(std::string_view key, value content) {
    if (key == "status") {
      return (status_.empty() && json::read_text(content, status_)) ||
             failed("status cannot be read");
    }
    for (const Member& member : kMembers) {
      if (key == member.name) {
        return arrays_.read(member.column, content) || failed(arrays_.error());
      }
    }
    return true;
  }
  bool failed(std::string_view what) {
    if (error_.empty()) error_ = what;
    return false;
  }

  ColumnSet columns_;
  ColumnArrays& arrays_;
  bool has_result_ = false;
  std::string status_;
  std::string error_;
};

Result<void> write_rows(Interval interval, ColumnSet columns, const ColumnArrays& arrays,
                        CandleBatch& out) {
  CandleWriter writer(interval, columns, out);
  const std::size_t rows = arrays.has(Column::kOpenTime) ? arrays.rows() : 0;
  out.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    for (const Member& member : kMembers) {
      const std::string_view text = arrays.text(member.column, row);
      if (member.column == Column::kOpenTime) {
        TimeMs time = 0;
        if (read_whole_number(text, time) && writer.open_time(time)) continue;
      } else if (write_number(writer, member.column, text)) {
        continue;
      }
      return fail(cell_error(row, member.column, text));
    }
  }
  return {};
}

tl::unexpected<Error> chart_error(std::string_view what, std::string_view body) {
  return fail(Code::kProtocol,
              "not an answer with candles: " + std::string(what) + ": \"" + printable(body) + "\"");
}

}  // namespace

Result<void> parse_chart(Interval interval, ColumnSet columns, std::string_view padded_body,
                         CandleBatch& out) {
  // One a thread, kept: its room is that of the largest page so far.
  thread_local ColumnArrays arrays;
  out.clear();
  out.columns = columns;
  ChartReader reader(columns, arrays);
  const auto read = [&reader](object members) {
    return json::for_each_member(members, [&reader](std::string_view key, value content) {
      return reader.read_member(key, content);
    });
  };
  const std::string wrong = json::read_document(padded_body, reader.error(), read);
  if (!wrong.empty()) return chart_error(wrong, padded_body);
  if (!reader.finish()) return chart_error(reader.error(), padded_body);
  Result<void> written = write_rows(interval, columns, arrays, out);
  if (!written) out.clear();  // a row may have been written by half
  return written;
}

}  // namespace bf::exchange::deribit
