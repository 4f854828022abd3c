#include "engine/backfill/targets.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "engine/async/task_group.h"
#include "engine/backfill/first_candle.h"
#include "engine/backfill/instruments.h"

namespace bf::backfill {
namespace {

/// An asked range that ends so long ago needs no exchange's clock to know that it is closed.
constexpr DurationMs kClockDoubtMs = 10 * kMinuteMs;

/// Whether an error stops everything, and not the symbol alone.
bool ends_run(Code code) {
  return code == Code::kCancelled || code == Code::kNoSpace || code == Code::kIo ||
         code == Code::kSyncFailed;
}

/// What is asked for before the symbols are known.
struct Needs {
  bool clock = false;
  bool list = false;
  bool archive_list = false;
};

/// Whether words of a selection can name instruments that the archive alone knows.
bool may_name_any(const Selection& selection) {
  return selection.all || std::any_of(selection.symbols.begin(), selection.symbols.end(),
                                      [](const std::string& word) { return is_glob(word); });
}

/// Where there is no list, what the user names is all there is to know.
bool has_all_that_is_named(const MarketRun& market) {
  return market.api->listing() == exchange::Listing::kNone && !market.selection->all;
}

Needs needs_of(const RunState& run, const MarketRun& market, const KnownInstruments& known) {
  const RunOptions& options = run.options;
  const Selection& selection = *market.selection;
  Needs needs;
  needs.list =
      !has_all_that_is_named(market) && (!is_fresh(market, known.listed_at) ||
                                         !select_symbols(selection, known.facts).unknown.empty());
  const bool near_now = options.to.base != TimeSpec::From::kAbsolute ||
                        options.to.offset_ms > market.client->now() - kClockDoubtMs;
  needs.clock = near_now || needs.list;
  needs.archive_list = options.source == plan::SourceChoice::kArchive && may_name_any(selection) &&
                       has_archive_list(market) && !is_fresh(market, known.archive_listed_at);
  return needs;
}

/// Asks for the exchange's time and its list, as far as they are needed.
async::Task<Result<void>> refresh_known(RunState& run, MarketRun& market, KnownInstruments& known,
                                        Needs needs, async::CancelToken cancel) {
  if (needs.clock) {
    const Result<void> clock = co_await market.client->ensure_clock(cancel);
    if (!clock) co_return clock;
  }
  if (!needs.list) co_return Result<void>();
  const Result<void> refreshed = co_await refresh_from_exchange(run, market, known, cancel);
  co_return refreshed;
}

/// Whether a run can do without REST's list: the archive is not blocked where REST is, and needs to
/// know no more than names and times.
bool archive_goes_on(const RunOptions& options, const MarketRun& market,
                     const KnownInstruments& known, const Error& error) {
  if (error.code() == Code::kCancelled || options.source != plan::SourceChoice::kArchive) {
    return false;
  }
  if (market.selection->all) return known.archive_listed_at.has_value();
  return options.from.base != TimeSpec::From::kListing;
}

/// Whether fallbacks can fill what the own exchange cannot be asked for: its instruments are known.
bool chain_goes_on(const MarketRun& market, const KnownInstruments& known, const Error& error) {
  return market.has_fallbacks && !known.facts.empty() && error.code() != Code::kCancelled;
}

/// The symbols that the user named, where nothing is known of them, as listed at `listed` (0: unknown).
void add_named(const MarketRun& market, TimeMs listed, FactsBySymbol& known) {
  for (const std::string& symbol : market.selection->symbols) {
    if (!is_own_name(symbol)) continue;
    exchange::InstrumentInfo info;
    info.symbol = symbol;
    info.listed = listed;
    known.try_emplace(symbol, facts_of(*market.api, info));
  }
}

/// As add_named(), for markets whose list does not have every name that they answer to.
void add_unlisted(const MarketRun& market, FactsBySymbol& known) {
  switch (market.api->listing()) {
    case exchange::Listing::kWhole:
      break;
    case exchange::Listing::kPart:
      add_named(market, 0, known);  // the first candle tells, or that there is none
      break;
    case exchange::Listing::kNone:
      add_named(market, kTimeMin, known);
      break;
  }
}

void warn(RunState& run, std::string text) {
  run.services.observer.on_event(Event{Event::Type::kWarning, "", std::move(text)});
}

/// Brings what is known up to date, as far as the run needs it and can have it.
async::Task<Result<void>> update_known(RunState& run, MarketRun& market, KnownInstruments& known,
                                       async::CancelToken cancel) {
  const Needs needs = needs_of(run, market, known);
  const Result<void> refreshed = co_await refresh_known(run, market, known, needs, cancel);
  if (!refreshed && refreshed.error().code() == Code::kCancelled) co_return refreshed;
  if (needs.archive_list) {
    const Result<void> listed = co_await refresh_from_archive(run, market, known, cancel);
    if (!listed && ends_run(listed.error().code())) co_return listed;
    if (!listed) {
      warn(run,
           "the archive's list of symbols is not to be had, so delisted ones may be lacking: " +
               listed.error().message());
    }
  }
  if (refreshed) co_return Result<void>();
  if (chain_goes_on(market, known, refreshed.error())) {
    warn(run,
         "the list of instruments is not to be had, so the one of an earlier run is used, and "
         "fallbacks are asked: " +
             refreshed.error().message());
    co_return Result<void>();
  }
  if (!archive_goes_on(run.options, market, known, refreshed.error())) co_return refreshed;
  warn(run,
       "the list of instruments is not to be had, so the archive is asked for the symbols as "
       "they were named: " +
           refreshed.error().message());
  add_named(market, kTimeMin, known.facts);
  co_return Result<void>();
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

/// Whether the instrument was gone before the asked range began: then it does not matter when it came.
bool gone_before(const RunOptions& options, const MarketRun& market,
                 const store::InstrumentFacts& facts) {
  if (!facts.delisted || options.from.base == TimeSpec::From::kListing) return false;
  const TimeMs now = closed_until(options.interval, market.client->now() - options.grace_ms);
  return *facts.delisted <= slot_begin(options.interval, resolve(options.from, now, 0));
}

/// What is selected by name. Of all symbols those are left out that may not exist and, if they did, were
/// gone before.
SelectedSymbols select_existing(const RunOptions& options, const MarketRun& market,
                                const FactsBySymbol& known) {
  SelectedSymbols selected = select_symbols(*market.selection, known);
  leave_out_guesses(options.kind, *market.selection, known, selected);
  if (!market.selection->all) return selected;
  std::erase_if(selected.symbols, [&](const std::string& symbol) {
    const store::InstrumentFacts& facts = known.at(symbol);
    return !facts.listed && gone_before(options, market, facts);
  });
  return selected;
}

SeriesTarget target_of(const RunState& run, const MarketRun& market, Series series, TimeMs from_min,
                       const store::InstrumentFacts& facts) {
  const Interval interval = series.interval;
  // What is still to come is never wanted, and a run right after another finds nothing new.
  const TimeMs now = closed_until(interval, market.client->now() - run.options.grace_ms);
  SeriesTarget target;
  target.series = std::move(series);
  target.listed = facts.listed.value_or(kTimeMin);  // unknown where it does not matter
  const TimeMs from = std::max(from_min, resolve(run.options.from, now, target.listed));
  const TimeMs to = resolve(run.options.to, now, target.listed);
  target.asked = {slot_ceil(interval, from), slot_ceil(interval, to)};
  const TimeRange closed = target.asked.intersect({target.asked.from, now});
  TimeRange life = {slot_begin(interval, target.listed), kTimeMax};
  if (facts.delisted) life.to = slot_ceil(interval, *facts.delisted);
  const TimeMs reach = market.api->history_from(target.series.kind, interval, now);
  const TimeRange traded = closed.intersect(life);
  target.wanted = traded.intersect({slot_ceil(interval, reach), kTimeMax});
  if (target.wanted.empty()) target.wanted = {target.wanted.from, target.wanted.from};
  target.fillable = closed.intersect({kTimeMin, life.to});
  target.canonical = canonical_name(facts);
  target.multiplier = facts.multiplier;
  target.not_listed = slot_count(interval, closed) - slot_count(interval, traded);
  target.not_served = slot_count(interval, traded) - slot_count(interval, target.wanted);
  return target;
}

using Errors = std::map<std::string, Error>;  ///< by symbol

/// A name that nobody gave and that the exchange does not know was a guess: worth a word, not a failure.
Error refusal(const Selection& selection, const Error& error) {
  if (!selection.all || error.code() != Code::kUnknownName) return error;
  return Error(Code::kNotFound, "not found: " + error.message());
}

/// How an instrument's life is found out.
struct LifeSource {
  bool archive = false;  ///< by the archive's files, else by its first candle
  bool delisted =
      false;  ///< the files' end is the delisting: the exchange's list was had without it
};

/// Of one that the archive alone knows, a run that asks no more than the archive looks at its files.
LifeSource life_source(const RunState& run, const MarketRun& market, const KnownInstruments& known,
                       const store::InstrumentFacts& facts) {
  LifeSource source;
  source.archive = run.options.source == plan::SourceChoice::kArchive && facts.status.empty() &&
                   has_archive_list(market);
  source.delisted = source.archive && known.listed_at.has_value();
  return source;
}

/// Whose first row tells when an instrument was listed: events may begin later.
Series listing_series(const RunState& run, const MarketRun& market, const std::string& symbol) {
  Series series = run.series_of(market, symbol);
  if (series.is_events()) {
    series.kind = Kind::kCandles;
    series.interval = Interval::k1m;
  }
  return series;
}

/// Where the list does not say when a symbol was listed, its first candle does, or the archive's files.
async::Task<Result<void>> find_listing(RunState& run, MarketRun& market, Series series,
                                       LifeSource source, store::InstrumentFacts& facts,
                                       Errors& errors, async::CancelToken cancel) {
  Result<TimeRange> life = TimeRange{};
  if (source.archive) {
    life = co_await find_archive_life(market, series, cancel);
  } else {
    const Result<TimeMs> first = co_await find_first_candle(market, series, cancel);
    if (first) {
      life = TimeRange{slot_begin(series.interval, *first), kTimeMax};
    } else {
      life = fail(first.error());
    }
  }
  market.in_flight.release();
  if (!life) {
    if (ends_run(life.error().code())) co_return fail(life.error());
    errors.emplace(series.instrument.symbol, life.error());
    co_return Result<void>();
  }
  facts.listed = life->from;
  if (source.delisted) facts.delisted = life->to;
  co_return co_await record_life(run, series.instrument, facts.listed, facts.delisted);
}

async::Task<Result<void>> find_listings(RunState& run, MarketRun& market, KnownInstruments& known,
                                        Errors& errors, std::vector<std::string> symbols,
                                        async::CancelToken cancel) {
  async::TaskGroup group(run.services.loop, cancel);
  Result<void> place;
  for (const std::string& symbol : symbols) {
    const auto facts = known.facts.find(symbol);
    if (facts == known.facts.end()) continue;
    if (!facts->second.listed && gone_before(run.options, market, facts->second)) continue;
    const LifeSource source = life_source(run, market, known, facts->second);
    const bool end_unknown = source.delisted && !facts->second.delisted;
    if (facts->second.listed && !end_unknown) continue;
    place = co_await market.in_flight.acquire(group.token());
    if (!place) break;
    group.spawn(find_listing(run, market, listing_series(run, market, symbol), source,
                             facts->second, errors, group.token()));
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

namespace {

/// The series of what was selected by name.
async::Task<Result<Targets>> named_targets(RunState& run, MarketRun& market,
                                           KnownInstruments& known, async::CancelToken cancel) {
  add_unlisted(market, known.facts);
  const SelectedSymbols selected = select_existing(run.options, market, known.facts);
  Errors errors;
  const Result<void> listings =
      co_await find_listings(run, market, known, errors, selected.symbols, cancel);
  if (!listings) co_return fail(listings.error());
  Targets out;
  for (const std::string& word : selected.unknown) {
    out.refused.push_back(refused(run.series_of(market, word), unknown_symbol(market, word)));
  }
  for (const std::string& symbol : selected.symbols) {
    const Series series = run.series_of(market, symbol);
    if (!has_kind(run.options.kind, known.facts.at(symbol))) {
      const Error none(Code::kUsage, series.instrument.name() +
                                         " is no perpetual contract: it has no " +
                                         std::string(kind_name(series.kind)));
      out.refused.push_back(refused(series, none));
      continue;
    }
    const auto error = errors.find(symbol);
    if (error != errors.end()) {
      out.refused.push_back(refused(series, refusal(*market.selection, error->second)));
      continue;
    }
    out.targets.push_back(target_of(run, market, series, kTimeMin, known.facts.at(symbol)));
  }
  co_return out;
}

/// The series that the store has. Their beginning is known: they hold candles.
Targets held_targets(const RunState& run, const MarketRun& market, const FactsBySymbol& known) {
  Targets out;
  for (const HeldSeries& held : market.selection->held) {
    const auto facts = known.find(held.series.instrument.symbol);
    if (facts == known.end()) {
      const std::string& symbol = held.series.instrument.symbol;
      out.refused.push_back(refused(held.series, unknown_symbol(market, symbol)));
      continue;
    }
    out.targets.push_back(target_of(run, market, held.series, held.from_min, facts->second));
  }
  return out;
}

}  // namespace

async::Task<Result<Targets>> resolve_targets(RunState& run, MarketRun& market,
                                             async::CancelToken cancel) {
  KnownInstruments known = co_await read_ledger(run, market);
  const Result<void> updated = co_await update_known(run, market, known, cancel);
  if (!updated) co_return fail(updated.error());
  if (!market.selection->held.empty()) co_return held_targets(run, market, known.facts);
  co_return co_await named_targets(run, market, known, cancel);
}

}  // namespace bf::backfill
