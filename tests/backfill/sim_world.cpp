#include "tests/backfill/sim_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "engine/async/task_group.h"
#include "engine/net/sim_transport.h"

namespace bf::test {
namespace {

constexpr std::uint16_t kPort = 80;
constexpr std::string_view kHost = "exchange.invalid";
constexpr std::int64_t kNsPerMs = 1'000'000;

async::Task<Result<void>> cancel_later(async::Loop& loop, async::CancelSource& source,
                                       std::int64_t after_ns, async::CancelToken stop) {
  const async::Wake wake = co_await loop.sleep(after_ns, stop);
  if (wake == async::Wake::kTimeout) source.cancel();
  co_return Result<void>();
}

using RunTask = async::Task<backfill::RunReport> (*)(backfill::Services&, backfill::RunOptions,
                                                     async::CancelToken);

/// Lifetime: services and transport outlive the task.
async::Task<backfill::RunReport> run_and_close(RunTask task, backfill::Services& services,
                                               net::SimTransport& transport,
                                               backfill::RunOptions options,
                                               async::CancelSource& source,
                                               std::int64_t cancel_after_ns) {
  async::TaskGroup timer(services.loop, async::CancelToken());
  if (cancel_after_ns != SimWorld::kNever) {
    timer.spawn(cancel_later(services.loop, source, cancel_after_ns, timer.token()));
  }
  backfill::RunReport report = co_await task(services, std::move(options), source.token());
  timer.cancel();
  const Result<void> ended = co_await timer.join();
  EXPECT_TRUE(ended);
  co_await transport.close();
  co_return std::move(report);
}

async::Task<bool> sleep_for(async::Loop& loop, std::int64_t ns) {
  const async::Wake wake = co_await loop.sleep(ns, async::CancelToken());
  co_return wake == async::Wake::kTimeout;
}

std::string two_rows(const CandleBatch& held, std::size_t held_row, const CandleBatch& truth,
                     std::size_t true_row) {
  std::string text = "row " + std::to_string(held_row) + ", stored:";
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (held.columns.contains(column)) text.append(" ").append(held.text_at(column, held_row));
  }
  text.append("; true:");
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (truth.columns.contains(column)) text.append(" ").append(truth.text_at(column, true_row));
  }
  return text;
}

/// `market` is "okx/swap", or "um" for one of Binance.
Instrument instrument_of(const std::string& market, const std::string& symbol) {
  const std::size_t slash = market.find('/');
  if (slash == std::string::npos) return {"binance", market, symbol};
  return {market.substr(0, slash), market.substr(slash + 1), symbol};
}

/// The columns that the market of `series` gives.
ColumnSet own_columns(const Series& series) {
  const auto api = exchange::find_market(series.instrument.exchange, series.instrument.market);
  return (*api)->columns(series.kind);
}

backfill::RunReport storage_failure(const Error& error) {
  backfill::RunReport report;
  backfill::add_failure(report.failures, error);
  return report;
}

}  // namespace

std::size_t RecordingObserver::count(backfill::Event::Type type) const {
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(),
                    [type](const backfill::Event& event) { return event.type == type; }));
}

SimWorld::SimWorld(const sim::Truth& truth, WorldOptions options)
    : truth_(truth),
      options_(std::move(options)),
      loop_(options_.start),
      exchange_(loop_, truth_, options_.exchange) {}

backfill::RunOptions SimWorld::options(const std::string& market, std::vector<std::string> symbols,
                                       TimeRange range) const {
  backfill::RunOptions run;
  backfill::Selection selection;
  const Instrument named = instrument_of(market, {});
  selection.exchange = named.exchange;
  selection.market = named.market;
  selection.all = symbols.empty();
  selection.symbols = std::move(symbols);
  run.selections.push_back(std::move(selection));
  run.from.offset_ms = range.from;
  run.to = {backfill::TimeSpec::From::kAbsolute, range.to};
  run.source = plan::SourceChoice::kRest;
  const std::string url = "http://" + std::string(kHost) + ":" + std::to_string(kPort);
  run.base_urls[named.exchange] = url;
  run.archive_urls[named.exchange] = url;
  run.allow_plain_http = true;
  return run;
}

