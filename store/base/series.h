// store/base/series.h
//
// The names of things: an instrument is (exchange, market, the exchange's own symbol), a series is one
// instrument x kind x interval, the unit of storage.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/base/interval.h"
#include "store/base/result.h"

namespace bf {

enum class Kind : std::uint8_t { kCandles, kMark, kIndex, kPremium, kFunding };
/// "candles", "mark", "index", "premium", "funding".
[[nodiscard]] std::string_view kind_name(Kind kind) noexcept;
/// Errors: kUsage, with the list of names.
[[nodiscard]] Result<Kind> parse_kind(std::string_view name);
/// Whether a kind comes as events, at instants of the exchange's choice. Its interval is kEvents, and no
/// other kind's is.
[[nodiscard]] constexpr bool is_event_kind(Kind kind) noexcept { return kind == Kind::kFunding; }

/// The longest symbol that any exchange has is far below this; longer ones are refused.
inline constexpr std::size_t kSymbolBytesMax = 64;

struct Instrument {
  std::string exchange;  ///< our own lower-case name: "binance"
  std::string market;    ///< our own lower-case name: "um", "spot"
  std::string symbol;    ///< the exchange's own name, any UTF-8

  [[nodiscard]] std::string name() const;  ///< "binance/um/BTCUSDT"
  friend auto operator<=>(const Instrument&, const Instrument&) = default;
};

struct Series {
  Instrument instrument;
  Kind kind = Kind::kCandles;
  Interval interval = Interval::k1m;  ///< kEvents for kinds of events, and for them alone

  [[nodiscard]] std::string name() const;  ///< "binance/um/BTCUSDT/candles/1m"
  /// Whether it is a series of events.
  [[nodiscard]] bool is_events() const noexcept { return is_event_kind(kind); }
  /// Relative path of the series' directory in a store: as name(), with the symbol escaped.
  [[nodiscard]] std::string path() const;
  friend auto operator<=>(const Series&, const Series&) = default;
};

/// Bytes outside [A-Z0-9_-] become %XX: injective, also where a file system ignores case, and never a
/// path of its own ("..", "/"). Errors: kUsage for an empty symbol or one over kSymbolBytesMax.
[[nodiscard]] Result<std::string> escape_symbol(std::string_view symbol);
/// The inverse. Errors: kFormat for what escape_symbol never writes.
[[nodiscard]] Result<std::string> unescape_symbol(std::string_view escaped);

/// Checks the parts of a series that came from outside: exchange and market are [a-z0-9]{1,16}, the
/// symbol is 1 .. kSymbolBytesMax bytes that printable() leaves as they are. Errors: kUsage.
[[nodiscard]] Result<void> validate(const Instrument& instrument);

/// As above, and that kind and interval go together. Errors: kUsage.
[[nodiscard]] Result<void> validate(const Series& series);

/// Reads what Series::path() writes. Errors: kFormat.
[[nodiscard]] Result<Series> parse_series_path(std::string_view path);

/// `text` made safe for a terminal and a log: control characters (C0, C1, bidi, line separators) and
/// bytes that are not UTF-8 become \xNN.
[[nodiscard]] std::string printable(std::string_view text, std::size_t bytes_max = 200);

}  // namespace bf
