#include "tests/store/golden_store.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

#include "store/atomic_file.h"
#include "store/log.h"
#include "store/manifest.h"

namespace bf::store::test {
namespace {

constexpr TimeMs kAsked = kStart + 40 * kDayMs;
constexpr ColumnSet kWithoutTakers = {Column::kOpen,  Column::kHigh,   Column::kLow,
                                      Column::kClose, Column::kVolume, Column::kQuoteVolume,
                                      Column::kTrades};

/// A made-up market that behaves as real ones do, so that every model of a column fits at times.
class Market {
 public:
  explicit Market(std::uint64_t seed) : random_(seed) {}

  /// How far the close jumps in one row of sixty-four: wide deltas become patches.
  std::int64_t jump = 0;
  /// Nobody trades: prices stand still, volumes are 0, but for one row in a hundred.
  bool asleep = false;

  /// Minutes [begin, end), answered by one REST page.
  AnsweredRows page(std::int64_t begin, std::int64_t end, ColumnSet columns) {
    AnsweredRows page;
    page.rows.columns = columns;
    for (std::int64_t n = begin; n < end; ++n) append(page.rows, n);
    page.answer = answer_for({minute(begin), minute(end)}, page.rows, kAsked);
    return page;
  }

 private:
  std::int64_t noise(std::int64_t bound) {
    return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(bound)));
  }

  void append(CandleBatch& rows, std::int64_t n) {
    const bool quiet = asleep && n % 100 != 7;
    const std::int64_t open = close_;
    if (!quiet) close_ += noise(41) - 20 + (n % 64 == 5 ? jump : 0);
    const std::int64_t high = std::max(open, close_) + (quiet ? 0 : noise(12));
    const std::int64_t low = std::min(open, close_) - (quiet ? 0 : noise(12));
    const std::int64_t trades = quiet ? 0 : 1 + noise(std::int64_t{1} << (4 + noise(8)));
    const std::int64_t volume = trades * (20 + noise(60));
    const std::int64_t taker = volume / 2 + (volume == 0 ? 0 : noise(volume / 4 + 1));
    const std::int64_t average = (open + high + low + close_) / 4;
    const auto put = [&rows](Column column, std::int64_t value, int scale) {
      if (rows.columns.contains(column)) rows.append(column, Decimal{value, scale});
    };
    put(Column::kOpenTime, minute(n), 0);
    put(Column::kOpen, open, 2);
    put(Column::kHigh, high, 2);
    put(Column::kLow, low, 2);
    put(Column::kClose, close_, 2);
    put(Column::kVolume, volume, 3);
    put(Column::kQuoteVolume, volume * average + (quiet ? 0 : noise(99)), 5);
    put(Column::kTrades, trades, 0);
    put(Column::kTakerBuyBase, taker, 3);
    put(Column::kTakerBuyQuote, taker * average + (quiet ? 0 : noise(99)), 5);
  }

  Random random_;
  std::int64_t close_ = 4'300'000;
};

Result<void> commit_all(SeriesWriter& writer, std::span<const AnsweredRows> pages) {
  for (const AnsweredRows& page : pages) {
    if (const Result<void> done = commit(writer, page); !done) return done;
  }
  return {};
}

/// Each kind of column bytes. The columns change from page to page, so that each becomes a block.
std::vector<AnsweredRows> pages_of_every_encoding(std::int64_t begin) {
  Market market(static_cast<std::uint64_t>(begin) + 1);
  std::vector<AnsweredRows> pages;
  const auto add = [&](std::int64_t rows, ColumnSet columns) {
    pages.push_back(market.page(begin, begin + rows, columns));
    begin += rows;
  };
  add(150, kCandleColumns);
  for (const std::int64_t jump : {0, 1'500, 90'000, 9'000'000}) {  // patches of 0, 1, 2 and 4 bytes
    market.jump = jump;
    add(66, kOhlcvColumns);
    add(1, kWithoutTakers);
  }
  market.jump = 0;
  market.asleep = true;
  add(220, kCandleColumns);
  add(3, kOhlcvColumns);
  add(5, kWithoutTakers);
  return pages;
}

