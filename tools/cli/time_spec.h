// tools/cli/time_spec.h
//
// --from, --to and --days: instants that may depend on the exchange's clock or on a listing.
//
//   2024-01-31T23:59:00Z, 2024-01-31, 2024-01, 1706745540000    an instant (RFC 3339, date, month, ms)
//   -90d, -36h, -30m                                            before now
//   now                                                         the end of the last closed candle
//   listing                                                     the first candle of the instrument
//
// Ranges are UTC and half-open, [from, to). --days N is --from -Nd --to now: N x 24 h, rolling.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backfill/run.h"
#include "store/base/result.h"
#include "tools/cli/command_line.h"

namespace bf::cli {

using backfill::TimeSpec;

/// Errors: kUsage, naming the text and what may be written.
[[nodiscard]] Result<TimeSpec> parse_time_spec(std::string_view text);

/// "7d", "36h", "30m" as ms. Errors: kUsage, naming the text.
[[nodiscard]] Result<DurationMs> parse_lookback(std::string_view text);

/// As the user gave them; empty: not given.
struct RangeFlags {
  std::string from;
  std::string to;
  std::string days;
};
[[nodiscard]] std::vector<Flag> range_flags(RangeFlags& flags);

struct SpecRange {
  std::optional<TimeSpec> from;  ///< nullopt: not given
  TimeSpec to{TimeSpec::From::kNow, 0};
  bool to_given = false;
};
/// `now` serves only to compare ends that do not have the same base.
/// Errors: kUsage: an end that cannot be read, --days beside --from or --to, or a range that is empty
///         or reversed.
[[nodiscard]] Result<SpecRange> parse_range(const RangeFlags& flags, TimeMs now);

/// The instant, where `listed` stands for `listing`.
[[nodiscard]] TimeMs resolve(const TimeSpec& spec, TimeMs now, TimeMs listed) noexcept;

}  // namespace bf::cli
