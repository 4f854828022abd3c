#include "engine/sim/yahoo_venue.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "engine/sim/column_text.h"
#include "engine/sim/json_text.h"

namespace bf::sim {
namespace {

constexpr std::string_view kBase = "/v8/finance/chart/";
constexpr std::int64_t kRequestsPerMinute = 60;
constexpr DurationMs kMinutesSpanMax = 8 * kDayMs;
constexpr std::string_view kTooMany = "Too Many Requests\r\n";
constexpr std::pair<std::string_view, Interval> kIntervals[] = {
    {"1m", Interval::k1m},
    {"5m", Interval::k5m},
    {"15m", Interval::k15m},
    {"1h", Interval::k1h},
};

DurationMs reach_of(Interval interval) {
  if (interval == Interval::k1m) return 30 * kDayMs;
  return interval == Interval::k1h ? 730 * kDayMs : 60 * kDayMs;
}

std::string error_body(std::string_view code, std::string_view description) {
  std::string error;
  JsonObject(error).text("code", code).text("description", description).end();
  return R"({"chart":{"result":null,"error":)" + error + "}}";
}

RestError refusal(int status, std::string_view code, std::string_view description) {
  return {0, error_body(code, description), status};
}

std::optional<TimeMs> read_time(const Query& query, std::string_view name) {
  const std::string_view text = query.parameter(name).value_or("");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return seconds * kSecondMs;
}

/// The columns of an answer, with what Yahoo puts between and behind the candles.
class Table {
 public:
  Table(Interval interval, bool nulls) : interval_(interval), nulls_(nulls) {}

  void add(const Columns& columns) {
    TimeMs expected = 0;
    for (std::size_t i = 0; i < columns.open_times.size(); ++i) {
      const TimeMs open = std::stoll(columns.open_times[i]);
      if (nulls_ && expected != 0 && open > expected) add_nulls(expected);
      add_time(open);
      open_.push_back(columns.open[i]);
      high_.push_back(columns.high[i]);
      low_.push_back(columns.low[i]);
      close_.push_back(columns.close[i]);
      const bool quiet = columns.volume[i] == "0.0";
      volume_.push_back(quiet && nulls_ ? "null" : columns.volume[i]);
      expected = next_slot(interval_, open);
    }
  }
  void add_live_price(TimeMs now) {
    if (times_.empty()) return;
    add_time(now / kMinuteMs * kMinuteMs + 17 * kSecondMs);
    for (auto* const column : {&open_, &high_, &low_, &close_}) column->push_back(column->back());
    volume_.emplace_back("0");
  }
  [[nodiscard]] std::string result(std::string_view symbol, std::string_view granularity) const {
    std::string meta;
    JsonObject(meta)
        .text("currency", "USD")
        .text("symbol", symbol)
        .text("dataGranularity", granularity)
        .end();
    std::string quote;
    JsonObject arrays(quote);
    if (!times_.empty()) {
      arrays.raw("close", number_array(close_))
          .raw("volume", number_array(volume_))
          .raw("low", number_array(low_))
          .raw("open", number_array(open_))
          .raw("high", number_array(high_));
    }
    arrays.end();
    std::string json;
    JsonObject result(json);
    result.raw("meta", meta);
    if (!times_.empty()) result.raw("timestamp", number_array(times_));
    result.raw("indicators", "{\"quote\":[" + quote + "]}").end();
    return R"({"chart":{"result":[)" + json + R"(],"error":null}})";
  }

 private:
  void add_time(TimeMs open) { times_.push_back(std::to_string(open / kSecondMs)); }
  void add_nulls(TimeMs open) {
    add_time(open);
    for (auto* const column : {&open_, &high_, &low_, &close_, &volume_}) {
      column->emplace_back("null");
    }
  }

  Interval interval_;
  bool nulls_;
  std::vector<std::string> times_, open_, high_, low_, close_, volume_;
};

}  // namespace

YahooVenue::YahooVenue(const Truth& truth, const YahooOptions& options, bool enforced)
    : truth_(truth), options_(options), limits_({{kRequestsPerMinute, kMinuteMs, 0}}, enforced) {}

std::optional<RestCall> YahooVenue::read(const Query& query) const {
  if (!query.path.starts_with(kBase)) return std::nullopt;
  RestCall call;
  call.market = Market::kYahooChart;
  call.endpoint = Endpoint::kKlines;
  call.symbol = query.path.substr(kBase.size());
  call.start = read_time(query, "period1");
  const std::optional<TimeMs> end = read_time(query, "period2");
  if (end) call.end = *end - 1;
  call.detail = query.parameter("interval").value_or("");
  const auto* const known =
      std::find_if(std::begin(kIntervals), std::end(kIntervals),
                   [&call](const auto& entry) { return entry.first == call.detail; });
  if (known == std::end(kIntervals) || !call.start || !end) {
    call.error = refusal(400, "Bad Request", "Invalid input - a parameter is not supported.");
    return call;
  }
  call.interval = known->second;
  return call;
}

Admission YahooVenue::admit(const RestCall& call, TimeMs now) {
  const RequestVerdict verdict = limits_.charge(call.weight, now);
  Admission admission;
  admission.out_of_turn = verdict.out_of_turn;
  if (!verdict.refused && !options_.turns_away) return admission;
  net::ServerResponse refused;
  refused.status = 429;
  refused.body = kTooMany;
  refused.headers.emplace_back("Content-Type", "text/plain");
  admission.refusal = std::move(refused);
  return admission;
}

RestAnswer YahooVenue::answer(const RestCall& call, TimeMs now, const RowChange& change) const {
  if (call.error) return {call.error->status, call.error->message, {}};
  const SimInstrument* const instrument = find_instrument(truth_, Market::kYahooChart, call.symbol);
  if (instrument == nullptr) {
    return {404, error_body("Not Found", "No data found, symbol may be delisted"), {}};
  }
  const bool long_span =
      call.interval == Interval::k1m && *call.end - *call.start > kMinutesSpanMax;
  if (long_span || *call.start < now - reach_of(call.interval)) {
    return {422,
            error_body("Unprocessable Entity", call.detail + " data not available for this range."),
            {}};
  }
  RowQuery query;
  query.opens = {*call.start, std::min(*call.end, now) + 1};
  query.rows_max = std::numeric_limits<std::size_t>::max();
  std::string rows;
  const SimSeries series{Market::kYahooChart, call.symbol, call.interval};
  RestAnswer answer;
  answer.rows = truth_.append_rows(series, query, rows);
  if (answer.rows.rows > 0 && change) change(rows);
  Table table(call.interval, options_.nulls);
  table.add(columns_of(rows));
  if (*call.end >= now) table.add_live_price(now);
  answer.body = table.result(call.symbol, call.detail);
  return answer;
}

std::string YahooVenue::status_body(int status) const {
  if (status == 429 || status == 418) return std::string(kTooMany);
  if (status == 451) return error_body("Forbidden", "Not available in your region.");
  return error_body("Internal Server Error", "Will be right back");
}

void YahooVenue::expect_silence(Market /*market*/, TimeMs now, TimeMs until) {
  limits_.expect_silence(now, until);
}

}  // namespace bf::sim