Result<void> write_encodings(SimFileSystem& files) {
  const Result<Writing> writing = open_writing(files);
  if (!writing) return fail(writing.error());
  SeriesWriter& writer = *writing->writer;
  const Result<void> sealed = commit_all(writer, pages_of_every_encoding(0));
  if (!sealed) return sealed;
  if (const Result<void> done = writer.seal(); !done) return done;
  const Result<void> logged = commit_all(writer, pages_of_every_encoding(5'000));
  return logged ? writer.close() : logged;
}

/// Frames alone, as they are packed today: the other stores' logs are of earlier builds.
Result<void> write_frames(SimFileSystem& files) {
  const Result<Writing> writing = open_writing(files);
  if (!writing) return fail(writing.error());
  SeriesWriter& writer = *writing->writer;
  const Result<void> logged = commit_all(writer, pages_of_every_encoding(0));
  if (!logged) return logged;
  AnsweredRows wild = page(2'000, 2'300);
  // Any 64 bits fit, and times that are off the grid.
  wild.rows.column(Column::kVolume).values[0] = std::numeric_limits<std::int64_t>::min();
  wild.rows.column(Column::kVolume).values[1] = std::numeric_limits<std::int64_t>::max();
  wild.rows.column(Column::kTrades).values[299] = std::int64_t{1} << 40;
  wild.rows.column(Column::kOpenTime).values[20] += 789;
  if (const Result<void> done = commit(writer, wild); !done) return done;
  return writer.close();
}

/// A page whose values and times fit no column: wide ones, odd close times, open times off the grid.
AnsweredRows page_of_exceptions(std::int64_t begin) {
  AnsweredRows odd = page(begin, begin + 40);
  CandleBatch& rows = odd.rows;
  const auto zero = [&rows](Column column, std::size_t row) {
    rows.column(column).values[row] = 0;  // a wide value has 0 in its column
  };
  zero(Column::kVolume, 7);
  zero(Column::kVolume, 9);
  zero(Column::kQuoteVolume, 9);
  rows.wide = {{7, Column::kVolume, "0.00000000000000000000000000000000001"},
               {9, Column::kVolume, "123456789012345678901234567890"},
               {9, Column::kQuoteVolume, "-98765432109876543210.5"}};
  rows.odd_close_times = {{0, minute(begin) + 5}, {7, minute(begin + 9)}, {39, 0}};
  rows.odd_close_times[2].close_time = minute(begin + 40);
  rows.column(Column::kOpenTime).values[20] += 789;
  rows.column(Column::kClose).values[21] = -rows.column(Column::kClose).values[21];
  return odd;
}

Result<void> write_exceptions(SimFileSystem& files) {
  const Result<Writing> writing = open_writing(files);
  if (!writing) return fail(writing.error());
  SeriesWriter& writer = *writing->writer;
  if (const Result<void> done = commit(writer, page_of_exceptions(0)); !done) return done;
  if (const Result<void> done = writer.seal(); !done) return done;
  if (const Result<void> done = commit(writer, page_of_exceptions(100)); !done) return done;
  return writer.close();
}

AnsweredRows from(AnsweredRows page, std::string exchange, Channel channel, std::uint8_t hash = 0) {
  page.answer.exchange = std::move(exchange);
  page.answer.channel = channel;
  page.answer.archive_hash.fill(hash);
  return page;
}

/// A page of [begin, end) that leaves out [hole_begin, hole_end).
AnsweredRows page_with_hole(std::int64_t begin, std::int64_t hole_begin, std::int64_t hole_end,
                            std::int64_t end, TimeMs asked_at) {
  AnsweredRows page;
  page.rows.columns = kCandleColumns;
  for (std::int64_t n = begin; n < end; ++n) {
    if (n < hole_begin || n >= hole_end) append_candle(page.rows, n);
  }
  page.answer = answer_for({minute(begin), minute(end)}, page.rows, asked_at);
  return page;
}

/// Sources of every kind that disagree, in two spans, sealed one by one and compacted; then more.
Result<void> write_compacted(SimFileSystem& files) {
  const Result<Writing> writing = open_writing(files);
  if (!writing) return fail(writing.error());
  SeriesWriter& writer = *writing->writer;
  // Minute 1,440 begins the next span.
  const std::vector<AnsweredRows> pages = {
      page(0, 60),
      page(30, 40, /*version=*/1, kAsked + 1),
      page(35, 38, /*version=*/2, kAsked - 1),
      from(page(20, 100, 3), "binance", Channel::kArchiveDaily, 0xda),
      from(page(90, 130, 4), "binance", Channel::kArchiveMonthly, 0x30),
      from(page(120, 140, 5), "bybit", Channel::kRest),
      from(page(130, 150, 6), "okx", Channel::kRest),
      from(page(150, 160, 7), "binance", Channel::kStream),
      from(page(155, 165, 8), "binance", Channel::kImport),
      page_with_hole(200, 210, 215, 240, kAsked),
      page_with_hole(1'430, 1'438, 1'442, 1'450, kAsked)};
  for (const AnsweredRows& page : pages) {
    if (const Result<void> done = commit(writer, page); !done) return done;
    if (const Result<void> done = writer.seal(); !done) return done;
  }
  if (const auto report = writer.compact(); !report) return fail(report.error());
  // One segment over those of the compaction, and one span of answers alone.
  const std::array more = {page(33, 36, /*version=*/9, kAsked + 5),
                           page_with_hole(60'000, 60'000, 60'100, 60'100, kAsked)};
  if (const Result<void> done = commit_all(writer, more); !done) return done;
  if (const Result<void> done = writer.seal(); !done) return done;
  return writer.close();
}

/// A log alone, of a writer that was killed: frames of several pages, coverage without rows, a frame
/// that nothing proves, and the torn beginning of the next.
Result<void> write_log(SimFileSystem& files) {
  const Result<Writing> writing = open_writing(files);
  if (!writing) return fail(writing.error());
  SeriesWriter& writer = *writing->writer;
  const std::array first = {page(0, 20), page_with_hole(10, 20, 24, 30, kAsked + 1),
                            from(page(24, 34, 2), "binance", Channel::kArchiveDaily, 7)};
  if (const Result<void> done = writer.append(first); !done) return done;
  if (const Result<void> done = writer.sync(); !done) return done;
  const std::array second = {
      page_with_hole(40, 40, 50, 50, kAsked),           // once: provisional
      page_with_hole(60, 60, 65, 70, minute(71)),       // too early: provisional
      page_with_hole(80, 80, 85, 85, kAsked),           // twice: confirmed
      page_with_hole(80, 80, 85, 85, kAsked + kDayMs),  //
      from(page_with_hole(90, 95, 99, 100, 0), "binance", Channel::kStream)  // due at once
  };
  if (const Result<void> done = commit_all(writer, second); !done) return done;
  const AnsweredRows unproven = page(200, 210);
  if (const Result<void> done = writer.append({&unproven, 1}); !done) return done;

  const Result<Manifest> manifest = read_manifest(files, kSeries);
  if (!manifest) return fail(manifest.error());
  const std::string path = join_path(kSeries.path(), log_name(manifest->log_epoch));
  const auto file = files.open(path, FileSystem::Open::kReadWrite);
  if (!file) return fail(file.error());
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return fail(size.error());
  return (*file)->pwrite(std::as_bytes(std::span("BFLF torn")), *size);
}

constexpr ColumnSet kPeriodColumns = {Column::kFundingRate, Column::kMarkPrice,
                                      Column::kFundingHours};

/// What is paid every eight hours, a few ms late: events [begin, end), which are all that happens up to
/// the next one. Old ones have no mark price; for each other one the exchange says for how many hours it is.
AnsweredRows page_of_funding(std::int64_t begin, std::int64_t end, ColumnSet columns) {
  constexpr DurationMs kEvery = 8 * kHourMs;
  AnsweredRows page;
  page.rows.columns = columns;
  for (std::int64_t n = begin; n < end; ++n) {
    const std::int64_t mark = 4'300'000'000'000 + (n * 7'919'000'001) % 90'000'000'000;
    page.rows.append(Column::kOpenTime, Decimal{kStart + n * kEvery + n % 3, 0});
    page.rows.append(Column::kFundingRate,
                     Decimal{(n * 37 % 201 - 100) * (n % 5 == 0 ? 100 : 1), 8});
    if (columns.contains(Column::kMarkPrice)) {
      page.rows.append(Column::kMarkPrice, Decimal{mark, 8});
    }
    if (columns.contains(Column::kFundingHours)) {
      page.rows.append(Column::kFundingHours, Decimal{n % 4 == 0 ? 4 : 8, 0});
    }
  }
  page.answer = answer_for({kStart + begin * kEvery, kStart + end * kEvery}, page.rows, kAsked);
  return page;
}

/// Events: pages with and without a mark price, a rate that no mantissa holds, two answers that disagree
/// about one event, and ranges in which nothing happened.
Result<void> write_funding(SimFileSystem& files) {
  const Result<Writing> writing = open_writing(files, kFundingSeries);
  if (!writing) return fail(writing.error());
  SeriesWriter& writer = *writing->writer;
  AnsweredRows wide = page_of_funding(40, 60, kPeriodColumns);
  wide.rows.column(Column::kFundingRate).values[3] = 0;  // a wide value has 0 in its column
  wide.rows.wide = {{3, Column::kFundingRate, "-0.00000000000000000000000000000012"}};
  AnsweredRows other = page_of_funding(55, 56, kPeriodColumns);
  other.rows.column(Column::kFundingRate).values[0] += 1;
  other.answer.asked_at += 1;
  AnsweredRows nothing = page_of_funding(90, 90, kPeriodColumns);
  nothing.answer.asked.to += 3 * kDayMs;
  const std::array pages = {
      page_of_funding(0, 40, {Column::kFundingRate}), std::move(wide), std::move(other),
      page_of_funding(60, 90, {Column::kFundingRate, Column::kMarkPrice}), std::move(nothing)};
  if (const Result<void> done = commit_all(writer, pages); !done) return done;
  if (const Result<void> done = writer.seal(); !done) return done;
  const Result<void> logged = commit(writer, page_of_funding(99, 110, kPeriodColumns));
  return logged ? writer.close() : logged;
}

void add_line(std::string& out, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (word.data() != words.begin()->data()) out += ' ';
    out += word;
  }
  out += '\n';
}

std::string source_name(const Answer& answer) {
  return answer.exchange + "/" + std::string(channel_name(answer.channel)) + "@" +
         std::to_string(answer.asked_at);
}

/// Calls `each` with every batch of a scan over all rows.
template <class Each>
Result<void> each_batch(const SeriesSnapshot& snapshot, const Each& each) {
  const std::unique_ptr<Scan> scan = snapshot.scan({0, kTimeMax}, kAllColumns);
  ScanBatch batch;
  for (;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) return {};
    each(batch.rows);
  }
}

}  // namespace

