#include "engine/sim/generated_truth.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "engine/sim/digits.h"
#include "engine/sim/mixer.h"
#include "store/base/assert.h"

namespace bf::sim {
namespace {

// What a key's bits are drawn for: different numbers give independent draws.
enum Purpose : std::uint64_t {
  kForSymbol = 0x11,
  kForOutages = 0x22,
  kForShape = 0x33,
  kForQuiet = 0x44,
  kForLives = 0x55,
  kForNames = 0x66,
};

constexpr std::int64_t kQuietBlockMinutes = 16;
constexpr int kPriceShift = 40;  // noise is in units of 2^-40 of the price

/// One time scale of the price: lattice points every 2^period_log2 minutes, and the share of the price
/// by which they differ, in 2^-kPriceShift of it for each of the noise's 2^16 steps.
struct Octave {
  int period_log2;
  std::int64_t amplitude;
};
constexpr Octave kOctaves[] = {
    {17, 4'000'000}, {13, 1'000'000}, {10, 300'000}, {7, 100'000}, {4, 30'000}, {1, 15'000},
};

/// Linear interpolation between random lattice points, -32768 .. 32767.
std::int64_t value_noise(std::uint64_t key, std::int64_t minute, int period_log2) noexcept {
  constexpr std::uint64_t kMask = 0xffff;
  constexpr std::int64_t kHalf = 0x8000;
  const auto lattice = static_cast<std::uint64_t>(minute >> period_log2);
  const std::int64_t inside = minute & ((std::int64_t{1} << period_log2) - 1);
  const auto left = static_cast<std::int64_t>(mix(key, lattice) & kMask) - kHalf;
  const auto right = static_cast<std::int64_t>(mix(key, lattice + 1) & kMask) - kHalf;
  return left + ((right - left) * inside >> period_log2);
}

std::string quote_of(Market market) {
  if (market == Market::kBybitInverse || market == Market::kYahooChart) return "USD";
  return market == Market::kDeribitFutures ? "USDC" : "USDT";
}

/// As the market spells its instruments.
std::string symbol_of(Market market, const std::string& base, const std::string& quote) {
  switch (market) {
    case Market::kOkxSwap:
      return base + "-" + quote + "-SWAP";
    case Market::kOkxFutures:
      return base + "-" + quote + "-491231";
    case Market::kOkxSpot:
    case Market::kBlofinSwap:
    case Market::kYahooChart:
      return base + "-" + quote;
    case Market::kDeribitFutures:
      return base + "_" + quote + "-PERPETUAL";
    default:
      return base + quote;
  }
}

/// `value` x (bits / 2^16), for bits below 2^16.
std::int64_t share(std::int64_t value, std::uint64_t bits) noexcept {
  return static_cast<std::int64_t>((static_cast<std::uint64_t>(value) * (bits & 0xffffU)) >> 16U);
}

}  // namespace

/// Mantissas, at the decimals of the symbol.
struct GeneratedTruth::Candle {
  TimeMs open_time = 0;
  TimeMs close_time = 0;
  std::int64_t open = 0;
  std::int64_t high = 0;
  std::int64_t low = 0;
  std::int64_t close = 0;
  std::int64_t volume = 0;
  std::int64_t quote = 0;
  std::int64_t trades = 0;
  std::int64_t taker_base = 0;
  std::int64_t taker_quote = 0;

  void add(const Candle& next) noexcept {
    high = std::max(high, next.high);
    low = std::min(low, next.low);
    close = next.close;
    volume += next.volume;
    quote += next.quote;
    trades += next.trades;
    taker_base += next.taker_base;
    taker_quote += next.taker_quote;
  }
};

/// The minutes of one symbol, one after the other: each needs the close before it.
class GeneratedTruth::Minutes {
 public:
  Minutes(const GeneratedTruth& truth, const Source& source, TimeMs open)
      : truth_(truth), source_(source) {
    move_to(open);
  }

  /// The first minute at or behind `open` that exists.
  void move_to(TimeMs open) {
    open_ = truth_.behind_outage(open);
    const auto next =
        std::upper_bound(truth_.outages_.begin(), truth_.outages_.end(), open_,
                         [](TimeMs t, const TimeRange& outage) { return t < outage.from; });
    outage_ = next == truth_.outages_.end() ? TimeRange{kTimeMax, kTimeMax} : *next;
    previous_close_ = close_of(source_, open_ / kMinuteMs - 1);
  }

  [[nodiscard]] TimeMs open() const noexcept { return open_; }

