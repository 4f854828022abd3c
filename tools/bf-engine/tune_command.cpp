#include <fmt/format.h>

#include "engine/backfill/tune.h"
#include "tools/bf-engine/ask_network.h"
#include "tools/bf-engine/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/network_options.h"
#include "tools/cli/program.h"
#include "tools/cli/text.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using backfill::TuneEnd;
using backfill::TuneReport;
using backfill::TuneStep;
using cli::Json;

constexpr const char* kProgram = "bf-engine";
constexpr std::int64_t kSecondsMax = 600;

Result<backfill::RunOptions> options_of(const TuneFlags& flags) {
  if (flags.exchange.empty()) return fail(Code::kUsage, "name the exchange: --exchange binance");
  const auto markets = exchange::markets_of(flags.exchange);
  if (!markets) return fail(markets.error());
  backfill::RunOptions options;
  backfill::Selection& selection = options.selections.emplace_back();
  selection.exchange = flags.exchange;
  selection.market = flags.market.empty() ? std::string(markets->front()->market()) : flags.market;
  if (!flags.symbol.empty()) selection.symbols.push_back(flags.symbol);
  const Result<void> share = cli::set_max_weight(flags.max_weight, options);
  if (!share) return fail(share.error());
  const Result<void> set =
      cli::set_network_options(flags.network, cli::process_environment(), options);
  if (!set) return fail(set.error());
  return options;
}

Result<TuneReport> tune_now(const TuneFlags& flags, int& signal) {
  Result<backfill::RunOptions> options = options_of(flags);
  if (!options) return fail(options.error());
  const auto seconds = cli::parse_positive("seconds", flags.seconds, kSecondsMax);
  if (!seconds) return fail(seconds.error());
  return ask_network(flags.network.ca_file, signal,
                     [&](async::Loop& loop, net::Transport& transport, async::CancelToken cancel) {
                       return backfill::tune_source(loop, transport, std::move(*options),
                                                    *seconds * kSecondMs, cancel);
                     });
}

std::string_view end_name(TuneEnd end) noexcept {
  switch (end) {
    case TuneEnd::kLimits:
      return "limits";
    case TuneEnd::kNoFaster:
      return "no-faster";
    case TuneEnd::kMost:
      break;
  }
  return "most";
}

std::string reason_of(const TuneReport& report) {
  if (report.end == TuneEnd::kLimits) return "reach what the limits allow";
  if (report.end == TuneEnd::kNoFaster) return "are as fast as more";
  return "are the most that was tried";
}

std::string report_text(const TuneReport& report) {
  std::string text = fmt::format("{} {}, pages of {} candles", report.source,
                                 printable(report.symbol, 40), report.page_rows);
  if (report.limit_per_second > 0) {
    text += fmt::format("; the limits allow {:.1f} requests/s", report.limit_per_second);
  }
  cli::TextTable table(
      {"in flight", "requests", "requests/s", "candles/s", "median", "p99", "KiB/s"});
  for (const TuneStep& step : report.steps) {
    table.add({fmt::format("{}{}", step.in_flight, step.held_back ? " (held back)" : ""),
               cli::format_count(step.requests), fmt::format("{:.1f}", step.requests_per_second),
               cli::format_count(static_cast<std::int64_t>(step.candles_per_second)),
               fmt::format("{:.1f} ms", step.median_ms), fmt::format("{:.1f} ms", step.p99_ms),
               cli::format_count(static_cast<std::int64_t>(step.bytes_per_second / 1'024))});
  }
  text += "\n" + table.text();
  text += fmt::format(
      "\n{} in flight {}: --concurrency {}, BF_CONCURRENCY={} or `concurrency = {}` "
      "in bf.toml\n",
      report.concurrency, reason_of(report), report.concurrency, report.concurrency,
      report.concurrency);
  return text;
}

std::string report_json(const TuneReport& report) {
  Json steps = Json::array();
  for (const TuneStep& step : report.steps) {
    steps.push_back(Json{{"in_flight", step.in_flight},
                         {"requests", step.requests},
                         {"requests_per_second", step.requests_per_second},
                         {"candles_per_second", step.candles_per_second},
                         {"bytes_per_second", step.bytes_per_second},
                         {"median_ms", step.median_ms},
                         {"p99_ms", step.p99_ms},
                         {"held_back", step.held_back}});
  }
  const bool limited = report.limit_per_second > 0;
  return cli::json_text(
      Json{{"command", "tune"},
           {"version", BF_VERSION},
           {"exit", 0},
           {"source", report.source},
           {"symbol", report.symbol},
           {"page_rows", report.page_rows},
           {"limit_requests_per_second", limited ? Json(report.limit_per_second) : Json(nullptr)},
           {"steps", std::move(steps)},
           {"ended_by", std::string(end_name(report.end))},
           {"concurrency", report.concurrency}});
}

Result<Exit> work(const TuneFlags& flags) {
  int signal = 0;
  const Result<TuneReport> report = tune_now(flags, signal);
  if (!report && report.error().code() == Code::kCancelled) {
    constexpr int kTerminate = 15;
    return signal == kTerminate ? Exit::kTerminated : Exit::kInterrupted;
  }
  if (!report) return fail(report.error());
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? report_json(*report) : report_text(*report));
  if (!printed) return fail(printed.error());
  return Exit::kComplete;
}

}  // namespace

Exit tune(const TuneFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& /*narrator*/) { return work(flags); });
}

}  // namespace bf::engine