std::span<const GoldenStore> golden_stores() {
  static const std::array kStores = {GoldenStore{"encodings", write_encodings},
                                     GoldenStore{"exceptions", write_exceptions},
                                     GoldenStore{"compacted", write_compacted},
                                     GoldenStore{"log", write_log},
                                     GoldenStore{"funding", write_funding, kFundingSeries},
                                     GoldenStore{"frames", write_frames}};
  return kStores;
}

Result<std::string> csv_of(const SeriesSnapshot& snapshot) {
  std::uint32_t bits = 0;
  const auto collect = [&bits](const CandleBatch& rows) { bits |= rows.columns.bits(); };
  if (const Result<void> done = each_batch(snapshot, collect); !done) return fail(done.error());
  const ColumnSet columns = ColumnSet::from_bits(bits);
  std::string out;
  const auto add_cells = [&](const auto& cell) {
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      const auto column = static_cast<Column>(i);
      if (!columns.contains(column)) continue;
      if (i != 0) out += ',';
      out += cell(column);
    }
    out += '\n';
  };
  add_cells([](Column column) { return std::string(column_name(column)); });
  const auto add_rows = [&](const CandleBatch& rows) {
    for (std::size_t row = 0; row < rows.row_count(); ++row) {
      add_cells([&](Column column) {
        return rows.columns.contains(column) ? rows.text_at(column, row) : std::string();
      });
    }
  };
  if (const Result<void> done = each_batch(snapshot, add_rows); !done) return fail(done.error());
  return out;
}

