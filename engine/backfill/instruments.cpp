#include "engine/backfill/instruments.h"

#include <algorithm>
#include <utility>

namespace bf::backfill {
namespace {

/// A list that is younger is not asked for again.
constexpr DurationMs kListFreshMs = kHourMs;

/// An instrument of which there is no more than its name.
store::InstrumentFacts bare_facts(const MarketRun& market, std::string symbol) {
  store::InstrumentFacts facts;
  facts.instrument.exchange = market.api->exchange();
  facts.instrument.market = market.api->market();
  facts.instrument.symbol = std::move(symbol);
  return facts;
}

/// From the begin of the first to the end of the last of the named files; empty without any.
TimeRange life_of_files(const exchange::ArchiveApi& archive, const Series& series,
                        const std::vector<std::string>& names) {
  TimeRange life = {kTimeMax, kTimeMin};
  for (const std::string& name : names) {
    const std::optional<TimeRange> range = archive.file_range(series, name);
    if (!range) continue;
    life.from = std::min(life.from, range->from);
    life.to = std::max(life.to, range->to);
  }
  return life;
}

}  // namespace

store::InstrumentFacts facts_of(const exchange::MarketApi& api,
                                const exchange::InstrumentInfo& info) {
  store::InstrumentFacts facts;
  facts.instrument.exchange = api.exchange();
  facts.instrument.market = api.market();
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

async::Task<KnownInstruments> read_ledger(RunState& run, const MarketRun& market) {
  KnownInstruments known;
  const std::function<void()> job = [&] {
    const store::InstrumentLedger* const ledger = run.services.ledger;
    if (ledger == nullptr) return;
    const std::string_view exchange = market.api->exchange();
    const std::string_view name = market.api->market();
    known.listed_at = ledger->refreshed_at(exchange, name);
    known.archive_listed_at = ledger->refreshed_at(exchange, name, store::ListOf::kArchive);
    for (store::InstrumentFacts& fact : ledger->all(exchange, name)) {
      std::string symbol = fact.instrument.symbol;
      known.facts.emplace(std::move(symbol), std::move(fact));
    }
  };
  co_await run.services.store_worker.run(job);
  co_return std::move(known);
}

bool is_fresh(const MarketRun& market, std::optional<TimeMs> listed_at) {
  return listed_at && market.client->now() - *listed_at <= kListFreshMs;
}

async::Task<Result<void>> change_ledger(RunState& run, std::function<Result<void>()> change) {
  if (!run.keeps) co_return Result<void>();
  Result<void> changed;
  const std::function<void()> job = [&] { changed = change(); };
  co_await run.services.store_worker.run(job);
  co_return changed;
}

async::Task<Result<void>> refresh_from_exchange(RunState& run, MarketRun& market,
                                                KnownInstruments& known,
                                                async::CancelToken cancel) {
  const Result<exchange::InstrumentList> list = co_await market.client->get_instruments(cancel);
  if (!list) co_return fail(list.error());
  for (const auto& [rule, capacity] : list->capacities) {
    market.limiter->set_capacity(rule, capacity);
  }
  std::vector<store::InstrumentFacts> listed;
  for (const exchange::InstrumentInfo& info : list->instruments) {
    store::InstrumentFacts facts = facts_of(*market.api, info);
    const auto before = known.facts.find(info.symbol);
    // An unknown instant is less than every known one.
    if (before != known.facts.end()) facts.listed = std::max(facts.listed, before->second.listed);
    listed.push_back(facts);
    known.facts.insert_or_assign(info.symbol, std::move(facts));
  }
  const TimeMs seen_at = market.client->now();
  known.listed_at = seen_at;
  const std::function<Result<void>()> change = [&] {
    return run.services.ledger->record_list(seen_at, market.api->exchange(), market.api->market(),
                                            listed);
  };
  co_return co_await change_ledger(run, change);
}

bool has_archive_list(const MarketRun& market) {
  return market.archive != nullptr && !market.archive->api().symbols_folder().empty();
}

async::Task<Result<void>> refresh_from_archive(RunState& run, MarketRun& market,
                                               KnownInstruments& known, async::CancelToken cancel) {
  const Result<std::vector<std::string>> names =
      co_await market.archive->list(market.archive->api().symbols_folder(), "", cancel);
  if (!names) co_return fail(names.error());
  std::vector<store::InstrumentFacts> listed;
  for (const std::string& symbol : *names) {
    store::InstrumentFacts bare = bare_facts(market, symbol);
    // A folder that can be no symbol is nobody's instrument.
    if (!validate(bare.instrument)) continue;
    listed.push_back(known.facts.try_emplace(symbol, std::move(bare)).first->second);
  }
  const TimeMs seen_at = market.client->now();
  known.archive_listed_at = seen_at;
  const std::function<Result<void>()> change = [&] {
    return run.services.ledger->record_list(seen_at, market.api->exchange(), market.api->market(),
                                            listed, store::ListOf::kArchive);
  };
  co_return co_await change_ledger(run, change);
}

async::Task<Result<TimeRange>> find_archive_life(MarketRun& market, Series series,
                                                 async::CancelToken cancel) {
  const exchange::ArchiveApi& archive = market.archive->api();
  const std::string months_folder = archive.files_folder(series, /*monthly=*/true);
  const Result<std::vector<std::string>> months =
      co_await market.archive->list(months_folder, "", cancel);
  if (!months) co_return fail(months.error());
  TimeRange life = life_of_files(archive, series, *months);

  // The days of the last month on say when it ended: a symbol has thousands of days before it.
  std::string marker;
  if (!life.empty()) {
    const TimeMs last_month = month_begin(life.to - kDayMs);
    const std::optional<exchange::ArchiveFile> day = archive.day_file(series, last_month - kDayMs);
    if (day) marker = day->path.substr(1);
  }
  const std::string days_folder = archive.files_folder(series, /*monthly=*/false);
  const Result<std::vector<std::string>> days =
      co_await market.archive->list(days_folder, marker, cancel);
  if (!days) co_return fail(days.error());
  const TimeRange by_day = life_of_files(archive, series, *days);
  if (life.empty()) life = by_day;
  if (!by_day.empty()) life.to = by_day.to;
  if (life.empty()) {
    co_return fail(Code::kNotFound, "the archive has no file of " + series.name());
  }
  co_return life;
}

async::Task<Result<void>> record_life(RunState& run, Instrument instrument,
                                      std::optional<TimeMs> listed,
                                      std::optional<TimeMs> delisted) {
  const TimeMs seen_at = run.services.loop.clock().wall_ms();
  const std::function<Result<void>()> change = [&]() -> Result<void> {
    std::optional<store::InstrumentFacts> facts = run.services.ledger->find(instrument);
    if (!facts) {
      facts.emplace();  // a name that no list has
      facts->instrument = instrument;
    }
    facts->listed = listed;
    if (delisted) facts->delisted = delisted;
    return run.services.ledger->record(seen_at, std::span(&*facts, 1));
  };
  co_return co_await change_ledger(run, change);
}

}  // namespace bf::backfill
