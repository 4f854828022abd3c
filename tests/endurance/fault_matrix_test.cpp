// tests/endurance/fault_matrix_test.cpp
//
// Goal: every fault of the list, on the first, a middle and the last page, by REST and from the archive:
// the store has the truth, or says which slots it lacks; no row is wrong; each deadline is kept. Method: a
// small backfill each, on the virtual clock, once with the fault hitting one answer and once with it
// hitting each answer about that page.
#include <gtest/gtest.h>

#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"
#include "tests/endurance/fault_list.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr TimeMs kEnd = kWorldBegin - 3 * kDayMs;
constexpr std::int64_t kPageRowsMax = 1'500;
constexpr DurationMs kOvershootMsMax = 250;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kLatencyNs = 20'000'000;
constexpr DurationMs kWayMs = 2 * kLatencyNs / kNsPerMs;
constexpr DurationMs kWaitSlackMs = 70 * kSecondMs;  ///< jitter, and the turn of a limit's window

enum class Page : std::uint8_t { kFirst, kMiddle, kLast };
constexpr Page kPages[] = {Page::kFirst, Page::kMiddle, Page::kLast};
constexpr std::string_view kPageNames[] = {"first", "middle", "last"};

/// How often it hits.
enum class Often : std::uint8_t { kOnce, kAlways };

struct Cell {
  ListedFault fault;
  Page page = Page::kFirst;
  bool archive = false;
  Often often = Often::kOnce;

  /// Three days of the archive, or three pages.
  [[nodiscard]] TimeRange range() const {
    if (archive) return {kEnd - 3 * kDayMs, kEnd};
    return {kEnd - (fault.market == "um" ? 1 : 2) * kDayMs, kEnd};
  }
  /// Files of five minutes are small; a day of minutes is one that the archive is asked for where REST may
  /// be asked as well.
  [[nodiscard]] Interval interval(plan::SourceChoice source) const {
    return source == plan::SourceChoice::kArchive ? Interval::k5m : Interval::k1m;
  }
  [[nodiscard]] std::string market() const { return archive ? "um" : std::string(fault.market); }
  /// A candle of that page or file, and of no other.
  [[nodiscard]] TimeMs candle() const {
    if (page == Page::kFirst) return range().from + 10 * kMinuteMs;
    if (page == Page::kLast) return range().to - 10 * kMinuteMs;
    return range().from + range().length() / 2;
  }

