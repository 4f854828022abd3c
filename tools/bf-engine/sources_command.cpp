#include <fmt/format.h>

#include <algorithm>

#include "engine/backfill/source_status.h"
#include "tools/bf-engine/ask_network.h"
#include "tools/bf-engine/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/network_options.h"
#include "tools/cli/program.h"
#include "tools/cli/text.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using backfill::LimitUse;
using backfill::SourceState;
using backfill::SourceStatus;
using cli::Json;

constexpr const char* kProgram = "bf-engine";
constexpr std::size_t kReasonBytesMax = 1'000;

/// The markets that the flags mean; without flags all of them.
Result<std::vector<const exchange::MarketApi*>> markets_of(const SourcesFlags& flags) {
  const std::vector<std::string> exchanges = cli::split(flags.exchange, ',');
  if (!flags.market.empty() && exchanges.size() != 1) {
    return fail(Code::kUsage, "--market is one of an exchange: --exchange binance --market um");
  }
  if (!flags.market.empty()) {
    const auto market = exchange::find_market(exchanges.front(), flags.market);
    if (!market) return fail(market.error());
    return std::vector<const exchange::MarketApi*>{*market};
  }
  if (exchanges.empty()) return exchange::all_markets();
  std::vector<const exchange::MarketApi*> all;
  for (const std::string& name : exchanges) {
    const auto markets = exchange::markets_of(name);
    if (!markets) return fail(markets.error());
    all.insert(all.end(), markets->begin(), markets->end());
  }
  return all;
}

Result<backfill::RunOptions> options_of(const SourcesFlags& flags) {
  const auto markets = markets_of(flags);
  if (!markets) return fail(markets.error());
  backfill::RunOptions options;
  for (const exchange::MarketApi* const api : *markets) {
    options.selections.emplace_back();
    options.selections.back().exchange = api->exchange();
    options.selections.back().market = api->market();
  }
  const Result<void> share = cli::set_max_weight(flags.max_weight, options);
  if (!share) return fail(share.error());
  const Result<void> set =
      cli::set_network_options(flags.network, cli::process_environment(), options);
  if (!set) return fail(set.error());
  return options;
}

Result<std::vector<SourceStatus>> ask(const SourcesFlags& flags, int& signal) {
  Result<backfill::RunOptions> options = options_of(flags);
  if (!options) return fail(options.error());
  return ask_network(flags.network.ca_file, signal,
                     [&](async::Loop& loop, net::Transport& transport, async::CancelToken cancel) {
                       return backfill::ask_sources(loop, transport, std::move(*options),
                                                    backfill::kSourceDeadlineMs, cancel);
                     });
}

bool is_usable(const SourceStatus& status) { return status.state == SourceState::kReachable; }

/// What its user can do; "" where there is nothing.
std::string advice_of(const SourceStatus& status) {
  if (status.state != SourceState::kBlocked) return {};
  return "go by an address that it serves: --proxy http://host:port or socks5h://host:port";
}

std::string state_text(const SourceStatus& status) {
  std::string text(backfill::state_name(status.state));
  if (status.until != 0) text += " until " + format_time(status.until);
  return text;
}

std::string answer_text(const SourceStatus& status) {
  return status.answer_ms ? fmt::format("{} ms", *status.answer_ms) : "-";
}

std::string clock_text(const SourceStatus& status) {
  if (!status.clock_offset_ms) return "-";
  return fmt::format("{:+} ms +/- {}", *status.clock_offset_ms, status.clock_uncertainty_ms);
}

std::string count_or_dash(std::int64_t count) {
  return count == 0 ? "-" : cli::format_count(count);
}

/// "okx/swap, futures, spot": a source with those that share its budget.
std::string budget_name(const std::vector<SourceStatus>& all, const SourceStatus& first) {
  std::string name = first.source;
  for (const SourceStatus& status : all) {
    if (status.shares_with != first.source) continue;
    name.append(", ").append(status.source.substr(status.source.find('/') + 1));
  }
  return name;
}

