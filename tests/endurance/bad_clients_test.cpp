// tests/endurance/bad_clients_test.cpp
//
// Goal: the simulator tells a bad client from a good one: each of ten sins is found, by its own check and
// by no other, and the real client has none of them. Method: a small client that does all as it should, but
// for one thing, in a situation where that shows.
#include <gtest/gtest.h>

#include <charconv>

#include "engine/sim/kline_text.h"
#include "tests/backfill/shaped_truth.h"
#include "tests/backfill/sim_world.h"
#include "tests/endurance/verdicts.h"

namespace bf::test {
namespace {

constexpr std::int64_t kPageRows = 499;
constexpr std::int64_t kPageWeight = 2;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr DurationMs kRoundTripMs = 50;
constexpr TimeRange kPast = {kWorldBegin - 10 * kDayMs, kWorldBegin - 2 * kDayMs};
constexpr TimeRange kUpToNow = {kWorldBegin - kDayMs, kWorldBegin + kMinuteMs};
constexpr TimeMs kStart = kWorldBegin + 20 * kSecondMs;  // in the middle of a candle
constexpr DurationMs kCancelAfterMs = 100;

/// A sin, and the situation in which it shows.
struct Sin {
  std::string_view name;  ///< of the verdict
  std::string_view faults;
  TimeRange range = kPast;
  std::int64_t weight_per_minute = 2'400;
  bool twice = false;   ///< the range is asked for a second time
  bool cancel = false;  ///< the client is told to stop after kCancelAfterMs
};
constexpr Sin kSins[] = {
    {"ignores Retry-After", "klines nth=2 status=429 retry_after=10"},
    {"sleeps less than told", "klines nth=2 status=429 retry_after=10"},
    {"sends in a ban", "klines nth=2 status=418 retry_after=300"},
    {"sends what is no GET", "klines nth=2 status=503"},
    {"keeps the open candle", "", kUpToNow},
    {"trusts 200", "klines nth=2 html"},
    {"applies half a page", "klines nth=2 truncate=20000"},
    {"asks again for what it holds", "", kPast, 2'400, true},
    {"ignores the weight limit", "", kPast, 30},
    {"sends after cancel", "", kPast, 2'400, false, true},
};

async::Task<Result<void>> sleep_task(async::Loop& loop, DurationMs ms) {
  const async::Wake wake = co_await loop.sleep(ms * kNsPerMs, async::CancelToken());
  (void)wake;
  co_return Result<void>();
}

/// A client that does as it should, but for `sin`.
class SmallClient {
 public:
  SmallClient(const sim::Truth& truth, const Sin& situation, std::string_view sin)
      : situation_(situation), sin_(sin), loop_(kStart), exchange_(loop_, truth, options()) {
    const Result<void> added = exchange_.faults().add_lines(situation.faults);
    EXPECT_TRUE(added) << added.error().message();
  }

  void run() {
    if (situation_.cancel) cancelled_at_ = now() + kCancelAfterMs;
    fetch();
    if (situation_.twice) fetch();
  }

  [[nodiscard]] Evidence evidence() const {
    Evidence evidence;
    evidence.requests = exchange_.ledger().entries();
    evidence.held = held_;
    evidence.covered = covered_;
    evidence.closed_until = slot_begin(Interval::k1m, now());
    evidence.cancelled_at = cancelled_at_;
    return evidence;
  }

 private:
  [[nodiscard]] sim::SimOptions options() const {
    sim::SimOptions options;
    options.published.um_weight_per_minute = situation_.weight_per_minute;
    return options;
  }
  [[nodiscard]] bool sins(std::string_view name) const { return sin_ == name; }
  [[nodiscard]] TimeMs now() const { return loop_.clock().wall_ms(); }
  void pass(DurationMs ms) { EXPECT_TRUE(loop_.run(sleep_task(loop_, ms))); }

  void fetch() {
    for (TimeMs from = situation_.range.from; from < situation_.range.to;) {
      const TimeRange page = {from, std::min(from + kPageRows * kMinuteMs, situation_.range.to)};
      const bool held = covered_.covers(page) && !sins("asks again for what it holds");
      if (held || take(page)) from = page.to;
      if (ended_) return;
    }
  }

  /// Asks once for a page; false where it has to be asked for again.
  bool take(TimeRange page) {
    if (now() >= cancelled_at_ && !sins("sends after cancel")) {
      ended_ = true;
      return false;
    }
    keep_limit();
    const net::ServerResponse response = ask(page);
    if (response.status == 429) {
      const DurationMs told = retry_after_ms(response);
      if (sins("sleeps less than told")) pass(told * 7 / 10);
      if (!sins("sleeps less than told") && !sins("ignores Retry-After")) pass(told);
      return false;
    }
    if (response.status == 418) ended_ = !sins("sends in a ban");
    if (response.status == 503 && sins("sends what is no GET")) method_ = "POST";
    if (response.status != 200) {
      pass(kSecondMs);
      return false;
    }
    return keep(page, response.body);
  }

  net::ServerResponse ask(TimeRange page) {
    net::ServerRequest request;
    request.method = method_;
    request.target =
        "/fapi/v1/klines?symbol=S000USDT&interval=1m&limit=" + std::to_string(kPageRows) +
        "&startTime=" + std::to_string(page.from) + "&endTime=" + std::to_string(page.to - 1);
    net::ServerResponse response =
        loop_.run(exchange_.handle(std::move(request), async::CancelToken()));
    pass(kRoundTripMs);
    return response;
  }

  /// Keeps the rows of a page; false where it is not whole.
  bool keep(TimeRange page, std::string_view body) {
    const bool rows = body.starts_with('[');
    const bool whole = rows && body.ends_with("]]");
    const bool believed = (!rows && sins("trusts 200")) || (rows && sins("applies half a page"));
    if (!whole && !believed) return false;
    for (std::size_t at = body.find('['); rows && at != std::string_view::npos;) {
      at = body.find('[', at + 1);
      if (at == std::string_view::npos) break;
      TimeMs open_time = 0;
      std::from_chars(body.data() + at + 1, body.data() + body.size(), open_time);
      const bool closed = open_time + kMinuteMs <= now();
      const bool complete = body.find(']', at) != std::string_view::npos;
      const bool kept = closed || sins("keeps the open candle");
      if (complete && kept) held_.add({open_time, open_time + kMinuteMs});
    }
    const TimeMs closed_until = slot_begin(Interval::k1m, now());
    covered_.add({page.from, std::min(page.to, std::max(page.from, closed_until))});
    return true;
  }

  /// Waits for the next minute where this one has no room.
  void keep_limit() {
    if (now() / kMinuteMs != minute_) {
      minute_ = now() / kMinuteMs;
      used_ = 0;
    }
    used_ += kPageWeight;
    if (used_ <= situation_.weight_per_minute || sins("ignores the weight limit")) return;
    pass(kMinuteMs - now() % kMinuteMs);
    minute_ = now() / kMinuteMs;
    used_ = kPageWeight;
  }

  static DurationMs retry_after_ms(const net::ServerResponse& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Retry-After") return std::stoll(value) * kSecondMs;
    }
    return kMinuteMs;
  }

  Sin situation_;
  std::string_view sin_;
  async::VirtualLoop loop_;
  sim::SimExchange exchange_;
  std::string method_ = "GET";
  RangeSet held_;
  RangeSet covered_;
  TimeMs cancelled_at_ = kTimeMax;
  std::int64_t minute_ = 0;
  std::int64_t used_ = 0;
  bool ended_ = false;
};

/// The names of what `evidence` proves, in the order of the verdicts.
std::vector<std::string_view> convictions(Evidence evidence, TimeRange range) {
  evidence.exists = RangeSet(range);  // the truth has neither holes nor a listing in it
  std::vector<std::string_view> guilty;
  for (const Verdict& verdict : verdicts()) {
    if (verdict.guilty(evidence)) guilty.push_back(verdict.name);
  }
  return guilty;
}

using Names = std::vector<std::string_view>;

TEST(BadClients, EachIsFoundOutByItsOwnCheck) {
  const ShapedTruth truth(1);
  EXPECT_EQ(std::size(kSins), verdicts().size());
  for (const Sin& sin : kSins) {
    SmallClient client(truth, sin, sin.name);
    client.run();
    EXPECT_EQ(convictions(client.evidence(), sin.range), Names{sin.name});
  }
}

TEST(BadClients, TheSameClientWithoutSinsIsAcquitted) {
  const ShapedTruth truth(1);
  for (const Sin& situation : kSins) {
    SmallClient client(truth, situation, "");
    client.run();
    EXPECT_EQ(convictions(client.evidence(), situation.range), Names{}) << situation.name;
  }
}

TEST(BadClients, TheRealClientIsAcquitted) {
  const ShapedTruth truth(1);
  for (const Sin& situation : kSins) {
    WorldOptions world_options;
    world_options.start = kStart;
    world_options.exchange.published.um_weight_per_minute = situation.weight_per_minute;
    SimWorld world(truth, world_options);
    world.set_faults(std::string(situation.faults));
    const backfill::RunOptions options = world.options("um", {"S000USDT"}, situation.range);
    Evidence evidence;
    std::int64_t cancel_after_ns = SimWorld::kNever;
    if (situation.cancel) {
      evidence.cancelled_at = world.now() + kCancelAfterMs;
      cancel_after_ns = kCancelAfterMs * kNsPerMs;
    }
    world.run(options, cancel_after_ns);
    if (situation.twice) world.run(options);
    const store::GapIndex gaps = world.gaps(world.series("um", "S000USDT"));
    evidence.requests = world.ledger().entries();
    evidence.held = gaps.held();
    evidence.covered = RangeSet(situation.range);
    for (const store::StateRange& part : gaps.states(situation.range)) {
      if (part.state == store::SlotState::kMissing) evidence.covered.subtract(part.range);
    }
    evidence.closed_until = slot_begin(Interval::k1m, world.now());
    EXPECT_FALSE(evidence.requests.empty());
    EXPECT_EQ(convictions(evidence, situation.range), Names{}) << situation.name;
  }
}

}  // namespace
}  // namespace bf::test
