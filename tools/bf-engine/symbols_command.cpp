#include <fmt/format.h>

#include <memory>
#include <optional>

#include "engine/async/real_loop.h"
#include "engine/async/worker.h"
#include "engine/backfill/instruments.h"
#include "engine/backfill/limiter_pool.h"
#include "engine/backfill/market_client.h"
#include "engine/backfill/run_state.h"
#include "engine/backfill/source_url.h"
#include "engine/net/real_transport.h"
#include "tools/bf-engine/commands.h"
#include "tools/bf-engine/work_store.h"
#include "tools/cli/json.h"
#include "tools/cli/network_options.h"
#include "tools/cli/program.h"
#include "tools/cli/run_observer.h"
#include "tools/cli/signals.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"
#include "tools/cli/time_spec.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using cli::Json;

constexpr const char* kProgram = "bf-engine";

using store::InstrumentFacts;

Result<const exchange::MarketApi*> market_of(const SymbolsFlags& flags) {
  if (flags.exchange.empty()) return fail(Code::kUsage, "name the exchange: --exchange binance");
  if (!flags.market.empty()) return exchange::find_market(flags.exchange, flags.market);
  const auto markets = exchange::markets_of(flags.exchange);
  if (!markets) return fail(markets.error());
  return markets->front();
}

std::string source_name(const exchange::MarketApi& api) {
  return fmt::format("{}/{}", api.exchange(), api.market());
}

/// What the flags say of the network and of the one market.
Result<backfill::RunOptions> options_of(const SymbolsFlags& flags, const exchange::MarketApi& api) {
  backfill::RunOptions options;
  options.selections.emplace_back();
  options.selections.back().exchange = api.exchange();
  options.selections.back().market = api.market();
  const Result<void> set =
      cli::set_network_options(flags.network, cli::process_environment(), options);
  if (!set) return fail(set.error());
  return options;
}

/// One request through the limiter, so that a ban is obeyed here too.
/// Lifetime: `client` outlives the task.
async::Task<Result<exchange::InstrumentList>> ask(backfill::MarketClient& client,
                                                  net::HttpClient& http,
                                                  async::CancelToken cancel) {
  Result<exchange::InstrumentList> list = co_await client.get_instruments(cancel);
  co_await http.close();
  co_return std::move(list);
}

Result<std::vector<InstrumentFacts>> ask_exchange(const SymbolsFlags& flags,
                                                  const exchange::MarketApi& api,
                                                  cli::Narrator& narrator) {
  const Result<backfill::RunOptions> options = options_of(flags, api);
  if (!options) return fail(options.error());
  const Result<net::Url> base =
      backfill::source_url(*options, options->base_urls, api, api.default_base_url());
  if (!base) return fail(base.error());
  async::RealLoop loop;
  net::TlsClientOptions tls;
  tls.ca_file = flags.network.ca_file;
  const auto transport = net::make_real_transport(loop, tls);
  if (!transport) return fail(transport.error());
  backfill::MarketRun market(loop, /*concurrency=*/1, /*archive_concurrency=*/1);
  market.api = &api;
  backfill::LimiterPool limiters;
  const Result<void> joined = limiters.join(market, *options, *base, loop);
  if (!joined) return fail(joined.error());
  async::CancelSource cancel;
  cli::StopSignals signals(loop, cancel);
  cli::RunObserver observer(narrator, loop.clock(), cli::ProgressMode::kNone, /*events=*/false);
  net::HttpClient http(**transport);
  backfill::MarketClientOptions client_options;
  client_options.base = *base;
  backfill::MarketClient client(loop, http, api, *market.limiter, observer,
                                std::move(client_options));
  const auto list = loop.run(ask(client, http, cancel.token()));
  if (!list) return fail(list.error());

  std::vector<InstrumentFacts> symbols;
  for (const exchange::InstrumentInfo& info : list->instruments) {
    symbols.push_back(backfill::facts_of(api, info));
  }
  return symbols;
}

/// --as-of, else the end of time. Errors: kUsage.
Result<TimeMs> instant_of(const SymbolsFlags& flags, TimeMs now) {
  if (flags.as_of.empty()) return kTimeMax;
  const Result<cli::TimeSpec> spec = cli::parse_time_spec(flags.as_of);
  if (!spec) return fail(spec.error().at("--as-of"));
  if (spec->base == cli::TimeSpec::From::kListing) {
    return fail(Code::kUsage, "--as-of listing: name an instant, such as 2024-01-31 or -90d");
  }
  return cli::resolve(*spec, now, kTimeMin);
}