std::string limits_text(const std::vector<SourceStatus>& all) {
  cli::TextTable table({"budget", "limit", "used", "allowed", "ceiling", "share", "counted by"});
  for (const SourceStatus& status : all) {
    if (!status.shares_with.empty()) continue;
    for (const LimitUse& use : status.limits) {
      table.add({budget_name(all, status), use.name, cli::format_count(use.used),
                 cli::format_count(use.allowed), cli::format_count(use.capacity),
                 fmt::format("{} %", status.share_percent), use.reported ? "server" : "bf"});
    }
  }
  return table.empty() ? "" : "\n" + table.text();
}

std::string sources_text(const std::vector<SourceStatus>& all) {
  cli::TextTable table({"source", "state", "answered", "clock", "page", "candles/min", "1m from"});
  for (const SourceStatus& status : all) {
    table.add({status.source, state_text(status), answer_text(status), clock_text(status),
               count_or_dash(status.page_rows), count_or_dash(status.candles_per_minute),
               status.history_from == kTimeMin ? "listing" : format_time(status.history_from)});
  }
  std::string text = table.text() + limits_text(all);
  bool first = true;
  for (const SourceStatus& status : all) {
    if (is_usable(status) || !status.shares_with.empty()) continue;
    text += fmt::format("{}{} ({}): {}: {}\n", first ? "\n" : "", budget_name(all, status),
                        status.server, backfill::state_name(status.state),
                        printable(status.reason, kReasonBytesMax));
    first = false;
    const std::string advice = advice_of(status);
    if (!advice.empty()) text += fmt::format("  {}\n", advice);
  }
  return text;
}

Json number_or_null(std::optional<std::int64_t> number) {
  return number ? Json(*number) : Json(nullptr);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json source_json(const SourceStatus& status) {
  Json limits = Json::array();
  for (const LimitUse& use : status.limits) {
    limits.push_back(Json{{"name", use.name},
                          {"used", use.used},
                          {"allowed", use.allowed},
                          {"ceiling", use.capacity},
                          {"counted_by", use.reported ? "server" : "bf"}});
  }
  const bool known = status.clock_offset_ms.has_value();
  const bool since_listing = status.history_from == kTimeMin;
  return Json{
      {"source", status.source},
      {"server", status.server},
      {"shares_budget_with", text_or_null(status.shares_with)},
      {"state", std::string(backfill::state_name(status.state))},
      {"asked", status.asked},
      {"reason", text_or_null(status.reason)},
      {"advice", text_or_null(advice_of(status))},
      {"until", cli::time_json(status.until)},
      {"answer_ms", number_or_null(status.answer_ms)},
      {"clock_offset_ms", number_or_null(status.clock_offset_ms)},
      {"clock_uncertainty_ms", known ? Json(status.clock_uncertainty_ms) : Json(nullptr)},
      {"share_percent", status.share_percent},
      {"limits", std::move(limits)},
      {"page_rows", status.page_rows},
      {"candles_per_minute", status.candles_per_minute},
      {"history_from", since_listing ? Json(nullptr) : cli::time_json(status.history_from)}};
}

std::string sources_json(const std::vector<SourceStatus>& all, Exit exit) {
  Json list = Json::array();
  for (const SourceStatus& status : all) list.push_back(source_json(status));
  return cli::json_text(Json{{"command", "sources"},
                             {"version", BF_VERSION},
                             {"exit", static_cast<int>(exit)},
                             {"sources", std::move(list)}});
}

Result<Exit> work(const SourcesFlags& flags) {
  int signal = 0;
  const auto all = ask(flags, signal);
  if (!all && all.error().code() == Code::kCancelled) {
    constexpr int kTerminate = 15;
    return signal == kTerminate ? Exit::kTerminated : Exit::kInterrupted;
  }
  if (!all) return fail(all.error());
  const bool usable = std::all_of(all->begin(), all->end(), is_usable);
  const Exit exit = usable ? Exit::kComplete : Exit::kTemporary;
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? sources_json(*all, exit) : sources_text(*all));
  if (!printed) return fail(printed.error());
  return exit;
}

}  // namespace

Exit sources(const SourcesFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& /*narrator*/) { return work(flags); });
}

}  // namespace bf::engine
