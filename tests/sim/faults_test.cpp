// Goal: each fault does to an answer what its rule says, to those requests and no others.
// Method: ask a simulated exchange over the simulated transport, with and without the rule.
#include "engine/sim/faults.h"

#include <gmock/gmock.h>

#include "engine/sim/generated_truth.h"
#include "tests/sim/sim_support.h"

namespace bf::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr TimeMs kFrom = 1'696'118'400'000;  // 2023-10-01, before Rig::kStart
const std::string kPage =
    "/fapi/v1/klines?symbol=S000USDT&interval=1m&limit=10&startTime=" + std::to_string(kFrom);
const std::string kZip =
    "/archive/data/futures/um/daily/klines/S000USDT/1m/S000USDT-1m-2023-10-05.zip";

GeneratedTruth small_truth() {
  GeneratedOptions options;
  options.symbols = 2;
  options.life = {kFrom, kTimeMax};
  options.outage_every_days = 0;
  return GeneratedTruth(options);
}

SimOptions with(const std::string& rules) {
  SimOptions options;
  const Result<void> added = options.faults.add_lines(rules);
  EXPECT_TRUE(added) << added.error().message();
  return options;
}

class Faults : public ::testing::Test {
 protected:
  /// The answer to `target` under `rules`.
  Result<net::HttpResponse> get(const std::string& rules, const std::string& target = kPage) {
    Rig rig(truth_, with(rules));
    Result<net::HttpResponse> response = rig.get(target);
    entry_ = rig.exchange.ledger().entries().front();
    return response;
  }
  std::vector<TimeMs> opens(const std::string& rules) {
    const Result<net::HttpResponse> response = get(rules);
    EXPECT_TRUE(response) << response.error().message();
    return response ? open_times(response->body) : std::vector<TimeMs>{};
  }

  GeneratedTruth truth_ = small_truth();
  LedgerEntry entry_;
};

TEST_F(Faults, WithoutRulesNothingHappens) {
  EXPECT_EQ(opens(""), times(kFrom, 10));
  EXPECT_EQ(opens("# a comment alone\n\n"), times(kFrom, 10));
  EXPECT_EQ(entry_.faults, "");
}

TEST_F(Faults, StatusAnswersWithItsHeaderAndBody) {
  const Result<net::HttpResponse> response = get("klines status=503 retry_after=7");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->header("retry-after"), "7");
  EXPECT_THAT(response->body, StartsWith("{\"code\":-1008"));
  EXPECT_EQ(entry_.faults, "status");
  EXPECT_EQ(entry_.status, 503);
  EXPECT_THAT(get("any status=502")->body, StartsWith("<html>"));
  EXPECT_EQ(get("any status=451")->status, 451);
  EXPECT_EQ(get("any status=429 retry_after=Sun,06-Nov-1994")->header("retry-after"),
            "Sun,06-Nov-1994");
}

TEST_F(Faults, BodiesAreNotWhatWasAskedFor) {
  EXPECT_THAT(get("klines html")->body, StartsWith("<html>"));
  EXPECT_EQ(get("klines html")->status, 200);
  EXPECT_EQ(get("klines empty")->body, "[]");
  EXPECT_EQ(get("klines truncate=100")->body.size(), 100U);
}

TEST_F(Faults, ConnectionsEndOrStandStill) {
  const Result<net::HttpResponse> cut = get("klines cut=300");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code(), Code::kNetwork) << cut.error().message();
  const Result<net::HttpResponse> stalled = get("klines stall=300");
  ASSERT_FALSE(stalled);
  EXPECT_EQ(stalled.error().code(), Code::kTimeout) << stalled.error().message();
}

