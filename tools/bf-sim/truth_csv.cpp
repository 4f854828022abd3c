#include "tools/bf-sim/truth_csv.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "engine/sim/kline_text.h"
#include "store/base/last_error.h"

namespace bf::tools {
namespace {

struct NamedSeries {
  sim::Market market = sim::Market::kUm;
  std::string symbol;
  Interval interval = Interval::k1m;
};

Result<NamedSeries> parse_series(const std::string& text) {
  NamedSeries series;
  std::string rest;
  for (const sim::Market market : sim::kMarkets) {
    const std::string folder = std::string(sim::market_name(market)) + "/";
    if (!text.starts_with(folder)) continue;
    series.market = market;
    rest = text.substr(folder.size());
  }
  const std::size_t slash = rest.rfind('/');
  const bool events = slash != std::string::npos && rest.substr(slash + 1) == "events";
  if (events) series.interval = Interval::kEvents;
  if (slash == std::string::npos || slash == 0 ||
      (!events && !sim::parse_archive_interval(rest.substr(slash + 1), series.interval))) {
    return fail(Code::kUsage,
                "--truth-csv: \"" + text + "\" is not a series such as binance/um/BTCUSDT/1m");
  }
  series.symbol = rest.substr(0, slash);
  return series;
}

Result<void> print_funding(const sim::Truth& truth, const NamedSeries& series, TimeRange range) {
  const sim::RowQuery all{range, std::numeric_limits<std::size_t>::max(), false};
  std::string csv;
  for (const sim::FundingEvent& event : truth.funding(series.market, series.symbol, all)) {
    csv.append(std::to_string(event.time)).append(",").append(event.rate);
    csv.append(",").append(event.mark_price).append("\n");
  }
  const bool written = std::fwrite(csv.data(), 1, csv.size(), stdout) == csv.size();
  if (!written || std::fflush(stdout) != 0) return fail(LastError().at("write to stdout"));
  return {};
}

}  // namespace

Result<void> print_truth_csv(const sim::Truth& truth, const std::vector<std::string>& arguments) {
  constexpr std::size_t kRowsAtOnce = 50'000;
  const Result<NamedSeries> series = parse_series(arguments.at(0));
  if (!series) return fail(series.error());
  const Result<TimeMs> from = parse_time(arguments.at(1));
  if (!from) return fail(from.error().at("--truth-csv"));
  const Result<TimeMs> to = parse_time(arguments.at(2));
  if (!to) return fail(to.error().at("--truth-csv"));
  if (series->interval == Interval::kEvents) return print_funding(truth, *series, {*from, *to});
  const std::vector<Interval> intervals = truth.intervals(series->market, series->symbol);
  if (std::find(intervals.begin(), intervals.end(), series->interval) == intervals.end()) {
    return fail(Code::kNotFound, "--truth-csv: there is no series " + arguments[0]);
  }
  const sim::SimSeries name{series->market, series->symbol, series->interval};
  TimeRange left{*from, *to};
  while (true) {
    std::string json;
    const sim::RowsInfo rows = truth.append_rows(name, {left, kRowsAtOnce, false}, json);
    if (rows.rows == 0) break;
    std::string csv;
    sim::append_csv(json, false, csv);
    if (std::fwrite(csv.data(), 1, csv.size(), stdout) != csv.size()) {
      return fail(LastError().at("write to stdout"));
    }
    left.from = rows.last_open + 1;
  }
  if (std::fflush(stdout) != 0) return fail(LastError().at("write to stdout"));
  return {};
}

}  // namespace bf::tools
