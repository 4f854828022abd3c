#include "engine/backfill/fallback.h"

#include <algorithm>
#include <utility>

#include "engine/backfill/fetch_plan.h"
#include "engine/backfill/rescale.h"
#include "engine/backfill/symbols.h"
#include "engine/backfill/targets.h"

namespace bf::backfill {
namespace {

/// What a fallback left out is planned again; it ends as series_run.cpp's rounds do.
constexpr int kRoundsMax = 4;
/// A candle that the own exchange left out so shortly after it closed may still come.
constexpr DurationMs kLateMs = kHourMs;

TimeRange bounds(const RangeSet& set) {
  return {set.ranges().front().from, set.ranges().back().to};
}

/// What the own source was asked for in vain, or cannot be asked for any more.
RangeSet not_given(const SeriesState& own) {
  const bool ended = own.rest_ended || own.market.client->ended();
  return ended ? RangeSet(own.target.wanted) : own.given_up;
}

/// The market's own end is said once, by its client and the run; of the rest each series says its part.
void add_part(const MarketRun& market, const Error& error, SeriesReport& report) {
  const std::optional<Error>& ended = market.client->ended();
  if (!ended || ended->code() != error.code()) add_failure(report.failures, error);
}

void add_failures(const SeriesReport& part, const MarketRun& market, SeriesReport& report) {
  for (const Failure& failure : part.failures) {
    const Error error = Error(failure.code, failure.message).with_retry_at(failure.retry_at);
    add_part(market, error, report);
  }
}

void add_counts(const SeriesReport& part, SeriesReport& report) {
  report.rows_rejected += part.rows_rejected;
  for (const SourceRows& source : part.rows_by_source) {
    const auto same = [&](const SourceRows& known) { return known.source == source.source; };
    const auto known =
        std::find_if(report.rows_by_source.begin(), report.rows_by_source.end(), same);
    if (known == report.rows_by_source.end()) {
      report.rows_by_source.push_back(source);
    } else {
      known->rows += source.rows;
    }
  }
}

}  // namespace

RangeSet open_slots(const SeriesTarget& target, const store::GapIndex& gaps,
                    const RangeSet& not_given, TimeMs now) {
  RangeSet open(target.fillable);
  open.subtract(target.wanted);
  const TimeRange late = {slot_begin(gaps.interval(), now - kLateMs), kTimeMax};
  for (const store::StateRange& piece : gaps.states(target.wanted)) {
    switch (piece.state) {
      case store::SlotState::kHeld:
        break;
      case store::SlotState::kAbsentConfirmed:
        open.add(piece.range);
        break;
      case store::SlotState::kAbsentProvisional: {
        RangeSet settled(piece.range);
        settled.subtract(late);
        open.add(settled);
        break;
      }
      case store::SlotState::kMissing:
        open.add(not_given.intersect(piece.range));
        break;
    }
  }
  open.subtract(gaps.held());
  return open;
}

async::Task<Result<void>> FallbackMarket::read_list(RunState& run, async::CancelToken cancel) {
  known_ = co_await read_ledger(run, *market_);
  if (!is_fresh(*market_, known_.listed_at)) {
    const Result<void> clock = co_await market_->client->ensure_clock(cancel);
    if (!clock) co_return clock;
    const Result<void> refreshed = co_await refresh_from_exchange(run, *market_, known_, cancel);
    if (!refreshed) co_return refreshed;
  }
  for (const auto& [symbol, facts] : known_.facts) {
    const std::string canonical = canonical_name(facts);
    if (!canonical.empty()) by_canonical_.emplace(canonical, symbol);
  }
  co_return Result<void>();
}

async::Task<Result<void>> FallbackMarket::ensure_list(RunState& run, async::CancelToken cancel) {
  const Result<void> turn = co_await turn_.acquire(cancel);
  if (!turn) co_return turn;
  Result<void> read;
  if (list_failed_) read = fail(*list_failed_);
  if (!listed_ && !list_failed_) {
    read = co_await read_list(run, cancel);
    listed_ = read.has_value();
    if (!read && !ends_series(read.error().code())) {
      list_failed_ = read.error().at("a fallback's list of instruments");
      // What ends a source its client says.
      if (!market_->client->ended()) {
        run.services.observer.on_event(
            Event{Event::Type::kWarning, "", "left out as a fallback: " + read.error().message()});
      }
    }
  }
  turn_.release();
  co_return read;
}

store::InstrumentFacts* FallbackMarket::find(const SeriesTarget& target) {
  store::InstrumentFacts* found = nullptr;
  const auto [begin, end] = by_canonical_.equal_range(target.canonical);
  for (auto it = begin; it != end; ++it) {
    store::InstrumentFacts& facts = known_.facts.at(it->second);
    // Of several that are the same coin the one that counts alike is the nearest.
    if (found == nullptr || facts.multiplier == target.multiplier) found = &facts;
  }
  return found;
}

async::Task<Result<void>> FallbackMarket::find_listing(RunState& run, const Series& series,
                                                       store::InstrumentFacts& facts,
                                                       async::CancelToken cancel) {
  const Result<void> place = co_await market_->in_flight.acquire(cancel);
  if (!place) co_return place;
  const Result<TimeMs> first = co_await find_first_candle(*market_, series, cancel);
  market_->in_flight.release();
  if (!first) co_return fail(first.error());
  facts.listed = slot_begin(series.interval, *first);
  co_return co_await record_life(run, series.instrument, facts.listed);
}

async::Task<Result<std::optional<FallbackMarket::Link>>> FallbackMarket::link_to(
    RunState& run, const SeriesTarget& target, bool exact, async::CancelToken cancel) {
  const Series& own = target.series;
  std::optional<Link> link;
  // A funding rate is what its own exchange charged.
  const bool served = !own.is_events() && market_->api->serves(own.kind, own.interval);
  if (target.canonical.empty() || !served) co_return link;
  const Result<void> list = co_await ensure_list(run, cancel);
  if (!list) co_return fail(list.error());
  store::InstrumentFacts* const facts = find(target);
  if (facts == nullptr) co_return link;
  link.emplace();
  link->series = own;
  link->series.instrument = facts->instrument;
  const Result<int> shift = price_shift(target.multiplier, facts->multiplier);
  if (!shift) {
    co_return fail(Code::kRejected, link->series.instrument.name() + " cannot stand for " +
                                        own.instrument.name() + ": " + shift.error().message());
  }
  link->price_shift = *shift;
  if (!facts->listed && exact) {
    const Result<void> found = co_await find_listing(run, link->series, *facts, cancel);
    if (!found && found.error().code() == Code::kNotFound) co_return std::nullopt;
    if (!found) co_return fail(found.error());
  }
  link->life = {facts->listed.value_or(kTimeMin), kTimeMax};
  if (facts->delisted) link->life.to = slot_ceil(own.interval, *facts->delisted);
  co_return link;
}

RangeSet FallbackMarket::to_ask(const Link& link, const store::GapIndex& gaps,
                                const RangeSet& open) const {
  const Interval interval = link.series.interval;
  const TimeMs now = market_->client->now();
  const TimeMs reach = market_->api->history_from(link.series.kind, interval, now);
  const TimeMs from = std::max(slot_begin(interval, link.life.from), slot_ceil(interval, reach));
  const RangeSet served = open.intersect(TimeRange{from, link.life.to});
  return gaps.to_ask_of(market_->api->exchange(), served, now);
}

async::Task<Result<bool>> FallbackMarket::plan(RunState& run, const SeriesTarget& target,
                                               const store::GapIndex& gaps, RangeSet& open,
                                               async::CancelToken cancel) {
  const Result<std::optional<Link>> link = co_await link_to(run, target, /*exact=*/false, cancel);
  if (!link && ends_series(link.error().code())) co_return fail(link.error());
  if (!link) co_return true;
  if (!*link) co_return false;
  const RangeSet ask = to_ask(**link, gaps, open);
  open.subtract(ask);
  const plan::SeriesPlan planned =
      plan_wanted(run.options, *market_, (*link)->series, ask, gaps, RangeSet());
  plan::add_totals(planned, *market_->api, market_->archive ? &market_->archive->api() : nullptr,
                   planned_);
  run.progress.pages_planned +=
      static_cast<std::int64_t>(planned.files.size() + planned.pages.size());
  co_return true;
}

std::vector<plan::SourceTotals> FallbackMarket::planned(int max_weight_percent) const {
  const int share =
      max_weight_percent != 0 ? max_weight_percent : market_->api->default_share_percent();
  std::vector<plan::SourceTotals> totals = planned_;
  for (plan::SourceTotals& source : totals) {
    plan::set_seconds(source, market_->api->limit_rules(), share);
  }
  return totals;
}

async::Task<Result<void>> FallbackMarket::fetch(SeriesState& own, const Link& link,
                                                const RangeSet& open, async::CancelToken cancel) {
  SeriesTarget target;
  target.series = link.series;
  target.wanted = bounds(open);
  SeriesReport report;
  SeriesState state(own.run, *market_, target, report, own.sink);
  state.price_shift = link.price_shift;
  state.takes = open;
  // Without the exchange's time ours has to do; what is wrong with it shows in its pages.
  Result<void> done = co_await market_->client->ensure_clock(cancel);
  if (!done && ends_series(done.error().code())) co_return done;
  done = {};
  for (int round = 0; done && round < kRoundsMax; ++round) {
    const store::GapIndex& gaps = own.sink->writer->gaps();
    RangeSet ask = to_ask(link, gaps, open);
    ask.subtract(state.given_up);
    plan::SeriesPlan plan =
        plan_wanted(own.run.options, *market_, link.series, ask, gaps, state.archive_tried);
    if (plan.empty()) break;
    done = co_await fetch_plan(state, std::move(plan), cancel);
    const Result<void> flushed = co_await own.run.pump->flush(own.sink);
    if (done && !flushed) done = flushed;
  }
  own.pushed += state.pushed;
  add_counts(report, own.report);
  add_failures(report, *market_, own.report);
  co_return done;
}

async::Task<Result<bool>> FallbackMarket::fill(SeriesState& own, const RangeSet& open,
                                               async::CancelToken cancel) {
  const Result<std::optional<Link>> link =
      co_await link_to(own.run, own.target, /*exact=*/true, cancel);
  RangeSet outside = open;
  outside.subtract(own.target.wanted);
  if (!link) {
    if (ends_series(link.error().code())) co_return fail(link.error());
    // Nobody knows how much of this there is: until it can be asked it counts as missing.
    if (link.error().code() != Code::kRejected) own.owed.add(outside);
    add_part(*market_, link.error(), own.report);
    co_return true;
  }
  if (!*link) co_return false;
  const RangeSet ask = to_ask(**link, own.sink->writer->gaps(), open);
  if (ask.empty()) co_return true;
  const Result<void> fetched = co_await fetch(own, **link, ask, cancel);
  if (!fetched) co_return fail(fetched.error());
  own.owed.add(to_ask(**link, own.sink->writer->gaps(), outside));
  co_return true;
}

async::Task<Result<void>> Chain::plan(RunState& run, const SeriesTarget& target,
                                      const store::GapIndex& gaps, async::CancelToken cancel) {
  RangeSet open = open_slots(target, gaps, RangeSet(), run.services.loop.clock().wall_ms());
  std::string_view done;  // the exchange that needs no other of its markets
  for (const std::unique_ptr<FallbackMarket>& market : markets_) {
    if (open.empty()) break;
    if (market->exchange() == done) continue;
    const Result<bool> found = co_await market->plan(run, target, gaps, open, cancel);
    if (!found) co_return fail(found.error());
    if (*found) done = market->exchange();
  }
  co_return Result<void>();
}

async::Task<Result<void>> Chain::fill(SeriesState& own, async::CancelToken cancel) {
  std::string_view done;
  for (const std::unique_ptr<FallbackMarket>& market : markets_) {
    const RangeSet open =
        open_slots(own.target, own.sink->writer->gaps(), not_given(own), own.market.client->now());
    if (open.empty()) break;
    if (market->exchange() == done) continue;
    const Result<bool> found = co_await market->fill(own, open, cancel);
    if (!found) co_return fail(found.error());
    if (*found) done = market->exchange();
  }
  own.owed.subtract(own.sink->writer->gaps().held());
  co_return Result<void>();
}

}  // namespace bf::backfill