Result<std::string> report_of(const SeriesSnapshot& snapshot) {
  const Result<SeriesStats> stats = snapshot.stats();
  if (!stats) return fail(stats.error());
  const Result<std::vector<Conflict>> conflicts = snapshot.conflicts();
  if (!conflicts) return fail(conflicts.error());
  const Result<std::uint64_t> hash = snapshot.content_hash();
  if (!hash) return fail(hash.error());
  std::string out;
  add_line(out, {"segments", std::to_string(stats->segments)});
  for (const auto& [source, rows] : stats->rows_by_source) {
    add_line(out, {"source", source, std::to_string(rows)});
  }
  for (const Conflict& conflict : *conflicts) {
    add_line(out,
             {"conflict", format_time(conflict.open_time), source_name(conflict.winner),
              conflict.winner_values, "over", source_name(conflict.loser), conflict.loser_values});
  }
  for (const StateRange& state : snapshot.gaps().states({kStart, minute(60'200)})) {
    add_line(out, {"state", format_range(state.range), slot_state_name(state.state),
                   std::to_string(state.due)});
  }
  const auto odd_times = [&out](const CandleBatch& rows) {
    for (const OddCloseTime& odd : rows.odd_close_times) {
      add_line(out, {"close_time", std::to_string(rows.open_time()[odd.row]),
                     std::to_string(odd.close_time)});
    }
  };
  if (const Result<void> done = each_batch(snapshot, odd_times); !done) return fail(done.error());
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(*hash));
  add_line(out, {"hash", digits.data()});
  return out;
}

}  // namespace bf::store::test