Result<std::vector<InstrumentFacts>> read_ledger(const SymbolsFlags& flags,
                                                 const exchange::MarketApi& api) {
  const auto reader = cli::StoreReader::open(flags.store);
  if (!reader) return fail(reader.error());
  const Result<TimeMs> when = instant_of(flags, (*reader)->clock().wall_ms());
  if (!when) return fail(when.error());
  std::vector<InstrumentFacts> symbols =
      (*reader)->ledger().all(api.exchange(), api.market(), *when);
  if (!symbols.empty()) return symbols;
  const std::string then = flags.as_of.empty() ? "knows" : "at " + format_time(*when) + " knew";
  return fail(Code::kUsage, fmt::format("the store {} {} no instruments of {}: ask with --refresh",
                                        printable(flags.store), then, source_name(api)));
}

/// Asks exchange and archive, and writes what they say into the ledger, of which all is listed then.
Result<Exit> refresh_ledger(const SymbolsFlags& flags, const exchange::MarketApi& api,
                            cli::Narrator& narrator, std::vector<InstrumentFacts>& symbols) {
  Result<backfill::RunOptions> options = options_of(flags, api);
  if (!options) return fail(options.error());

  async::RealLoop loop;
  net::TlsClientOptions tls;
  tls.ca_file = flags.network.ca_file;
  const auto transport = net::make_real_transport(loop, tls);
  if (!transport) return fail(transport.error());
  auto open =
      open_work_store(flags.store, StoreUse::kMake, flags.allow_network_store, loop.clock());
  if (!open) return fail(open.error());
  narrator.note("store " + flags.store);
  async::CancelSource cancel;
  cli::StopSignals signals(loop, cancel);
  async::ThreadWorker worker(loop);
  cli::RunObserver observer(narrator, loop.clock(), cli::ProgressMode::kNone, /*events=*/false);
  backfill::Services services{loop,           **transport,       worker,
                              worker,         open->files.get(), open->store.get(),
                              &*open->ledger, observer};
  backfill::RunReport report =
      loop.run(backfill::refresh_instruments(services, std::move(*options), cancel.token()));
  report.signal = signals.signal();
  for (const backfill::Failure& failure : report.failures) narrator.error(failure.message);
  symbols = open->ledger->all(api.exchange(), api.market());
  return backfill::exit_code(report, /*strict=*/false);
}

std::string day_or_dash(std::optional<TimeMs> t) { return t ? format_time(*t) : std::string("-"); }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : printable(text); }

std::string symbols_text(const std::vector<InstrumentFacts>& symbols) {
  cli::TextTable table({"symbol", "canonical", "multiplier", "status", "listed", "delisted", "base",
                        "quote", "contract"});
  for (const InstrumentFacts& s : symbols) {
    table.add({printable(s.instrument.symbol), or_dash(backfill::canonical_name(s)), s.multiplier,
               or_dash(s.status), day_or_dash(s.listed), day_or_dash(s.delisted), or_dash(s.base),
               or_dash(s.quote), or_dash(s.contract_type)});
  }
  return table.text();
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string symbols_json(const std::vector<InstrumentFacts>& symbols,
                         const exchange::MarketApi& api) {
  Json list = Json::array();
  for (const InstrumentFacts& s : symbols) {
    list.push_back(Json{{"symbol", s.instrument.symbol},
                        {"canonical", text_or_null(backfill::canonical_name(s))},
                        {"multiplier", s.multiplier},
                        {"status", s.status},
                        {"listed", cli::time_json(s.listed.value_or(0))},
                        {"delisted", cli::time_json(s.delisted.value_or(0))},
                        {"base", s.base},
                        {"quote", s.quote},
                        {"settle", s.settle},
                        {"contract_type", s.contract_type},
                        {"contract_size", s.contract_size},
                        {"price_tick", s.price_tick},
                        {"quantity_step", s.quantity_step}});
  }
  return cli::json_text(Json{{"command", "symbols"},
                             {"version", BF_VERSION},
                             {"exchange", std::string(api.exchange())},
                             {"market", std::string(api.market())},
                             {"symbols", std::move(list)}});
}

Result<Exit> work(const SymbolsFlags& flags, cli::Narrator& narrator) {
  const auto api = market_of(flags);
  if (!api) return fail(api.error());
  const bool from_ledger = flags.offline || !flags.as_of.empty();
  if (flags.refresh && from_ledger) {
    return fail(Code::kUsage,
                "--refresh asks the exchange, --offline and --as-of do not: give one of them");
  }
  std::vector<InstrumentFacts> symbols;
  Exit exit = Exit::kComplete;
  if (flags.refresh) {
    const Result<Exit> refreshed = refresh_ledger(flags, **api, narrator, symbols);
    if (!refreshed) return fail(refreshed.error());
    exit = *refreshed;
  } else {
    auto listed = from_ledger ? read_ledger(flags, **api) : ask_exchange(flags, **api, narrator);
    if (!listed && listed.error().code() == Code::kCancelled) return Exit::kInterrupted;
    if (!listed) return fail(listed.error());
    symbols = std::move(*listed);
  }
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? symbols_json(symbols, **api) : symbols_text(symbols));
  if (!printed) return fail(printed.error());
  return exit;
}

}  // namespace

Exit symbols(const SymbolsFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::engine
