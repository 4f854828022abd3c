// engine/backfill/source_status.h
//
// What each source is like at present, before anything is fetched: whether it answers, whether it has
// banned this address or refuses it, how much of its limits is used, and what it can give. Each server
// is asked once, all of them at the same time; one that has banned us is not asked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backfill/run.h"

namespace bf::backfill {

enum class SourceState : std::uint8_t {
  kReachable,    ///< it answered
  kLimited,      ///< it has too many requests of this address at present
  kBanned,       ///< nothing may be sent before `until`
  kBlocked,      ///< it does not serve this address
  kUnreachable,  ///< no good answer, for a `reason` that is not one of these
};
/// "reachable", "limited", "banned", "blocked", "unreachable".
[[nodiscard]] std::string_view state_name(SourceState state) noexcept;

/// One rule of a market's limits.
struct LimitUse {
  std::string name;
  std::int64_t used = 0;      ///< in the present window
  std::int64_t capacity = 0;  ///< as the exchange has it
  std::int64_t allowed = 0;   ///< the share of it that is ours (--max-weight)
  bool reported = false;      ///< `used` is the server's own count; else that of what was sent here
};

struct SourceStatus {
  std::string source;  ///< "binance/um", "binance/um archive"
  std::string server;  ///< "https://host:port", and the proxy on the way
  /// The source before it whose budget, and whose answer, is its own too; "": none.
  std::string shares_with;
  SourceState state = SourceState::kUnreachable;
  bool asked = false;  ///< false: a ban stands, and nothing was sent
  std::string reason;  ///< why it is not reachable; "" where it is
  TimeMs until = 0;    ///< when to come back, wall ms; 0: unsaid
  /// From the request to its answer, ms, connecting included.
  std::optional<DurationMs> answer_ms;
  /// How far the exchange's clock is ahead of ours, and how well that is known.
  std::optional<DurationMs> clock_offset_ms;
  DurationMs clock_uncertainty_ms = 0;

  int share_percent = 100;       ///< of the limits that is used
  std::vector<LimitUse> limits;  ///< none for an archive
  /// Of 1m candles by REST; 0 for an archive.
  std::uint32_t page_rows = 0;
  std::int64_t candles_per_minute = 0;  ///< the most that the limits let through
  TimeMs history_from = kTimeMin;       ///< the oldest 1m candle; kTimeMin: since each listing
};

inline constexpr DurationMs kSourceDeadlineMs = 5'000;

/// Asks the servers of options.selections' markets and of their archives; of the options, the addresses,
/// the proxies, the state directory and the share count, nothing else does. Markets that one server
/// serves from one budget share its answer. In the order of the selections, each archive behind its
/// market. Whoever has not answered after `deadline_ms` is unreachable.
///
/// Errors: kUsage: a market that is not known, an address or proxy that cannot be read; what the ban
///         file says; kCancelled.
[[nodiscard]] async::Task<Result<std::vector<SourceStatus>>> ask_sources(async::Loop& loop,
                                                                         net::Transport& transport,
                                                                         RunOptions options,
                                                                         DurationMs deadline_ms,
                                                                         async::CancelToken cancel);

}  // namespace bf::backfill