  /// The candle at open(), which moves on.
  [[nodiscard]] Candle take() {
    const std::int64_t minute = open_ / kMinuteMs;
    Candle candle;
    candle.open_time = open_;
    candle.close_time = open_ + kMinuteMs - 1;
    candle.close = close_of(source_, minute);
    const std::uint64_t bits = mix(source_.key ^ kForShape, static_cast<std::uint64_t>(minute));
    shape(candle, bits, quiet_begin(source_, minute) <= minute);
    previous_close_ = candle.close;
    open_ += kMinuteMs;
    if (open_ >= outage_.from) {
      // The exchange stands still within this minute, and says so by its close time.
      candle.close_time = candle.open_time + static_cast<TimeMs>(bits % (kMinuteMs - 1));
      move_to(outage_.to);
    }
    return candle;
  }

  /// The first minute of the quiet run that reaches from there to the end of the block of `minute`, or
  /// the block's end where there is none. Never the block's first minute, so that a run ends.
  static std::int64_t quiet_begin(const Source& source, std::int64_t minute) noexcept {
    const std::int64_t block = minute / kQuietBlockMinutes;
    const std::uint64_t bits = mix(source.key ^ kForQuiet, static_cast<std::uint64_t>(block));
    const bool has_run = (bits & 1023U) < source.quiet_in_1024;
    const auto offset = static_cast<std::int64_t>((bits >> 10U) % (kQuietBlockMinutes - 1)) + 1;
    return block * kQuietBlockMinutes + (has_run ? offset : kQuietBlockMinutes);
  }