backfill::RunReport SimWorld::run(const backfill::RunOptions& options,
                                  std::int64_t cancel_after_ns) {
  return run_with(options, cancel_after_ns, /*plan_only=*/false);
}

backfill::RunReport SimWorld::plan(const backfill::RunOptions& options) {
  return run_with(options, kNever, /*plan_only=*/true);
}

backfill::RunReport SimWorld::run_with(const backfill::RunOptions& options,
                                       std::int64_t cancel_after_ns, bool plan_only) {
  const std::int64_t frames_before = async::live_frames();
  backfill::RunReport report;
  {
    store::StoreOptions store_options;
    store_options.mode = store::StoreOptions::Mode::kWrite;
    const auto store = store::Store::open(*disk_, loop_.clock(), store_options);
    if (!store) return storage_failure(store.error());
    auto ledger = store::InstrumentLedger::open(*disk_);
    if (!ledger) return storage_failure(ledger.error());
    net::SimTransport transport(loop_);
    transport.route(std::string(kHost), kPort,
                    net::SimRoute{.handler = &exchange_, .latency_ns = options_.latency_ns});
    backfill::Services services{.loop = loop_,
                                .transport = transport,
                                .store_worker = *store_worker_,
                                .series_workers = *series_workers_,
                                .files = disk_,
                                .store = store->get(),
                                .ledger = &*ledger,
                                .observer = observer_};
    const RunTask task = plan_only ? &backfill::plan_backfill : &backfill::run_backfill;
    async::CancelSource source;
    std::uint64_t turn = 0;
    loop_.on_turn = [&] {
      if (++turn == cancel_turn_) source.cancel();
    };
    report = loop_.run(run_and_close(task, services, transport, options, source, cancel_after_ns));
    loop_.on_turn = {};
    turns_ = turn;
  }
  EXPECT_EQ(async::live_frames(), frames_before) << "a coroutine was left behind";
  EXPECT_EQ(files_.open_files(), 0) << "a file was left open";
  return report;
}

void SimWorld::sleep(DurationMs time) { EXPECT_TRUE(loop_.run(sleep_for(loop_, time * kNsPerMs))); }

void SimWorld::set_faults(const std::string& lines) {
  sim::FaultPlan plan;
  const Result<void> added = plan.add_lines(lines);
  ASSERT_TRUE(added) << added.error().message();
  exchange_.faults() = std::move(plan);
}

Series SimWorld::series(const std::string& market, const std::string& symbol,
                        Interval interval) const {
  Series series;
  series.instrument = instrument_of(market, symbol);
  series.interval = interval;
  return series;
}

Series SimWorld::funding(const std::string& market, const std::string& symbol) const {
  Series funding = series(market, symbol, Interval::kEvents);
  funding.kind = Kind::kFunding;
  return funding;
}

std::unique_ptr<store::SeriesSnapshot> SimWorld::read(const Series& series) {
  const auto store = store::Store::open(*disk_, loop_.clock(), store::StoreOptions());
  if (!store) return nullptr;
  auto snapshot = (*store)->read(series);
  return snapshot ? std::move(*snapshot) : nullptr;
}

CandleBatch SimWorld::stored_rows(const Series& series, TimeRange range) {
  CandleBatch rows;
  rows.columns = own_columns(series);
  const std::unique_ptr<store::SeriesSnapshot> snapshot = read(series);
  if (snapshot == nullptr) return rows;
  const std::unique_ptr<store::Scan> scan = snapshot->scan(range, rows.columns);
  store::ScanBatch batch;
  while (true) {
    const Result<bool> more = scan->next(batch);
    EXPECT_TRUE(more) << more.error().message();
    if (!more || !*more) return rows;
    if (rows.empty()) rows.columns = batch.rows.columns;
    rows.append_rows(batch.rows, 0, batch.rows.row_count());
  }
}

