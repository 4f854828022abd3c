// engine/backfill/symbols.h
//
// What a word that names instruments means: the exchange's own name (BTCUSDT), a canonical symbol
// (BTC/USDT:USDT), or a glob over either (*USDT, BTC/*). Pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backfill/run.h"
#include "store/instrument_ledger.h"

namespace bf::backfill {

/// The canonical symbol of an instrument; "" where its assets are not known.
[[nodiscard]] std::string canonical_name(const store::InstrumentFacts& facts);

/// Whether `word` has one of *, ? and [: it may mean any number of instruments.
[[nodiscard]] bool is_glob(std::string_view word) noexcept;
/// Whether `word` can only be an exchange's own name, so that it means something without a list.
[[nodiscard]] bool is_own_name(std::string_view word) noexcept;

/// Whether `word` names the instrument of this symbol and canonical symbol ("": it has none). A glob
/// spans '/' and ':'; letter case counts.
[[nodiscard]] bool names_symbol(const std::string& word, const std::string& symbol,
                                const std::string& canonical);

/// The instruments of a market, by the exchange's own names.
using FactsBySymbol = std::map<std::string, store::InstrumentFacts>;

struct SelectedSymbols {
  std::vector<std::string> symbols;  ///< the exchange's own names, sorted, each once
  std::vector<std::string> unknown;  ///< words that name none of the instruments
};
/// What `selection` names of `known`. A word may name several instruments: SHIB/USDT:USDT is every
/// perpetual of SHIB, whatever its multiplier. Cost: O(words x instruments) for words other than own
/// names.
[[nodiscard]] SelectedSymbols select_symbols(const Selection& selection,
                                             const FactsBySymbol& known);

/// Whether the instrument can have data of `kind`: dated contracts and spot pairs pay no funding. One of
/// which nothing is known may.
[[nodiscard]] bool has_kind(Kind kind, const store::InstrumentFacts& facts);
/// Takes from `selected` what can have nothing of `kind` and was not meant outright, but among others.
void leave_out_guesses(Kind kind, const Selection& selection, const FactsBySymbol& known,
                       SelectedSymbols& selected);

}  // namespace bf::backfill