 private:
  void shape(Candle& candle, std::uint64_t bits, bool quiet) const noexcept {
    candle.open = previous_close_;
    if (quiet) {
      candle.high = candle.low = candle.open;
      return;
    }
    if ((bits & 7U) == 0) ++candle.open;  // mostly the close before, not always
    const std::int64_t wick = source_.price / 4'096 + 2;
    candle.high = std::max(candle.open, candle.close) + share(wick, bits >> 3U);
    candle.low = std::min(candle.open, candle.close) - share(wick, bits >> 19U);
    candle.low = std::max<std::int64_t>(candle.low, 1);
    // Squared, so that large volumes are rare.
    const std::uint64_t lively = (bits >> 35U) & 0xffffU;
    candle.volume = share(share(source_.volume, lively), lively) + 1;
    candle.trades = share(2'000, lively) + 1;
    candle.taker_base = share(candle.volume, bits >> 48U);
    // Between volume x low and volume x high, to the last digit.
    const std::int64_t spread = candle.high - candle.low;
    candle.quote = candle.volume * candle.low + share(candle.volume * spread, bits >> 7U);
    candle.taker_quote =
        candle.taker_base * candle.low + share(candle.taker_base * spread, bits >> 7U);
  }

  const GeneratedTruth& truth_;
  const Source& source_;
  TimeMs open_ = 0;
  TimeRange outage_;  ///< the next one
  std::int64_t previous_close_ = 0;
};

GeneratedTruth::GeneratedTruth(GeneratedOptions options) : options_(options) {
  BF_ASSERT(options.symbols <= kGeneratedSymbolsMax);
  options_.life.from = slot_ceil(Interval::k1m, options.life.from);
  options_.life.to = slot_begin(Interval::k1m, options.life.to);
  BF_ASSERT(!options_.life.empty());
  add_outages();
  for (const Market market : options_.markets) {
    for (std::size_t i = 0; i < options_.symbols; ++i) add_symbol(market, i);
  }
  for (const auto& [market, instrument] : options_.named) {
    std::uint64_t key = mix(options_.seed, kForNames) + static_cast<std::uint64_t>(market);
    for (const char c : instrument.symbol) key = mix(key, static_cast<unsigned char>(c));
    add_instrument(market, instrument, key);
  }
  for (ByMarket& market : markets_) sort_by_symbol(market);
}

/// find_instrument() looks for names in a sorted list.
void GeneratedTruth::sort_by_symbol(ByMarket& market) {
  std::vector<std::size_t> order(market.instruments.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&market](std::size_t a, std::size_t b) {
    return market.instruments[a].symbol < market.instruments[b].symbol;
  });
  ByMarket sorted;
  for (const std::size_t at : order) {
    sorted.instruments.push_back(std::move(market.instruments[at]));
    sorted.sources.push_back(market.sources[at]);
  }
  market = std::move(sorted);
}

void GeneratedTruth::add_symbol(Market market, std::size_t index) {
  char digits[kFixedBytesMax];
  char* const digits_end = write_digits(digits, index, options_.symbols > 1'000 ? 4 : 3);
  const std::uint64_t key =
      mix(mix(options_.seed, kForSymbol) + static_cast<std::uint64_t>(market), index);
  SimInstrument instrument;
  instrument.base_asset = "S" + std::string(digits, digits_end);
  instrument.quote_asset = quote_of(market);
  instrument.symbol = symbol_of(market, instrument.base_asset, instrument.quote_asset);
  instrument.life = options_.life;
  if (options_.varied_lives) {
    // A third are listed within the first year (or the first half), a sixth delisted after that.
    const std::uint64_t draw = mix(key, kForLives);
    const std::int64_t minutes = std::min(options_.life.length() / 2, 365 * kDayMs) / kMinuteMs;
    const auto later =
        static_cast<std::int64_t>((draw >> 8U) % static_cast<std::uint64_t>(minutes));
    if (draw % 3 == 0) instrument.life.from += later * kMinuteMs;
    if (draw % 6 == 1) instrument.life.to = instrument.life.from + (minutes + later) * kMinuteMs;
  }
  add_instrument(market, std::move(instrument), key);
}

void GeneratedTruth::add_instrument(Market market, SimInstrument instrument, std::uint64_t key) {
  const std::uint64_t bits = mix(key, 0);
  Source source;
  source.key = key;
  // 10^3 .. 10^6 ticks, so that one tick is 0.1 % to 0.0001 % of the price, as on real markets; and
  // price x volume of a month stays below 2^63.
  const auto magnitude = static_cast<std::size_t>(bits % 3);
  source.price = std::int64_t{1'000} * (magnitude == 0 ? 1 : magnitude == 1 ? 10 : 100);
  source.price += share(source.price * 9, bits >> 8U);
  source.volume = 1 + static_cast<std::int64_t>((bits >> 24U) % 10'000'000);
  source.quiet_in_1024 = (bits >> 48U) % 8 == 0 ? 512 : (bits >> 51U) % 32;
  source.price_decimals = 1 + (bits >> 56U) % 5;
  source.lot_decimals = (bits >> 60U) % 4;
  if (market == Market::kSpot) {
    source.padding_price = 8 - source.price_decimals;
    source.padding_lot = 8 - source.lot_decimals;
    source.padding_quote = 8 - source.price_decimals - source.lot_decimals;
  }

  instrument.price_decimals = static_cast<int>(source.price_decimals);
  instrument.quantity_decimals = static_cast<int>(source.lot_decimals);
  ByMarket& into = markets_[static_cast<std::size_t>(market)];
  source.made_as = into.instruments.size();
  into.instruments.push_back(std::move(instrument));
  into.sources.push_back(source);
}

void GeneratedTruth::add_outages() {
  constexpr TimeMs kHorizon = 4'102'444'800'000;  // 2100
  constexpr std::int64_t kMinutesMin = 5;
  constexpr std::int64_t kMinutesMax = 180;
  if (options_.outage_every_days == 0) return;
  const DurationMs period = options_.outage_every_days * kDayMs;
  const TimeMs end = std::min(options_.life.to, kHorizon);
  for (TimeMs begin = options_.life.from; begin < end; begin += period) {
    const std::uint64_t bits =
        mix(mix(options_.seed, kForOutages), static_cast<std::uint64_t>(begin));
    const auto room = static_cast<std::uint64_t>(period / kMinuteMs - kMinutesMax - 1);
    const TimeMs from = begin + static_cast<TimeMs>(1 + bits % room) * kMinuteMs;
    const auto minutes =
        static_cast<TimeMs>((bits >> 32U) % (kMinutesMax - kMinutesMin)) + kMinutesMin;
    outages_.push_back({from, from + minutes * kMinuteMs});
  }
}

std::span<const SimInstrument> GeneratedTruth::instruments(Market market) const noexcept {
  return markets_[static_cast<std::size_t>(market)].instruments;
}

std::vector<Interval> GeneratedTruth::intervals(Market market, std::string_view symbol) const {
  if (find_instrument(*this, market, symbol) == nullptr) return {};
  return {Interval::k1m,  Interval::k3m, Interval::k5m, Interval::k15m, Interval::k30m,
          Interval::k1h,  Interval::k2h, Interval::k4h, Interval::k6h,  Interval::k8h,
          Interval::k12h, Interval::k1d, Interval::k3d, Interval::k1w,  Interval::k1mo};
}

std::int64_t GeneratedTruth::close_of(const Source& source, std::int64_t minute) noexcept {
  const std::int64_t quiet_from = Minutes::quiet_begin(source, minute);
  if (quiet_from <= minute) minute = quiet_from - 1;
  std::int64_t noise = 0;
  std::uint64_t key = source.key;
  for (const Octave& octave : kOctaves) {
    noise += octave.amplitude * value_noise(++key, minute, octave.period_log2);
  }
  return source.price + (source.price * (noise >> 20U) >> (kPriceShift - 20));
}

TimeMs GeneratedTruth::behind_outage(TimeMs t) const noexcept {
  const auto next =
      std::upper_bound(outages_.begin(), outages_.end(), t,
                       [](TimeMs time, const TimeRange& outage) { return time < outage.from; });
  if (next == outages_.begin()) return t;
  return std::max(t, std::prev(next)->to);
}

bool GeneratedTruth::exists(const SimInstrument& instrument, Interval interval, TimeMs open) const {
  const TimeMs first = behind_outage(std::max(open, instrument.life.from));
  return first < std::min(next_slot(interval, open), instrument.life.to);
}

/// Where to begin so that `query` is answered: its oldest row's slot.
TimeMs GeneratedTruth::oldest_open(const SimInstrument& instrument, Interval interval,
                                   const RowQuery& query) const {
  const TimeMs first =
      std::max(slot_ceil(interval, query.opens.from), slot_begin(interval, instrument.life.from));
  if (!query.newest) return first;
  TimeMs open = slot_begin(interval, std::min(query.opens.to, instrument.life.to) - 1);
  std::size_t rows = 0;
  for (; open >= first; open = slot_begin(interval, open - 1)) {
    if (exists(instrument, interval, open) && ++rows == query.rows_max) break;
  }
  return std::max(open, first);
}

RowsInfo GeneratedTruth::append_rows(const SimSeries& series, const RowQuery& query,
                                     std::string& out) const {
  const SimInstrument* const instrument = find_instrument(*this, series.market, series.symbol);
  if (instrument == nullptr || query.opens.empty() || query.rows_max == 0) return {};
  const ByMarket& market = markets_[static_cast<std::size_t>(series.market)];
  const Source& source =
      market.sources[static_cast<std::size_t>(instrument - market.instruments.data())];
  const TimeMs begin = oldest_open(*instrument, series.interval, query);
  Minutes minutes(*this, source, std::max(begin, instrument->life.from));
  RowsInfo info;
  while (info.rows < query.rows_max && minutes.open() < instrument->life.to) {
    const TimeMs open = slot_begin(series.interval, minutes.open());
    if (open >= query.opens.to) break;
    Candle candle = minutes.take();
    if (series.interval != Interval::k1m) {
      const TimeMs next = next_slot(series.interval, open);
      while (minutes.open() < std::min(next, instrument->life.to)) candle.add(minutes.take());
      candle.open_time = open;
      candle.close_time = next - 1;
    }
    if (info.rows == 0) {
      info.first_open = open;
    } else {
      out += ',';
    }
    append_candle(source, candle, out);
    info.last_open = open;
    ++info.rows;
  }
  return info;
}

void GeneratedTruth::append_candle(const Source& source, const Candle& candle, std::string& out) {
  constexpr std::size_t kRowBytesMax = 12 * kFixedBytesMax;
  char row[kRowBytesMax];
  char* end = row;
  const auto text = [&end](std::int64_t mantissa, std::size_t decimals, std::size_t zeros) {
    *end++ = '"';
    end = write_fixed(end, static_cast<std::uint64_t>(mantissa), decimals, zeros);
    *end++ = '"';
    *end++ = ',';
  };
  const auto number = [&end](std::int64_t value) {
    end = write_digits(end, static_cast<std::uint64_t>(value));
    *end++ = ',';
  };
  const std::size_t quote_decimals = source.price_decimals + source.lot_decimals;
  *end++ = '[';
  number(candle.open_time);
  for (const std::int64_t price : {candle.open, candle.high, candle.low, candle.close}) {
    text(price, source.price_decimals, source.padding_price);
  }
  text(candle.volume, source.lot_decimals, source.padding_lot);
  number(candle.close_time);
  text(candle.quote, quote_decimals, source.padding_quote);
  number(candle.trades);
  text(candle.taker_base, source.lot_decimals, source.padding_lot);
  text(candle.taker_quote, quote_decimals, source.padding_quote);
  out.append(row, end);
  out += "\"0\"]";
}

}  // namespace bf::sim
