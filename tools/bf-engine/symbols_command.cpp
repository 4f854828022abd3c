#include <fmt/format.h>

#include <memory>
#include <optional>

#include "engine/async/real_loop.h"
#include "engine/backfill/market_client.h"
#include "engine/limits/ban_file.h"
#include "engine/net/real_transport.h"
#include "tools/bf-engine/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/program.h"
#include "tools/cli/proxy_flag.h"
#include "tools/cli/run_observer.h"
#include "tools/cli/signals.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using cli::Json;

constexpr const char* kProgram = "bf-engine";

/// One line of the list, from wherever it came.
struct Symbol {
  std::string symbol;
  std::string status;
  TimeMs listed = 0;
  TimeMs delisted = 0;
  std::string base;
  std::string quote;
  std::string contract_type;
  std::string price_tick;
  std::string quantity_step;
};

Symbol symbol_of(const exchange::InstrumentInfo& info) {
  return {info.symbol,      info.status,        info.listed,     info.delisted,     info.base_asset,
          info.quote_asset, info.contract_type, info.price_tick, info.quantity_step};
}

Symbol symbol_of(const store::InstrumentFacts& facts) {
  return {facts.instrument.symbol,    facts.status,     facts.listed.value_or(0),
          facts.delisted.value_or(0), facts.base,       facts.quote,
          facts.contract_type,        facts.price_tick, facts.quantity_step};
}

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

Result<net::Url> base_url(const SymbolsFlags& flags, const exchange::MarketApi& api) {
  const bool plain = flags.network.allow_plain_http;
  const auto urls = cli::parse_urls("base-url", flags.network.base_urls, true, plain);
  if (!urls) return fail(urls.error());
  auto found = urls->find(source_name(api));
  if (found == urls->end()) found = urls->find(std::string(api.exchange()));
  Result<net::Url> url = net::parse_url(
      found == urls->end() ? api.default_base_url() : std::string_view(found->second), plain);
  if (!url) return url;
  const auto proxies = cli::choose_proxies(flags.network.proxies, cli::process_environment());
  if (!proxies) return fail(proxies.error());
  Result<net::ProxyPtr> proxy = proxies->choose(source_name(api), url->endpoint);
  if (!proxy) return fail(proxy.error());
  url->endpoint.proxy = std::move(*proxy);
  return url;
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

Result<std::vector<Symbol>> ask_exchange(const SymbolsFlags& flags, const exchange::MarketApi& api,
                                         cli::Narrator& narrator) {
  const Result<net::Url> base = base_url(flags, api);
  if (!base) return fail(base.error());
  const auto state = cli::state_directory(flags.network.state_dir, cli::process_environment());
  if (!state) return fail(state.error());
  async::RealLoop loop;
  net::TlsClientOptions tls;
  tls.ca_file = flags.network.ca_file;
  const auto transport = net::make_real_transport(loop, tls);
  if (!transport) return fail(transport.error());
  auto bans = limits::BanFile::open(*state, base->endpoint.route(), loop.clock());
  if (!bans) return fail(bans.error());
  const auto ban = bans->load();
  if (!ban) return fail(ban.error());

  limits::LimiterOptions options;
  options.source = source_name(api);
  options.bans = &*bans;
  limits::RateLimiter limiter(loop, api.limit_rules(), std::move(options));
  async::CancelSource cancel;
  cli::StopSignals signals(loop, cancel);
  cli::RunObserver observer(narrator, loop.clock(), cli::ProgressMode::kNone, /*events=*/false);
  net::HttpClient http(**transport);
  backfill::MarketClientOptions client_options;
  client_options.base = *base;
  backfill::MarketClient client(loop, http, api, limiter, observer, std::move(client_options));
  const auto list = loop.run(ask(client, http, cancel.token()));
  if (!list) return fail(list.error());

  std::vector<Symbol> symbols;
  for (const exchange::InstrumentInfo& info : list->instruments) symbols.push_back(symbol_of(info));
  return symbols;
}

Result<std::vector<Symbol>> read_ledger(const SymbolsFlags& flags, const exchange::MarketApi& api) {
  const auto reader = cli::StoreReader::open(flags.store);
  if (!reader) return fail(reader.error());
  std::vector<Symbol> symbols;
  for (const store::InstrumentFacts& facts :
       (*reader)->ledger().all(api.exchange(), api.market())) {
    symbols.push_back(symbol_of(facts));
  }
  if (!symbols.empty()) return symbols;
  return fail(Code::kUsage,
              fmt::format("the store {} knows no instruments of {}: ask without --offline",
                          printable(flags.store), source_name(api)));
}

std::string day_or_dash(TimeMs t) { return t == 0 ? std::string("-") : format_time(t); }

std::string symbols_text(const std::vector<Symbol>& symbols) {
  cli::TextTable table({"symbol", "status", "listed", "delisted", "base", "quote", "contract"});
  for (const Symbol& s : symbols) {
    table.add({printable(s.symbol), printable(s.status), day_or_dash(s.listed),
               day_or_dash(s.delisted), printable(s.base), printable(s.quote),
               s.contract_type.empty() ? "-" : printable(s.contract_type)});
  }
  return table.text();
}

std::string symbols_json(const std::vector<Symbol>& symbols, const exchange::MarketApi& api) {
  Json list = Json::array();
  for (const Symbol& s : symbols) {
    list.push_back(Json{{"symbol", s.symbol},
                        {"status", s.status},
                        {"listed", cli::time_json(s.listed)},
                        {"delisted", cli::time_json(s.delisted)},
                        {"base", s.base},
                        {"quote", s.quote},
                        {"contract_type", s.contract_type},
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
  const auto symbols =
      flags.offline ? read_ledger(flags, **api) : ask_exchange(flags, **api, narrator);
  if (!symbols && symbols.error().code() == Code::kCancelled) return Exit::kInterrupted;
  if (!symbols) return fail(symbols.error());
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? symbols_json(*symbols, **api) : symbols_text(*symbols));
  if (!printed) return fail(printed.error());
  return Exit::kComplete;
}

}  // namespace

Exit symbols(const SymbolsFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::engine