TEST_F(Faults, DelayMovesTheAnswer) {
  Rig rig(truth_, with("klines delay_ms=2500"));
  const TimeMs before = rig.loop.clock().wall_ms();
  ASSERT_TRUE(rig.get(kPage));
  EXPECT_EQ(rig.loop.clock().wall_ms() - before, 2'500);
}

TEST_F(Faults, CloseMakesTheNextRequestConnectAnew) {
  Rig rig(truth_, with("klines nth=1 close"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(rig.get(kPage));
  std::vector<std::uint64_t> connections;
  for (const LedgerEntry& entry : rig.exchange.ledger().entries()) {
    connections.push_back(entry.connection);
  }
  EXPECT_THAT(connections, ElementsAre(1, 2, 2));
}

TEST_F(Faults, CompressionChangesNothingElse) {
  EXPECT_EQ(get("klines gzip")->body, get("")->body);
  EXPECT_EQ(get("klines gzip")->header("content-encoding"), "gzip");
}

TEST_F(Faults, RowsGoMissingFromTheMiddle) {
  std::vector<TimeMs> expected = times(kFrom, 10);
  expected.erase(expected.begin() + 4, expected.begin() + 6);
  EXPECT_EQ(opens("klines missing=2"), expected);
}

TEST_F(Faults, RowsComeTwiceOrOutOfOrder) {
  const std::vector<TimeMs> twice = opens("klines duplicate");
  ASSERT_EQ(twice.size(), 11U);
  EXPECT_NE(std::adjacent_find(twice.begin(), twice.end()), twice.end());
  std::vector<TimeMs> unordered = opens("klines unordered");
  EXPECT_FALSE(std::is_sorted(unordered.begin(), unordered.end()));
  std::sort(unordered.begin(), unordered.end());
  EXPECT_EQ(unordered, times(kFrom, 10));
}

TEST_F(Faults, OneRowIsWrong) {
  const std::string sound = get("")->body;
  const auto changed = [&](const std::string& rule) {
    const std::string good = rows_of(sound);
    const std::string bad = rows_of(get(rule)->body);
    const auto good_rows = split_rows(good);
    const auto bad_rows = split_rows(bad);
    EXPECT_EQ(good_rows.size(), bad_rows.size());
    KlineFields wrong;
    std::size_t differing = 0;
    for (std::size_t i = 0; i < std::min(good_rows.size(), bad_rows.size()); ++i) {
      if (good_rows[i] == bad_rows[i]) continue;
      wrong = row_fields(bad_rows[i]);
      ++differing;
    }
    EXPECT_EQ(differing, 1U) << rule;
    return wrong;
  };
  EXPECT_EQ(std::stoll(changed("klines off_grid")[kOpenTimeField]) % kMinuteMs, 1);
  EXPECT_EQ(changed("klines negative")[kVolumeField], "-1.5");
  const KlineFields high_low = changed("klines high_low");
  EXPECT_EQ(high_low[kLowField], "1" + high_low[kHighField]);
  const KlineFields early = changed("klines early");
  EXPECT_EQ(early[kOpenTimeField], std::to_string(kFrom + 9 * kMinuteMs));
  EXPECT_EQ(early[kTradesField], "0");
}

TEST_F(Faults, PagesAreOfAnotherSymbolOrUnit) {
  Rig rig(truth_, SimOptions{});
  const std::string other =
      rig.get("/fapi/v1/klines?symbol=S001USDT&interval=1m&limit=10&startTime=" +
              std::to_string(kFrom))
          ->body;
  EXPECT_EQ(get("klines symbol=S000USDT symbol_of=S001USDT")->body, other);
  EXPECT_EQ(opens("klines unit=us").front(), kFrom * 1'000);
  EXPECT_EQ(opens("klines unit=s").front(), kFrom / 1'000);
}

TEST_F(Faults, UsedWeightLies) {
  EXPECT_EQ(get("")->header("x-mbx-used-weight-1m"), "1");
  EXPECT_EQ(get("klines used_weight=2399")->header("x-mbx-used-weight-1m"), "2399");
  EXPECT_EQ(get("klines used_weight=none")->header("x-mbx-used-weight-1m"), std::nullopt);
}

TEST_F(Faults, ArchivesAreDamaged) {
  const std::string zip = get("", kZip)->body;
  const std::string checksum = get("", kZip + ".CHECKSUM")->body;
  EXPECT_EQ(zip.substr(0, 2), "PK");
  const std::string wrong = get("checksum checksum", kZip + ".CHECKSUM")->body;
  EXPECT_NE(wrong, checksum);
  EXPECT_EQ(wrong.size(), checksum.size());
  EXPECT_EQ(get("archive truncate_zip=1000", kZip)->body, zip.substr(0, 1'000));
  EXPECT_EQ(get("archive not_found", kZip)->status, 404);
  EXPECT_EQ(get("archive not_found", kZip + ".CHECKSUM")->status, 200);
}

TEST_F(Faults, ConditionsChooseTheRequests) {
  const auto hits = [&](const std::string& rule) {
    Rig rig(truth_, with(rule));
    for (int i = 0; i < 6; ++i) {
      const std::string symbol = i % 2 == 0 ? "S000USDT" : "S001USDT";
      EXPECT_TRUE(rig.get("/fapi/v1/klines?interval=1m&limit=1&symbol=" + symbol));
      rig.pass(kMinuteMs);
    }
    std::vector<std::uint64_t> numbers;
    for (const LedgerEntry& entry : rig.exchange.ledger().entries()) {
      if (!entry.faults.empty()) numbers.push_back(entry.number);
    }
    return numbers;
  };
  EXPECT_THAT(hits("klines symbol=S001USDT status=500"), ElementsAre(2, 4, 6));
  EXPECT_THAT(hits("klines symbol=S001USDT nth=2 status=500"), ElementsAre(4));
  EXPECT_THAT(hits("klines every=3 status=500"), ElementsAre(3, 6));
  EXPECT_THAT(hits("klines times=2 status=500"), ElementsAre(1, 2));
  EXPECT_THAT(hits("any connection=1 nth=1 status=500"), ElementsAre(1));
  EXPECT_THAT(hits("exchangeInfo status=500"), ElementsAre());
  EXPECT_THAT(hits("klines market=binance/spot status=500"), ElementsAre());
  EXPECT_THAT(hits("klines probability=0 status=500"), ElementsAre());
  const std::string window = "from=" + std::to_string(Rig::kStart + kMinuteMs) +
                             " to=" + std::to_string(Rig::kStart + 3 * kMinuteMs);
  EXPECT_THAT(hits("klines status=500 " + window), ElementsAre(2, 3));
}

TEST_F(Faults, ComposeInTheirOrder) {
  const Result<net::HttpResponse> response =
      get("klines missing=1\nklines used_weight=7\nklines delay_ms=1\n");
  ASSERT_TRUE(response);
  EXPECT_EQ(open_times(response->body).size(), 9U);
  EXPECT_EQ(response->header("x-mbx-used-weight-1m"), "7");
  EXPECT_EQ(entry_.faults, "missing+used_weight+delay_ms");
}

TEST(FaultRules, ThatCannotBeReadAreRefusedWithTheWord) {
  const std::pair<const char*, const char*> bads[] = {
      {"", "not an endpoint"},
      {"candles status=500", "\"candles\""},
      {"klines", "names no fault"},
      {"klines status", "\"status\""},
      {"klines status=99", "\"status=99\""},
      {"klines status=abc", "\"status=abc\""},
      {"klines cut=-1", "\"cut=-1\""},
      {"klines html=1", "\"html=1\""},
      {"klines nth=0 html", "\"nth=0\""},
      {"klines probability=1.5 html", "\"probability=1.5\""},
      {"klines probability=nan html", "\"probability=nan\""},
      {"klines market=swap html", "\"market=swap\""},
      {"klines from=yesterday html", "\"from=yesterday\""},
      {"klines unit=ms", "\"unit=ms\""},
      {"klines symbol_of=", "\"symbol_of=\""},
      {"klines used_weight=", "\"used_weight=\""},
      {"klines html empty", "second fault"},
      {"klines color=red html", "\"color=red\""},
      {"klines html retry_after=3", "goes with status"},
  };
  for (const auto& [line, message] : bads) {
    const Result<FaultRule> rule = parse_fault(line);
    ASSERT_FALSE(rule) << line;
    EXPECT_EQ(rule.error().code(), Code::kUsage);
    EXPECT_THAT(rule.error().message(), HasSubstr(message)) << line;
  }
  FaultPlan plan;
  const Result<void> added = plan.add_lines("klines html\n# fine\n\nklines nonsense\n");
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message(), StartsWith("line 4: "));
}

std::vector<bool> pattern(FaultPlan plan) {
  std::vector<bool> hit;
  for (std::uint64_t number = 1; number <= 5'000; ++number) {
    FaultSubject subject;
    subject.endpoint = Endpoint::kKlines;
    subject.number = number;
    hit.push_back(!plan.pick(subject).empty());
  }
  return hit;
}

TEST(FaultSwarm, IsTheSameForTheSameSeedAndDiffersByIt) {
  EXPECT_EQ(pattern(FaultPlan::swarm(1, Swarm::kData)), pattern(FaultPlan::swarm(1, Swarm::kData)));
  EXPECT_NE(pattern(FaultPlan::swarm(1, Swarm::kData)), pattern(FaultPlan::swarm(2, Swarm::kData)));
}

TEST(FaultSwarm, OfTransportNeverTouchesARow) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FaultPlan plan = FaultPlan::swarm(seed, Swarm::kTransport);
    for (std::uint64_t number = 1; number <= 2'000; ++number) {
      FaultSubject subject;
      subject.endpoint = Endpoint::kKlines;
      subject.number = number;
      for (const FaultRule* rule : plan.pick(subject)) {
        const bool rows = rule->kind >= FaultKind::kMissing && rule->kind <= FaultKind::kUnit;
        EXPECT_FALSE(rows || rule->kind == FaultKind::kEmpty) << fault_name(rule->kind);
      }
    }
  }
}

TEST(FaultProbability, IsAboutWhatItSays) {
  FaultPlan plan(42);
  ASSERT_TRUE(plan.add_lines("klines probability=0.1 html"));
  const std::vector<bool> hit = pattern(plan);
  const auto count = std::count(hit.begin(), hit.end(), true);
  EXPECT_GT(count, 400);
  EXPECT_LT(count, 600);
}

}  // namespace
}  // namespace bf::sim
