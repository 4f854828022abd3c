// tools/bf-engine/commands.h
//
// The commands of bf-engine. Each prints its report and returns the exit code that it stands for.
#pragma once

#include "engine/backfill/report.h"
#include "tools/cli/run_flags.h"

namespace bf::engine {

/// Fetches what is missing.
[[nodiscard]] backfill::Exit run(const cli::RunFlags& flags);
/// Says what run() would ask for, and asks for no candle.
[[nodiscard]] backfill::Exit plan(const cli::RunFlags& flags);
/// Fetches what is missing of what the store holds already, as far back as flags.lookback says.
[[nodiscard]] backfill::Exit fill(const cli::RunFlags& flags);

struct StatusFlags {
  cli::OutputFlags output;
  cli::SelectionFlags selection;
  cli::RangeFlags range;
  std::string store{cli::kDefaultStore};
  bool runs = false;
};
/// Says what a store holds, or with `runs` what was done to it.
[[nodiscard]] backfill::Exit status(const StatusFlags& flags);

struct CompactFlags {
  cli::OutputFlags output;
  cli::SelectionFlags selection;
  std::string store{cli::kDefaultStore};
  bool allow_network_store = false;
};
/// Merges the segments of each month (or year) of a store's series.
[[nodiscard]] backfill::Exit compact(const CompactFlags& flags);

struct ImportFlags {
  cli::OutputFlags output;
  std::string file;      ///< "-": stdin
  std::string as;        ///< EXCHANGE/MARKET/SYMBOL
  std::string interval;  ///< empty: 1m
  std::string columns;   ///< comma-separated names; empty: by header or shape
  std::string time_unit{"auto"};
  std::string store{cli::kDefaultStore};
  bool allow_network_store = false;
};
/// Stores the candles of a file that another tool wrote.
[[nodiscard]] backfill::Exit import_file(const ImportFlags& flags);

struct SymbolsFlags {
  cli::OutputFlags output;
  cli::NetworkFlags network;
  std::string exchange;
  std::string market;
  std::string store{cli::kDefaultStore};
  std::string as_of;  ///< the ledger as of then; empty: as of now
  bool offline = false;
  bool refresh = false;
  bool allow_network_store = false;
};
/// Lists the instruments of a market: from the exchange, from the store's ledger, or from exchange and
/// archive into the ledger.
[[nodiscard]] backfill::Exit symbols(const SymbolsFlags& flags);

struct SourcesFlags {
  cli::OutputFlags output;
  cli::NetworkFlags network;
  std::string exchange;    ///< comma-separated; empty: all
  std::string market;      ///< of the one exchange; empty: all of them
  std::string max_weight;  ///< empty: each market's default
};
/// Asks each source whether it answers, and says what it can give.
[[nodiscard]] backfill::Exit sources(const SourcesFlags& flags);

struct TuneFlags {
  cli::OutputFlags output;
  cli::NetworkFlags network;
  std::string exchange;
  std::string market;      ///< empty: its first
  std::string symbol;      ///< the exchange's own name; empty: the one that is listed longest
  std::string max_weight;  ///< empty: the market's default
  std::string seconds = "5";
};
/// Measures how many requests in flight a source is worth.
[[nodiscard]] backfill::Exit tune(const TuneFlags& flags);

/// Says what `flags` are, which `settings` describe, and what the file says to other programs.
[[nodiscard]] backfill::Exit show_config(const cli::RunFlags& flags,
                                         std::vector<cli::Setting> settings);

}  // namespace bf::engine
