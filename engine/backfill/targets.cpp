#include "engine/backfill/targets.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "engine/async/task_group.h"
#include "engine/backfill/first_candle.h"
#include "engine/backfill/symbols.h"

namespace bf::backfill {
namespace {

/// A list that is younger is not asked for again, so that a run with nothing to do sends nothing.
constexpr DurationMs kListFreshMs = kHourMs;
/// An asked range that ends so long ago needs no exchange's clock to know that it is closed.
constexpr DurationMs kClockDoubtMs = 10 * kMinuteMs;

using Facts = FactsBySymbol;

store::InstrumentFacts facts_of(const MarketRun& market, const exchange::InstrumentInfo& info) {
  store::InstrumentFacts facts;
  facts.instrument.exchange = market.api->exchange();
  facts.instrument.market = market.api->market();
  facts.instrument.symbol = info.symbol;
  facts.status = info.status;
  if (info.listed != 0) facts.listed = info.listed;
  if (info.delisted != 0) facts.delisted = info.delisted;
  facts.base = info.base_asset;
  facts.quote = info.quote_asset;
  facts.settle = info.settle_asset;
  facts.contract_type = info.contract_type;
  facts.price_tick = info.price_tick;
  facts.quantity_step = info.quantity_step;
  facts.contract_size = info.contract_size;
  facts.multiplier = info.multiplier;
  return facts;
}

/// What the ledger says of a market.
struct Known {
  Facts facts;
  std::optional<TimeMs> refreshed_at;
};

/// Read on the store's thread: another market's task may be writing.
async::Task<Known> read_ledger(RunState& run, const MarketRun& market) {
  Known known;
  const std::function<void()> job = [&] {
    const store::InstrumentLedger* const ledger = run.services.ledger;
    if (ledger == nullptr) return;
    known.refreshed_at = ledger->refreshed_at(market.api->exchange(), market.api->market());
    for (store::InstrumentFacts& fact : ledger->all(market.api->exchange(), market.api->market())) {
      std::string symbol = fact.instrument.symbol;
      known.facts.emplace(std::move(symbol), std::move(fact));
    }
  };
  co_await run.services.store_worker.run(job);
  co_return std::move(known);
}

bool is_fresh(const MarketRun& market, const Known& known) {
  if (!known.refreshed_at) return false;
  if (market.client->now() - *known.refreshed_at > kListFreshMs) return false;
  return select_symbols(*market.selection, known.facts).unknown.empty();
}

/// Runs a change of the ledger on the store's thread; a plan keeps nothing.
async::Task<Result<void>> change_ledger(RunState& run, std::function<Result<void>()> change) {
  if (run.plan_only) co_return Result<void>();
  Result<void> changed;
  const std::function<void()> job = [&] { changed = change(); };
  co_await run.services.store_worker.run(job);
  co_return changed;
}

/// Asks the exchange for its list, and lays it over what is known: a delisted symbol that has left the
/// list stays known, and a listing instant that was found out is not undone by the list's earlier one.
async::Task<Result<void>> refresh_facts(RunState& run, MarketRun& market, Facts& known,
                                        async::CancelToken cancel) {
  const Result<exchange::InstrumentList> list = co_await market.client->get_instruments(cancel);
  if (!list) co_return fail(list.error());
  for (const auto& [rule, capacity] : list->capacities) {
    market.limiter->set_capacity(rule, capacity);
  }
  std::vector<store::InstrumentFacts> listed;
  for (const exchange::InstrumentInfo& info : list->instruments) {
    store::InstrumentFacts facts = facts_of(market, info);
    const auto before = known.find(info.symbol);
    // An unknown instant is less than every known one.
    if (before != known.end()) facts.listed = std::max(facts.listed, before->second.listed);
    listed.push_back(facts);
    known.insert_or_assign(info.symbol, std::move(facts));
  }
  const TimeMs seen_at = market.client->now();
  const std::function<Result<void>()> change = [&] {
    return run.services.ledger->record_list(seen_at, market.api->exchange(), market.api->market(),
                                            listed);
  };
  co_return co_await change_ledger(run, change);
}

/// Asks for the exchange's time and its list, as far as they are needed.
async::Task<Result<void>> refresh_known(RunState& run, MarketRun& market, Facts& known,
                                        bool needs_clock, bool needs_list,
                                        async::CancelToken cancel) {
  if (needs_clock) {
    const Result<void> clock = co_await market.client->ensure_clock(cancel);
    if (!clock) co_return clock;
  }
  if (!needs_list) co_return Result<void>();
  const Result<void> refreshed = co_await refresh_facts(run, market, known, cancel);
  co_return refreshed;
}

/// Whether a run can do without REST's list: the archive is not blocked where REST is, and needs to
/// know no more than names and times.
bool archive_goes_on(const RunOptions& options, const Selection& selection, const Error& error) {
  return error.code() != Code::kCancelled && options.source == plan::SourceChoice::kArchive &&
         !selection.all && options.from.base != TimeSpec::From::kListing;
}

/// The symbols that the user named, as listed from the beginning, where nothing is known of them.
void add_named(const MarketRun& market, Facts& known) {
  for (const std::string& symbol : market.selection->symbols) {
    if (!is_own_name(symbol)) continue;
    exchange::InstrumentInfo info;
    info.symbol = symbol;
    info.listed = kTimeMin;
    known.try_emplace(symbol, facts_of(market, info));
  }
}

SeriesReport refused(const Series& series, const Error& error) {
  SeriesReport report;
  report.series = series;
  add_failure(report.failures, error);
  return report;
}

TimeMs resolve(const TimeSpec& spec, TimeMs now, TimeMs listed) {
  switch (spec.base) {
    case TimeSpec::From::kAbsolute:
      return spec.offset_ms;
    case TimeSpec::From::kNow:
      return now + spec.offset_ms;
    case TimeSpec::From::kListing:
      return listed + spec.offset_ms;
  }
  return spec.offset_ms;
}

SeriesTarget target_of(const RunState& run, const MarketRun& market, Series series,
                       const store::InstrumentFacts& facts) {
  const Interval interval = series.interval;
  // The end of the last candle that has closed: a forming one is never wanted.
  const TimeMs now = slot_begin(interval, market.client->now() - run.options.grace_ms);
  SeriesTarget target;
  target.series = std::move(series);
  target.listed = *facts.listed;
  const TimeMs from = resolve(run.options.from, now, target.listed);
  const TimeMs to = resolve(run.options.to, now, target.listed);
  target.asked = {slot_ceil(interval, from), slot_ceil(interval, to)};
  const TimeRange closed = target.asked.intersect({target.asked.from, now});
  TimeRange life = {slot_begin(interval, target.listed), kTimeMax};
  if (facts.delisted) life.to = slot_ceil(interval, *facts.delisted);
  const TimeMs reach = market.api->history_from(run.options.kind, interval, now);
  const TimeRange traded = closed.intersect(life);
  target.wanted = traded.intersect({slot_ceil(interval, reach), kTimeMax});
  if (target.wanted.empty()) target.wanted = {target.wanted.from, target.wanted.from};
  target.not_listed = slot_count(interval, closed) - slot_count(interval, traded);
  target.not_served = slot_count(interval, traded) - slot_count(interval, target.wanted);
  return target;
}

using Errors = std::map<std::string, Error>;  ///< by symbol

/// Whether an error stops everything, and not the symbol alone.
bool ends_run(Code code) {
  return code == Code::kCancelled || code == Code::kNoSpace || code == Code::kIo ||
         code == Code::kSyncFailed;
}

/// Where the list does not say when a symbol was listed, its first candle does.
async::Task<Result<void>> find_listing(RunState& run, MarketRun& market, Series series,
                                       store::InstrumentFacts& facts, Errors& errors,
                                       async::CancelToken cancel) {
  const Result<TimeMs> first = co_await find_first_candle(market, series, cancel);
  market.in_flight.release();
  if (!first) {
    if (ends_run(first.error().code())) co_return fail(first.error());
    errors.emplace(series.instrument.symbol, first.error());
    co_return Result<void>();
  }
  facts.listed = slot_begin(series.interval, *first);
  co_return co_await record_listing(run, series.instrument, *facts.listed);
}

async::Task<Result<void>> find_listings(RunState& run, MarketRun& market, Facts& known,
                                        Errors& errors, std::vector<std::string> symbols,
                                        async::CancelToken cancel) {
  async::TaskGroup group(run.services.loop, cancel);
  Result<void> place;
  for (const std::string& symbol : symbols) {
    const auto facts = known.find(symbol);
    if (facts == known.end() || facts->second.listed) continue;
    place = co_await market.in_flight.acquire(group.token());
    if (!place) break;
    group.spawn(find_listing(run, market, run.series_of(market, symbol), facts->second, errors,
                             group.token()));
  }
  const Result<void> joined = co_await group.join();
  if (!joined) co_return joined;
  co_return place;
}

/// Asks once for the first candle; none is an empty answer.
async::Task<Result<std::optional<TimeMs>>> ask_first_candle(MarketRun& market, Series series,
                                                            async::CancelToken cancel) {
  const std::optional<exchange::ApiRequest> next = market.api->next_candle_request(series, 0);
  if (!next) co_return co_await search_first_candle(market, std::move(series), cancel);
  const exchange::ApiRequest& request = *next;
  const Result<net::HttpResponse> response = co_await market.client->get(request, cancel);
  if (!response) co_return fail(response.error());
  CandleBatch rows;
  const Result<void> parsed = market.api->parse_candles(series, response->body, rows);
  if (!parsed) co_return fail(parsed.error().at(request.target));
  std::optional<TimeMs> first;
  if (!rows.empty()) first = rows.open_time().front();
  co_return first;
}

Error unknown_symbol(const MarketRun& market, const std::string& word) {
  const std::string name = market.client->name();
  const std::string what = is_glob(word) ? name + " has no symbol that matches \""
                                         : name + " does not know the symbol \"";
  const Error error(Code::kUnknownName, what + printable(word) +
                                            "\"; see bf-engine symbols --exchange " +
                                            std::string(market.api->exchange()) + " --market " +
                                            std::string(market.api->market()));
  const auto where = market.selection->named_at.find(word);
  return where == market.selection->named_at.end() ? error : error.at(where->second);
}

}  // namespace

async::Task<Result<TimeMs>> find_first_candle(MarketRun& market, Series series,
                                              async::CancelToken cancel) {
  Result<std::optional<TimeMs>> first = std::nullopt;
  // An answer that reads badly, or that says that there is nothing, is not believed at once.
  for (int attempt = 0; attempt < kReadAttemptsMax; ++attempt) {
    first = co_await ask_first_candle(market, series, cancel);
    const bool misread = !first && first.error().code() == Code::kProtocol;
    const bool empty = first && !first->has_value();
    if (!misread && !empty) break;
  }
  if (!first) co_return fail(first.error());
  if (!first->has_value()) co_return fail(Code::kNotFound, series.name() + " has no candle yet");
  co_return **first;
}

async::Task<Result<void>> record_listing(RunState& run, Instrument instrument, TimeMs listed) {
  if (run.plan_only) co_return Result<void>();
  const TimeMs seen_at = run.services.loop.clock().wall_ms();
  const std::function<Result<void>()> change = [&]() -> Result<void> {
    std::optional<store::InstrumentFacts> facts = run.services.ledger->find(instrument);
    if (!facts) return {};
    facts->listed = listed;
    return run.services.ledger->record(seen_at, std::span(&*facts, 1));
  };
  co_return co_await change_ledger(run, change);
}

async::Task<Result<Targets>> resolve_targets(RunState& run, MarketRun& market,
                                             async::CancelToken cancel) {
  Known known = co_await read_ledger(run, market);
  const RunOptions& options = run.options;
  const bool near_now = options.to.base != TimeSpec::From::kAbsolute ||
                        options.to.offset_ms > market.client->now() - kClockDoubtMs;
  const bool fresh = is_fresh(market, known);
  const Result<void> refreshed =
      co_await refresh_known(run, market, known.facts, near_now || !fresh, !fresh, cancel);
  if (!refreshed) {
    if (!archive_goes_on(options, *market.selection, refreshed.error())) {
      co_return fail(refreshed.error());
    }
    run.services.observer.on_event(Event{
        Event::Type::kWarning, "",
        "the list of instruments is not to be had, so the archive is asked for the symbols as "
        "they were named: " +
            refreshed.error().message()});
    add_named(market, known.facts);
  }
  const SelectedSymbols selected = select_symbols(*market.selection, known.facts);
  Errors errors;
  const Result<void> listings =
      co_await find_listings(run, market, known.facts, errors, selected.symbols, cancel);
  if (!listings) co_return fail(listings.error());

  Targets out;
  for (const std::string& word : selected.unknown) {
    out.refused.push_back(refused(run.series_of(market, word), unknown_symbol(market, word)));
  }
  for (const std::string& symbol : selected.symbols) {
    const Series series = run.series_of(market, symbol);
    const auto error = errors.find(symbol);
    if (error != errors.end()) {
      out.refused.push_back(refused(series, error->second));
      continue;
    }
    out.targets.push_back(target_of(run, market, series, known.facts.at(symbol)));
  }
  co_return out;
}

}  // namespace bf::backfill
