// engine/sim/faults.h
//
// What goes wrong, and when: a plan of rules, each of which says which requests it hits and what it
// does to them. Written as text, one rule a line ('#' begins a comment):
//
//   klines symbol=BTCUSDT nth=3 status=503
//   klines probability=0.01 cut=1000
//   archive times=1 checksum
//
// The first word is the endpoint (klines, exchangeInfo, time, ping, archive, checksum, listing) or
// `any`. Then, in any order, what else must hold:
//   symbol=NAME market=binance/um connection=N     of the request
//   nth=N      only the Nth request that matches so far (from 1);  every=N: each Nth of them
//   times=N    at most so often in all;  probability=P: of each, 0 .. 1
//   from=TIME to=TIME   only while the exchange's clock is in [from, to)
// and exactly one fault:
//   status=CODE [retry_after=TEXT]  an error answer, with that Retry-After header
//   html  empty  truncate=N         status 200 with a page of HTML, `[]`, the first N bytes of the JSON
//   cut=N  stall=N  delay_ms=N      the connection ends, or is silent, after N bytes; the answer waits
//   close  gzip  plain              closes behind the answer; compresses the body, or does not
//   missing=N duplicate unordered   rows of a page: N fewer in the middle, one twice, two swapped
//   off_grid high_low negative      one row's time off the grid, high below low, volume below zero
//   early                           the last row as it was before its candle closed
//   symbol_of=NAME  unit=us|s       the page of another symbol; times in another unit
//   used_weight=N|none              what the used-weight header says
//   checksum  truncate_zip=N  not_found   archives: a wrong hash, a cut file, a file that is not there
//
// All rules that match hit, in their order. The same seed and the same requests give the same faults.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sim/rest_call.h"
#include "store/base/result.h"

namespace bf::sim {

enum class FaultKind : std::uint8_t {
  kStatus,
  kHtml,
  kEmpty,
  kTruncate,
  kCut,
  kStall,
  kDelay,
  kClose,
  kGzip,
  kPlain,
  kMissing,
  kDuplicate,
  kUnordered,
  kOffGrid,
  kHighBelowLow,
  kNegativeVolume,
  kEarly,
  kSymbolOf,
  kUnit,
  kUsedWeight,
  kChecksum,
  kTruncateZip,
  kNotFound,
};
/// As it is written in a rule: "status", "cut".
[[nodiscard]] std::string_view fault_name(FaultKind kind) noexcept;

struct FaultRule {
  FaultKind kind = FaultKind::kStatus;
  std::int64_t value = 0;   ///< the N of the fault; -1 for used_weight=none
  std::string text;         ///< of symbol_of, unit
  std::string retry_after;  ///< of status; "" for no header

  std::optional<Endpoint> endpoint;  ///< nullopt: any
  std::optional<Market> market;
  std::string symbol;            ///< "": any
  std::uint64_t connection = 0;  ///< 0: any
  std::uint64_t nth = 0;         ///< 0: any
  std::uint64_t every = 0;       ///< 0: any
  std::uint64_t times_max = 0;   ///< 0: no end
  std::uint32_t per_million = 1'000'000;
  TimeRange when{0, kTimeMax};
};
/// Errors: kUsage, naming the word that is wrong.
[[nodiscard]] Result<FaultRule> parse_fault(std::string_view line);

/// What a rule is held against.
struct FaultSubject {
  Endpoint endpoint = Endpoint::kUnknown;
  Market market = Market::kUm;
  std::string_view symbol;
  std::uint64_t connection = 0;
  std::uint64_t number = 0;  ///< of the request
  TimeMs now = 0;
};

/// Which faults a random plan draws from.
enum class Swarm : std::uint8_t {
  kTransport,  ///< that a client which tries again gets over: no row is wrong
  kData,       ///< and rows that are wrong, missing, doubled or out of order
};

class FaultPlan {
 public:
  FaultPlan() = default;
  explicit FaultPlan(std::uint64_t seed) : seed_(seed) {}
  /// About half of all kinds of fault, each with a rate of its own; which ones depends on the seed.
  [[nodiscard]] static FaultPlan swarm(std::uint64_t seed, Swarm swarm);

  void add(FaultRule rule);
  /// Adds each line of `text`. Errors: kUsage, with the number of the line.
  [[nodiscard]] Result<void> add_lines(std::string_view text);

  /// The rules that hit this request, in their order; they stay valid until the next add().
  [[nodiscard]] std::vector<const FaultRule*> pick(const FaultSubject& subject);
  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }

 private:
  struct Entry {
    FaultRule rule;
    std::uint64_t matched = 0;
    std::uint64_t hits = 0;
  };
  [[nodiscard]] bool hits(Entry& entry, std::size_t index, const FaultSubject& subject) const;

  std::uint64_t seed_ = 0;
  std::vector<Entry> rules_;
};

}  // namespace bf::sim
