// tools/cli/selection.h
//
// Which instruments and series are meant: --exchange, --market, --symbol, --all, --symbols-file,
// --exclude, --interval, --kind and --store, the same in every program.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backfill/run.h"
#include "store/base/series.h"
#include "store/instrument_ledger.h"
#include "tools/cli/command_line.h"

namespace bf::cli {

/// As the user gave them; lists may hold comma-separated words.
struct SelectionFlags {
  std::string exchange;
  std::string market;
  std::vector<std::string> symbols;
  bool all = false;
  std::string symbols_file;
  std::vector<std::string> exclude;
  std::string interval;  ///< empty: 1m for a run, any for a reader
  std::string kind;      ///< empty: candles for a run, any for a reader
};
[[nodiscard]] std::vector<Flag> selection_flags(SelectionFlags& flags);

/// One line of a symbols file.
struct SymbolLine {
  std::string symbol;  ///< the exchange's own name, a canonical symbol or a glob
  std::string exchange;
  std::string market;  ///< empty: the exchange's default
  std::string where;   ///< "list.txt:3"
};
/// Reads lines `SYMBOL EXCHANGE[/MARKET]`; `#` begins a comment; empty lines are skipped.
/// Errors: kUsage, with name and line.
[[nodiscard]] Result<std::vector<SymbolLine>> parse_symbols_file(std::string_view text,
                                                                 std::string_view name);

/// What a run or a plan is asked for: one Selection a market, symbols without repeats.
/// Errors: kUsage: unknown exchange, market, kind or interval; nothing selected; --all beside --symbol;
///         a symbols file that cannot be read.
struct RunSelection {
  std::vector<backfill::Selection> selections;
  Kind kind = Kind::kCandles;
  Interval interval = Interval::k1m;
};
[[nodiscard]] Result<RunSelection> resolve_selection(const SelectionFlags& flags);

/// The canonical symbol of an instrument, or "".
using CanonicalNames = std::function<std::string(const Instrument&)>;
/// As `ledger`, which outlives it, knows them.
[[nodiscard]] CanonicalNames canonical_names(const store::InstrumentLedger& ledger);

/// Those of `held` (a store's series) that are meant; without flags all of them.
/// Errors: kUsage for a symbol, exchange or market of which the store holds nothing, with a suggestion,
///         and when nothing is left.
[[nodiscard]] Result<std::vector<Series>> select_series(const SelectionFlags& flags,
                                                        std::vector<Series> held,
                                                        const CanonicalNames& canonical);

/// --store: where the store is, as the flag, BF_STORE or the file say.
inline constexpr std::string_view kDefaultStore = "./bf-store";
[[nodiscard]] Flag store_flag(std::string& store);

}  // namespace bf::cli