CandleBatch SimWorld::true_rows(const Series& series, TimeRange range) const {
  sim::SimSeries wanted;
  wanted.market =
      sim::parse_market(series.instrument.exchange + "/" + series.instrument.market).value();
  wanted.symbol = series.instrument.symbol;
  wanted.interval = series.interval;
  std::string body = "[";
  truth_.append_rows(wanted, {range, std::numeric_limits<std::size_t>::max()}, body);
  body += "]";
  body.reserve(body.size() + net::kBodyPadding);
  // The truth's rows are written as Binance's, whatever the exchange.
  const auto api = exchange::find_market("binance", "spot");
  CandleBatch rows;
  const Result<void> parsed = (*api)->parse_candles(series, body, rows);
  EXPECT_TRUE(parsed) << parsed.error().message();
  rows.columns = own_columns(series);
  // Binance alone says when a candle closed.
  if (series.instrument.exchange != "binance") rows.odd_close_times.clear();
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    if (!rows.columns.contains(static_cast<Column>(i))) rows.data[i] = {};
  }
  // No other exchange tells when a candle closed.
  if (series.instrument.exchange != "binance") rows.odd_close_times.clear();
  return rows;
}

std::vector<std::string> SimWorld::stored_events(const Series& series, TimeRange range) {
  std::vector<std::string> lines;
  const std::unique_ptr<store::SeriesSnapshot> snapshot = read(series);
  if (snapshot == nullptr) return lines;
  const std::unique_ptr<store::Scan> scan = snapshot->scan(range, kAllColumns);
  store::ScanBatch batch;
  while (true) {
    const Result<bool> more = scan->next(batch);
    EXPECT_TRUE(more) << more.error().message();
    if (!more || !*more) return lines;
    for (std::size_t row = 0; row < batch.rows.row_count(); ++row) {
      std::string& line = lines.emplace_back(std::to_string(batch.rows.open_time()[row]));
      for (std::size_t i = 1; i < kColumnCount; ++i) {
        const auto column = static_cast<Column>(i);
        if (!batch.rows.columns.contains(column)) continue;
        line.append(" ").append(column_name(column)).append(" ");
        line.append(batch.rows.text_at(column, row));
      }
    }
  }
}

std::vector<std::string> SimWorld::true_events(const Series& series, TimeRange range) const {
  const auto market =
      sim::parse_market(series.instrument.exchange + "/" + series.instrument.market).value();
  const sim::RowQuery query{range, std::numeric_limits<std::size_t>::max()};
  const ColumnSet columns = own_columns(series);
  std::vector<std::string> lines;
  for (const sim::FundingEvent& event : truth_.funding(market, series.instrument.symbol, query)) {
    std::string& line = lines.emplace_back(std::to_string(event.time));
    line += " funding_rate " + canonical_decimal(event.rate).value();
    if (columns.contains(Column::kMarkPrice) && !event.mark_price.empty()) {
      line += " mark_price " + canonical_decimal(event.mark_price).value();
    }
    if (columns.contains(Column::kFundingHours)) line += " funding_hours 1";
    if (columns.contains(Column::kIndexPrice) && !event.mark_price.empty()) {
      line += " index_price " + canonical_decimal(event.mark_price).value();
    }
  }
  return lines;
}

std::string SimWorld::events_difference(const Series& series, TimeRange range) {
  const std::vector<std::string> held = stored_events(series, range);
  const std::vector<std::string> truth = true_events(series, range);
  const auto [at, wanted] = std::mismatch(held.begin(), held.end(), truth.begin(), truth.end());
  if (at == held.end() && wanted == truth.end()) return "";
  return "stored " + (at == held.end() ? "nothing" : *at) + " for " +
         (wanted == truth.end() ? "nothing" : *wanted);
}

std::string SimWorld::wrong_event(const Series& series, TimeRange range) {
  const std::vector<std::string> truth = true_events(series, range);
  for (const std::string& line : stored_events(series, range)) {
    if (!std::binary_search(truth.begin(), truth.end(), line)) return line + " is not true";
  }
  return "";
}

std::string SimWorld::difference(const Series& series, TimeRange range) {
  if (series.is_events()) return events_difference(series, range);
  return difference(series, series, range);
}

std::string SimWorld::difference(const Series& series, const Series& of, TimeRange range) {
  const CandleBatch held = stored_rows(series, range);
  const CandleBatch truth = true_rows(of, range);
  const std::size_t rows = std::min(held.row_count(), truth.row_count());
  for (std::size_t row = 0; row < rows; ++row) {
    if (!same_row(held, row, truth, row)) return two_rows(held, row, truth, row);
  }
  if (held.row_count() == truth.row_count()) return "";
  return "stored " + std::to_string(held.row_count()) + " rows of " +
         std::to_string(truth.row_count());
}

