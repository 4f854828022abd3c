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
//   covers=TIME   a page that was asked for the candle of that time, or the archive's file that has it
//   nth=N      only the Nth request that matches so far (from 1);  every=N: each Nth of them
//   times=N    at most so often in all;  probability=P: of each, 0 .. 1
//   from=TIME to=TIME   only while the exchange's clock is in [from, to)
// and exactly one fault:
//   status=CODE [retry_after=TEXT]  an error answer, with that Retry-After header
//   html  empty  truncate=N         status 200 with a page of HTML, `[]`, the first N bytes of the JSON
//   header=NAME:TEXT  body=TEXT     a header, a body in place of what there was
//   cut=N  reset=N  stall=N         after N bytes the connection ends, is reset, or falls silent
//   delay_ms=N  drip=N              the answer waits; comes N bytes a second
//   close  gzip  plain              closes behind the answer; compresses the body, or does not
//   framing=NAME  encoding=NAME     a message that is not HTTP, a body that is not its coding
//   json=NAME  rows=NAME  zip=NAME  an answer's JSON, a page's rows, a file of the archive: the names
//                                   are in framing_faults.h, ..., archive_faults.h
//   missing=N duplicate unordered   rows of a page: N fewer in the middle, one twice, two swapped
//   off_grid high_low negative      one row's time off the grid, high below low, volume below zero
//   early                           the last row as it was before its candle closed
//   symbol_of=NAME  interval_of=1h  the page of another symbol, of another interval
//   earlier=N       unit=us|s       the page of N ms before; times in another unit
//   used_weight=N|none              what the used-weight header says
//   checksum  truncate_zip=N  not_found   archives: a wrong hash, a cut file, a file that is not there
//
// A '+' in TEXT is a blank. All rules that match hit, in their order. The same seed and the same requests give the same faults.
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
  kHeader,
  kBody,
  kCut,
  kReset,
  kStall,
  kDelay,
  kDrip,
  kClose,
  kGzip,
  kPlain,
  kFraming,
  kEncoding,
  kJson,
  kRows,
  kZip,
  kMissing,
  kDuplicate,
  kUnordered,
  kOffGrid,
  kHighBelowLow,
  kNegativeVolume,
  kEarly,
  kSymbolOf,
  kIntervalOf,
  kEarlier,
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
  std::string text;         ///< of symbol_of, interval_of, unit, header, body; the NAME of a fault
  std::string retry_after;  ///< of status; "" for no header

  std::optional<Endpoint> endpoint;  ///< nullopt: any
  std::optional<Market> market;
  std::string symbol;            ///< "": any
  std::uint64_t connection = 0;  ///< 0: any
  std::optional<TimeMs> covers;  ///< nullopt: any
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
  TimeRange asked = {};  ///< open times of the candles that were asked for
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
