// tests/endurance/fault_everywhere_test.cpp
//
// Goal: every fault of the list, on a page of every market, of candles and of funding: no row is wrong, what
// is missing is said, and the next good run completes it. Method: as fault_matrix_test.cpp, which looks at
// the pages of one market more closely; here one page each, hit once and each time.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/sim/generated_truth.h"
#include "tests/backfill/sim_world.h"
#include "tests/endurance/fault_list.h"
#include "tests/endurance/sanitized.h"

namespace bf::test {
namespace {

using backfill::Exit;

constexpr TimeRange kCandles = {kWorldBegin - 5 * kDayMs, kWorldBegin - 3 * kDayMs};
constexpr TimeRange kFunding = {kWorldBegin - 62 * kDayMs, kWorldBegin - 2 * kDayMs};

struct Part {
  sim::Market market = sim::Market::kUm;
  Kind kind = Kind::kCandles;

  [[nodiscard]] bool funding() const { return kind == Kind::kFunding; }
  [[nodiscard]] TimeRange range() const { return funding() ? kFunding : kCandles; }
  [[nodiscard]] std::string name() const { return std::string(sim::market_name(market)); }
};

/// When it shows that an answer is not the truth.
enum class Told : std::uint8_t {
  kAtOnce,
  kLater,  ///< what it leaves out may be absent, provisionally: --strict says so, and it is asked again
  kNever,  ///< it cannot be told from a true one
};

bool is_any_of(std::string_view fault, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), fault) != names.end();
}

Told told_by(const ListedFault& listed, const Part& part) {
  const std::string_view fault = listed.fault;
  const std::string exchange = part.name().substr(0, part.name().find('/'));
  if (listed.rest == Outcome::kAsSent) return Told::kNever;
  // Only Bybit repeats the symbol in its answers.
  if (fault == "symbol_of=OTHER" && exchange != "bybit") return Told::kNever;
  // A page of these has five hours, or three: too few rows to tell that they are hours.
  const bool short_pages = exchange == "okx" || exchange == "bitunix";
  if (fault == "interval_of=1h" && short_pages && !part.funding()) return Told::kNever;
  // A volume that is null or -0 is none to it.
  if (is_any_of(fault, {"json=null", "json=minus_zero"}) && exchange == "yahoo")
    return Told::kNever;
  // A rate may be any number, and an event at any instant.
  const bool of_prices =
      is_any_of(fault, {"json=minus_zero", "rows=zero_price", "rows=low_high_open_close"});
  const bool of_grid = is_any_of(fault, {"rows=after_end", "rows=before_start"});
  if (part.funding() && (of_prices || of_grid)) return Told::kNever;
  // Only Binance says with one row more what comes behind a page's end.
  const bool leaves_out = is_any_of(fault, {"rows=short_end", "empty", "earlier=7200000",
                                            "earlier=172800000", "interval_of=1mo"});
  if (leaves_out && (exchange != "binance" || part.funding())) return Told::kLater;
  return Told::kAtOnce;
}

/// Where the list does not tell when trading began, the first candle is looked for: a page that is empty each
/// time reads as one from before it, until a later run looks again.
bool hides_the_first_candle(const ListedFault& listed, const Part& part) {
  return listed.fault == "empty" && is_any_of(part.name(), {"bybit/spot", "bitunix/futures"});
}

class FaultEverywhere : public ::testing::TestWithParam<Part> {
 protected:
  static sim::GeneratedOptions truth_options() {
    sim::GeneratedOptions options;
    options.symbols = 2;
    options.outage_every_days = 0;
    options.markets = {GetParam().market};
    options.life.from = GetParam().range().from - kDayMs;
    return options;
  }

  /// The rules that make `fault` on one page, one a line.
  [[nodiscard]] std::string rules(const ListedFault& fault, bool always) const {
    const Part part = GetParam();
    const TimeMs middle = part.range().from + part.range().length() / 2;
    std::string lines;
    for (std::string_view rest = fault.fault; !rest.empty();) {
      const std::size_t end = std::min(rest.find('|'), rest.size());
      lines.append(part.funding() ? "funding" : "klines");
      lines.append(" covers=").append(std::to_string(middle)).append(always ? " " : " times=1 ");
      lines.append(rest.substr(0, end)).append("\n");
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    for (std::size_t at = 0; (at = lines.find("OTHER", at)) != std::string::npos;) {
      lines.replace(at, 5, truth_.instruments(part.market).back().symbol);
    }
    return lines;
  }

  void check(const ListedFault& fault, bool always) {
    const Part part = GetParam();
    const Told told = told_by(fault, part);
    SimWorld world(truth_);
    const std::string symbol = truth_.instruments(part.market).front().symbol;
    const Series series =
        part.funding() ? world.funding(part.name(), symbol) : world.series(part.name(), symbol);
    backfill::RunOptions options = world.options(part.name(), {symbol}, part.range());
    options.kind = part.kind;
    options.interval = series.interval;
    world.set_faults(rules(fault, always));
    backfill::RunReport report = world.run(options);
    EXPECT_GT(world.ledger().counters().faults, 0U) << "the fault was not met";
    if (told != Told::kNever) {
      EXPECT_EQ(world.wrong_row(series, part.range()), "");
    }
    const bool whole = world.difference(series, part.range()).empty();
    if (told == Told::kAtOnce) {
      EXPECT_EQ(backfill::exit_code(report, /*strict=*/false) == Exit::kComplete, whole)
          << failures_of(report);
    }
    if (told == Told::kLater && !whole && !(always && hides_the_first_candle(fault, part))) {
      EXPECT_NE(backfill::exit_code(report, /*strict=*/true), Exit::kComplete);
    }
    world.set_faults("");
    world.sleep(4 * kDayMs);
    report = world.run(options);
    EXPECT_EQ(backfill::exit_code(report, false), Exit::kComplete) << failures_of(report);
    if (told != Told::kNever) {
      EXPECT_EQ(world.difference(series, part.range()), "");
    }
    EXPECT_TRUE(world.verify(series));
  }

  sim::GeneratedTruth truth_{truth_options()};
};

TEST_P(FaultEverywhere, LeavesTheTruthOrSaysWhatIsMissing) {
  for (const ListedFault& fault : listed_faults()) {
    if (fault.rest == Outcome::kNone) continue;
    for (const bool always : {false, true}) {
      if (always && kSanitized) continue;
      // As in the matrix: a page that is answered so for ever is given up after many such waits.
      if (always && fault.rest == Outcome::kWaits && fault.takes_ms > kMinuteMs) continue;
      SCOPED_TRACE(std::string(fault.id) + " " + std::string(fault.fault) +
                   (always ? ", always" : ", once"));
      check(fault, always);
    }
  }
}

std::vector<Part> parts() {
  std::vector<Part> parts;
  for (const sim::Market market : sim::kMarkets) {
    parts.push_back({market, Kind::kCandles});
    const std::string name(sim::market_name(market));
    const std::size_t slash = name.find('/');
    const auto api = exchange::find_market(name.substr(0, slash), name.substr(slash + 1));
    if ((*api)->serves(Kind::kFunding, Interval::kEvents)) {
      parts.push_back({market, Kind::kFunding});
    }
  }
  return parts;
}

std::string test_name(const ::testing::TestParamInfo<Part>& tested) {
  std::string name;
  for (const char c : tested.param.name()) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  }
  return name + (tested.param.funding() ? "_funding" : "_candles");
}

INSTANTIATE_TEST_SUITE_P(Markets, FaultEverywhere, ::testing::ValuesIn(parts()), test_name);

}  // namespace
}  // namespace bf::test
