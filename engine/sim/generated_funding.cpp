// GeneratedTruth::funding(): what contracts pay, as a pure function like their candles.
//
// The first contract of a market (by the order of its making) pays every 8 hours, the second turns from 8
// hours to 1 when it has been listed for kChangeAfterMs, the third pays every 4 hours, the fourth every
// hour; so do those behind them. Deribit's pay every hour. On Binance a third of the events come a few
// ms late, and those of the first days have no mark price any more. In an outage nothing is paid.
#include <algorithm>

#include "engine/sim/digits.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/mixer.h"

namespace bf::sim {
namespace {

constexpr std::uint64_t kForFunding = 0x77;
constexpr DurationMs kChangeAfterMs = 45 * kDayMs;
constexpr DurationMs kWithoutMarkMs = 20 * kDayMs;
constexpr std::size_t kRateDecimals = 8;
constexpr std::size_t kMarkDecimals = 8;

std::string fixed_text(std::int64_t mantissa, std::size_t decimals, std::size_t zeros) {
  char text[kFixedBytesMax];
  const auto magnitude = static_cast<std::uint64_t>(mantissa < 0 ? -mantissa : mantissa);
  char* const end = write_fixed(text, magnitude, decimals, zeros);
  return (mantissa < 0 ? "-" : "") + std::string(text, end);
}

}  // namespace

DurationMs GeneratedTruth::funding_period(Market market, const SimInstrument& instrument,
                                          const Source& source, TimeMs t) noexcept {
  if (market == Market::kDeribitFutures) return kHourMs;
  switch (source.made_as % 4) {
    case 0:
      return 8 * kHourMs;
    case 1:
      return t - instrument.life.from < kChangeAfterMs ? 8 * kHourMs : kHourMs;
    case 2:
      return 4 * kHourMs;
    default:
      return kHourMs;
  }
}

std::vector<FundingEvent> GeneratedTruth::funding(Market market, std::string_view symbol,
                                                  const RowQuery& query) const {
  std::vector<FundingEvent> events;
  const SimInstrument* const instrument = find_instrument(*this, market, symbol);
  if (instrument == nullptr || query.rows_max == 0) return events;
  const ByMarket& all = markets_[static_cast<std::size_t>(market)];
  const Source& source = all.sources[static_cast<std::size_t>(instrument - all.instruments.data())];
  const TimeRange life = instrument->life;
  const TimeRange hours = query.opens.intersect(life);
  for (TimeMs hour = slot_begin(Interval::k1h, std::max(hours.from, kTimeMin)); hour < hours.to;
       hour += kHourMs) {
    if (hour < life.from || hour % funding_period(market, *instrument, source, hour) != 0) continue;
    if (behind_outage(hour) != hour) continue;
    const std::uint64_t bits = mix(source.key ^ kForFunding, static_cast<std::uint64_t>(hour));
    FundingEvent event;
    event.time =
        hour + (market == Market::kUm && bits % 3 == 0 ? static_cast<TimeMs>(bits % 9) : 0);
    if (!query.opens.contains(event.time)) continue;
    const std::int64_t rate = static_cast<std::int64_t>((bits >> 8U) % 60'001) - 20'000;
    event.rate = fixed_text(bits % 5 == 0 ? 10'000 : rate, kRateDecimals, 0);
    if (hour - life.from >= kWithoutMarkMs) {
      event.mark_price = fixed_text(close_of(source, hour / kMinuteMs), source.price_decimals,
                                    kMarkDecimals - source.price_decimals);
    }
    events.push_back(std::move(event));
    if (!query.newest && events.size() == query.rows_max) return events;
  }
  if (events.size() > query.rows_max) {
    events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(query.rows_max));
  }
  return events;
}

}  // namespace bf::sim