std::string SimWorld::wrong_row(const Series& series, TimeRange range) {
  if (series.is_events()) return wrong_event(series, range);
  const CandleBatch held = stored_rows(series, range);
  const CandleBatch truth = true_rows(series, range);
  std::size_t there = 0;
  for (std::size_t row = 0; row < held.row_count(); ++row) {
    const TimeMs open_time = held.open_time()[row];
    while (there < truth.row_count() && truth.open_time()[there] < open_time) ++there;
    if (there == truth.row_count()) return "no candle opens at " + format_time(open_time);
    if (!same_row(held, row, truth, there)) return two_rows(held, row, truth, there);
  }
  return "";
}

std::vector<store::Answer> SimWorld::provenance(const Series& series, TimeRange range) {
  std::vector<store::Answer> answers;
  const std::unique_ptr<store::SeriesSnapshot> snapshot = read(series);
  if (snapshot == nullptr) return answers;
  store::ScanOptions options;
  options.provenance = true;
  const std::unique_ptr<store::Scan> scan = snapshot->scan(range, kAllColumns, options);
  store::ScanBatch batch;
  while (true) {
    const Result<bool> more = scan->next(batch);
    EXPECT_TRUE(more) << more.error().message();
    if (!more || !*more) return answers;
    for (const auto& run : batch.provenance) answers.push_back(batch.answers.at(run.answer));
  }
}

std::vector<store::Conflict> SimWorld::conflicts(const Series& series) {
  const std::unique_ptr<store::SeriesSnapshot> snapshot = read(series);
  if (snapshot == nullptr) return {};
  Result<std::vector<store::Conflict>> conflicts = snapshot->conflicts();
  EXPECT_TRUE(conflicts) << conflicts.error().message();
  return conflicts ? *std::move(conflicts) : std::vector<store::Conflict>();
}

std::string SimWorld::file_text(const std::string& path) {
  const auto file = disk_->open(path, FileSystem::Open::kRead);
  if (!file) return file.error().message();
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return size.error().message();
  std::string text(*size, '\0');
  const Result<void> read = (*file)->pread(std::as_writable_bytes(std::span(text)), 0);
  return read ? text : read.error().message();
}

store::GapIndex SimWorld::gaps(const Series& series) {
  const std::unique_ptr<store::SeriesSnapshot> snapshot = read(series);
  return snapshot ? snapshot->gaps() : store::GapIndex(series);
}

Result<void> SimWorld::verify(const Series& series) {
  const std::unique_ptr<store::SeriesSnapshot> snapshot = read(series);
  if (snapshot == nullptr) return fail(Code::kNotFound, series.name() + " cannot be read");
  return snapshot->verify();
}

std::size_t SimWorld::requests(sim::Endpoint endpoint) const {
  const auto entries = ledger().entries();
  return static_cast<std::size_t>(
      std::count_if(entries.begin(), entries.end(),
                    [endpoint](const auto& entry) { return entry.endpoint == endpoint; }));
}

const backfill::SeriesReport& report_of(const backfill::RunReport& report, const Series& series) {
  static const backfill::SeriesReport kNone;
  const auto found =
      std::find_if(report.series.begin(), report.series.end(),
                   [&series](const auto& candidate) { return candidate.series == series; });
  EXPECT_NE(found, report.series.end()) << "no report of " << series.name();
  return found == report.series.end() ? kNone : *found;
}

std::string failures_of(const backfill::RunReport& report) {
  std::string text;
  const auto add = [&text](const std::string& who, const std::vector<backfill::Failure>& failures) {
    for (const backfill::Failure& failure : failures) {
      text.append(who).append(": ").append(failure.message).append(" x");
      text.append(std::to_string(failure.count)).append("\n");
    }
  };
  add("run", report.failures);
  for (const backfill::SeriesReport& series : report.series) {
    add(series.series.name(), series.failures);
  }
  return text;
}

}  // namespace bf::test
