// engine/exchange/canonical.h
//
// Canonical symbols: one name for the same thing on every exchange. Pure functions of what an exchange's
// instrument list says (base, quote, settle, contract type, expiry); the exchange's own name is never
// cut.
//
//   BTC/USDT                spot and indices: BASE/QUOTE
//   BTC/USDT:USDT           perpetuals: BASE/QUOTE:SETTLE
//   BTC/USDT:USDT-241227    dated futures: BASE/QUOTE:SETTLE-YYMMDD, the UTC day of the expiry
//
// Where a symbol counts 1,000 coins as one (1000BONK), the base is the coin (BONK), and the multiplier
// (1000) is kept beside the name. Source: the spellings on Binance, Bybit, BloFin and Bitunix in 2026.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exchange/market_api.h"

namespace bf::exchange {

/// A coin, and how many of it an exchange's name for it counts as one.
struct CoinName {
  std::string coin;              ///< "BONK"
  std::string multiplier = "1";  ///< "1000"
  friend bool operator==(const CoinName&, const CoinName&) = default;
};

using CoinSet = std::set<std::string, std::less<>>;

/// Splits the multiplier off a base asset, as an exchange spells it:
///   1000, 10000, 100000 or 1000000 before a letter   1000BONK, 1000000MOG
///   1M before a coin of three letters or more that is in `listed`
///   a table of the others                            SHIB1000, 1MBABYDOGE; 1INCH is a coin
[[nodiscard]] CoinName split_multiplier(std::string_view base, const CoinSet& listed = {});

/// Sets the multiplier of each instrument from its base asset; the listed coins are those of the list.
void set_multipliers(std::vector<InstrumentInfo>& instruments);

struct CanonicalSymbol {
  std::string base;
  std::string quote;
  std::string settle;  ///< "" on spot
  TimeMs expiry = 0;   ///< 00:00 UTC of the day; 0: it does not expire

  [[nodiscard]] std::string text() const;
  friend bool operator==(const CanonicalSymbol&, const CanonicalSymbol&) = default;
};

/// What of an instrument its canonical symbol is made of, as the exchange spells it.
struct InstrumentTerms {
  std::string_view base;
  std::string_view quote;
  std::string_view settle;         ///< "" on spot
  std::string_view contract_type;  ///< "PERPETUAL", "CURRENT_QUARTER", "swap" ...; "" where unsaid
  std::string_view multiplier = "1";
  TimeMs delisted = 0;  ///< expiry, delivery or delisting; 0: none
};
/// nullopt where base or quote is not known, or an asset has a '/' or ':' in its name. A contract
/// expires when it ends and its type does not call it a perpetual: those are delisted.
[[nodiscard]] std::optional<CanonicalSymbol> canonical_symbol(const InstrumentTerms& terms);
[[nodiscard]] std::optional<CanonicalSymbol> canonical_symbol(const InstrumentInfo& info);

/// Whether a contract's type calls it a perpetual, in the words of any exchange.
[[nodiscard]] bool is_perpetual(std::string_view contract_type);

/// Reads what CanonicalSymbol::text() writes. Errors: kUsage.
[[nodiscard]] Result<CanonicalSymbol> parse_canonical(std::string_view text);

}  // namespace bf::exchange