  [[nodiscard]] Outcome outcome() const { return archive ? fault.archive : fault.rest; }
  [[nodiscard]] std::string name() const {
    std::string text(fault.id);
    text.append(" ").append(fault.fault).append(archive ? ", archive, " : ", REST, ");
    text.append(kPageNames[static_cast<std::size_t>(page)]).append(" page, ");
    return text.append(often == Often::kOnce ? "once" : "always");
  }
  /// The rules that make it, one a line.
  [[nodiscard]] std::string rules() const {
    const std::string covers = " covers=" + std::to_string(candle());
    std::string lines;
    for (std::string_view rest = fault.fault; !rest.empty();) {
      const std::size_t end = std::min(rest.find('|'), rest.size());
      for (const std::string_view endpoint : endpoints()) {
        lines.append(endpoint).append(covers).append(often == Often::kOnce ? " times=1 " : " ");
        lines.append(rest.substr(0, end)).append("\n");
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return lines;
  }

 private:
  [[nodiscard]] std::vector<std::string_view> endpoints() const {
    if (!archive) return {"klines"};
    if (fault.fault == "checksum") return {"checksum"};
    // A file that was published wrong has a CHECKSUM of its own.
    const bool published = fault.id.front() == 'G' || fault.fault.starts_with("zip=");
    if (published) return {"checksum", "archive"};
    return {"archive"};
  }
};

sim::GeneratedOptions truth_options() {
  sim::GeneratedOptions options;
  options.symbols = 2;
  options.outage_every_days = 0;
  options.markets.assign(sim::kMarkets.begin(), sim::kMarkets.end());
  return options;
}

class CellRun {
 public:
  CellRun(const Cell& cell, plan::SourceChoice source)
      : cell_(cell), truth_(truth_options()), world_(truth_, world_options()) {
    const sim::Market market =
        cell.market() == "um" ? sim::Market::kUm : *sim::parse_market(cell.market());
    const std::span<const sim::SimInstrument> instruments = truth_.instruments(market);
    symbol_ = instruments.front().symbol;
    std::string rules = cell.rules();
    for (std::size_t at = 0; (at = rules.find("OTHER", at)) != std::string::npos;) {
      rules.replace(at, 5, instruments.back().symbol);
    }
    world_.set_faults(rules);
    options_ = world_.options(cell.market(), {symbol_}, cell.range());
    options_.source = source;
    options_.interval = cell.interval(source);
    world_.observer().heard = [this](const backfill::Event& event) {
      if (event.type == backfill::Event::Type::kRetry) retries_ns_.push_back(world_.now_ns());
    };
  }

  void check() {
    began_ms_ = world_.now();
    began_ns_ = world_.now_ns();
    report_ = world_.run(options_);
    EXPECT_GT(hits(), 0) << "the fault was not met";
    EXPECT_EQ(world_.ledger().counters().out_of_turn, 0U);
    const Outcome outcome = cell_.outcome();
    const bool always = cell_.often == Often::kAlways;
    if (outcome != Outcome::kAsSent) {
      EXPECT_EQ(world_.wrong_row(series(), cell_.range()), "");
    }
    expect_missing_is_said();
    if (outcome == Outcome::kHarmless) expect_truth();
    if (outcome == Outcome::kRetried && !always) {
      expect_truth();
      expect_in_time();
    }
    if ((outcome == Outcome::kRetried && always) || outcome == Outcome::kRefused) expect_hole();
    if (outcome == Outcome::kRowAside) expect_aside();
    if (outcome == Outcome::kAsSent) expect_as_sent();
    if (outcome == Outcome::kWaits) {
      if (!always) expect_truth();
      expect_silence();
    }
    if (outcome == Outcome::kEnds) expect_end();
    if (outcome != Outcome::kAsSent) expect_healed();
  }

  /// Whatever the fault, another source gives everything.
  void check_complete() {
    report_ = world_.run(options_);
    EXPECT_GT(hits(), 0) << "the fault was not met";
    EXPECT_EQ(reported().slots.missing, 0) << failures_of(report_);
    EXPECT_EQ(world_.difference(series(), cell_.range()), "") << failures_of(report_);
  }

 private:
  static WorldOptions world_options() {
    WorldOptions options;
    options.latency_ns = kLatencyNs;
    return options;
  }

  [[nodiscard]] Series series() const {
    return world_.series(cell_.market(), symbol_, options_.interval);
  }
  [[nodiscard]] const backfill::SeriesReport& reported() const { return report_.series.at(0); }
  [[nodiscard]] Exit exit() const { return backfill::exit_code(report_, /*strict=*/false); }

  [[nodiscard]] std::int64_t hits() const {
    return static_cast<std::int64_t>(world_.ledger().counters().faults);
  }

  void expect_truth() {
    EXPECT_EQ(exit(), Exit::kComplete) << failures_of(report_);
    EXPECT_EQ(world_.difference(series(), cell_.range()), "") << failures_of(report_);
  }

  /// Each candle is held or missing, by the index and by the report.
  void expect_missing_is_said() {
    if (cell_.outcome() == Outcome::kAsSent) return;
    const CandleBatch truth = world_.true_rows(series(), cell_.range());
    const store::SlotCounts slots = world_.gaps(series()).count(cell_.range());
    const auto rows = static_cast<std::int64_t>(truth.row_count());
    const auto held =
        static_cast<std::int64_t>(world_.stored_rows(series(), cell_.range()).row_count());
    EXPECT_EQ(slots.held, held);
    EXPECT_EQ(slots.missing, rows - held) << failures_of(report_);
    // Where it cannot be told when the symbol was listed, nor can what is wanted.
    if (reported().wanted.empty()) return;
    EXPECT_EQ(reported().slots.held, slots.held);
    EXPECT_EQ(reported().slots.missing, slots.missing);
    EXPECT_EQ(exit() == Exit::kComplete, held == rows) << failures_of(report_);
  }

  /// What the fault hits is missing and nothing else.
  void expect_hole() {
    const std::int64_t missing = reported().slots.missing;
    EXPECT_TRUE(missing > 0 || reported().wanted.empty());
    EXPECT_LE(missing, kPageRowsMax) << failures_of(report_);
    EXPECT_FALSE(reported().failures.empty() && reported().rows_rejected == 0);
    EXPECT_NE(exit(), Exit::kComplete);
  }

  /// The bad row was kept aside and its slot asked for again, which may hit another row then.
  void expect_aside() {
    EXPECT_GT(reported().rows_rejected, 0);
    EXPECT_LE(reported().slots.missing, hits());
    if (cell_.often == Often::kOnce) expect_truth();
  }

  /// The client noticed the fault as soon as it had to.
  void expect_in_time() {
    const sim::LedgerEntry* hit = nullptr;
    for (const sim::LedgerEntry& entry : world_.ledger().entries()) {
      if (hit == nullptr && !entry.faults.empty()) hit = &entry;
    }
    ASSERT_NE(hit, nullptr);
    if (retries_ns_.empty()) return;  // it was asked again at once: no deadline was at stake
    const DurationMs noticed = (retries_ns_.front() - began_ns_) / kNsPerMs - (hit->at - began_ms_);
    EXPECT_LE(noticed, cell_.fault.takes_ms + kWayMs + kOvershootMsMax);
    const bool deadline = cell_.fault.id.front() == 'C';
    if (deadline) {
      EXPECT_GE(noticed, cell_.fault.takes_ms - kWayMs);
    }
  }

  /// Rows that differ from the truth are few, and none is there that was not sent.
  void expect_as_sent() {
    EXPECT_EQ(exit(), Exit::kComplete) << failures_of(report_);
    const CandleBatch truth = world_.true_rows(series(), cell_.range());
    const CandleBatch held = world_.stored_rows(series(), cell_.range());
    constexpr std::size_t kRowsHit = 3;
    EXPECT_GE(held.row_count() + kRowsHit, truth.row_count());
    std::size_t equal = 0;
    std::size_t there = 0;
    for (std::size_t row = 0; row < held.row_count(); ++row) {
      while (there < truth.row_count() && truth.open_time()[there] < held.open_time()[row]) ++there;
      if (there < truth.row_count() && same_row(held, row, truth, there)) ++equal;
    }
    EXPECT_GE(equal + kRowsHit, truth.row_count());
    EXPECT_TRUE(world_.verify(series()));
  }

  /// Nothing was sent for as long as was told, but what was under way.
  void expect_silence() {
    TimeMs told = 0;
    TimeMs next = 0;
    for (const sim::LedgerEntry& entry : world_.ledger().entries()) {
      if (told == 0 && !entry.faults.empty()) told = entry.at;
      if (told != 0 && next == 0 && entry.at > told + kWayMs) next = entry.at;
    }
    EXPECT_GE(next, told + cell_.fault.takes_ms);
    EXPECT_LE(next, told + cell_.fault.takes_ms + kWaitSlackMs);
  }

  /// Nothing was sent behind the answer that ended the source, but what was under way.
  void expect_end() {
    EXPECT_EQ(exit(), Exit::kTemporary) << failures_of(report_);
    TimeMs told = 0;
    for (const sim::LedgerEntry& entry : world_.ledger().entries()) {
      if (told == 0 && !entry.faults.empty()) told = entry.at;
      if (told == 0) continue;
      EXPECT_LE(entry.at, told + kWayMs) << sim::ledger_line(entry);
    }
  }

  /// Once the fault is over, one run completes everything.
  void expect_healed() {
    world_.set_faults("");
    world_.sleep(4 * kDayMs);
    report_ = world_.run(options_);
    expect_truth();
    EXPECT_TRUE(world_.verify(series()));
  }

  Cell cell_;
  ShapedTruth truth_;
  SimWorld world_;
  std::string symbol_;
  backfill::RunOptions options_;
  backfill::RunReport report_;
  std::vector<std::int64_t> retries_ns_;
  TimeMs began_ms_ = 0;
  std::int64_t began_ns_ = 0;
};

class FaultMatrix : public ::testing::TestWithParam<ListedFault> {};

TEST_P(FaultMatrix, LeavesTheTruthOrSaysWhatIsMissing) {
  Cell cell;
  cell.fault = GetParam();
  for (const bool archive : {false, true}) {
    cell.archive = archive;
    if (cell.outcome() == Outcome::kNone) continue;
    const plan::SourceChoice source =
        archive ? plan::SourceChoice::kArchive : plan::SourceChoice::kRest;
    for (const Page page : kPages) {
      cell.page = page;
      for (const Often often : {Often::kOnce, Often::kAlways}) {
        cell.often = often;
        // A page that is answered so for ever is given up after many such waits.
        const bool endless = cell.outcome() == Outcome::kWaits && GetParam().takes_ms > kMinuteMs;
        if (endless && often == Often::kAlways) continue;
        SCOPED_TRACE(cell.name());
        CellRun(cell, source).check();
      }
    }
  }
}

TEST_P(FaultMatrix, RestGivesWhatTheArchiveCannot) {
  Cell cell;
  cell.fault = GetParam();
  cell.archive = true;
  cell.often = Often::kAlways;
  const bool hits = cell.outcome() != Outcome::kNone && cell.outcome() != Outcome::kAsSent;
  if (!hits) GTEST_SKIP() << "it does not hit the archive, or cannot be told from the truth";
  for (const Page page : kPages) {
    cell.page = page;
    SCOPED_TRACE(cell.name());
    CellRun(cell, plan::SourceChoice::kAuto).check_complete();
  }
}

std::string test_name(const ::testing::TestParamInfo<ListedFault>& tested) {
  std::string name(tested.param.id);
  name.append("_").append(std::to_string(tested.index)).append("_");
  for (const char c : tested.param.what) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    if (c == ' ') name += '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(List, FaultMatrix,
                         ::testing::ValuesIn(listed_faults().begin(), listed_faults().end()),
                         test_name);

}  // namespace
}  // namespace bf::test
