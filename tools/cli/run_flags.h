// tools/cli/run_flags.h
//
// The flags of `bf-engine run`, `plan` and `fill`, and how they become a run's options.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/backfill/run.h"
#include "tools/cli/command_line.h"
#include "tools/cli/output.h"
#include "tools/cli/selection.h"
#include "tools/cli/time_spec.h"

namespace bf::cli {

/// How the network is reached; shared with `bf-engine symbols`.
struct NetworkFlags {
  std::vector<std::string> base_urls;     ///< EXCHANGE[/MARKET]=URL
  std::vector<std::string> archive_urls;  ///< EXCHANGE=URL
  std::vector<std::string> proxies;       ///< [EXCHANGE[/MARKET]=]URL
  std::string ca_file;
  std::string state_dir;
  bool allow_plain_http = false;
};
[[nodiscard]] std::vector<Flag> network_flags(NetworkFlags& flags);

struct RunFlags {
  OutputFlags output;
  SelectionFlags selection;
  RangeFlags range;
  NetworkFlags network;
  std::string store{kDefaultStore};
  std::string source = "auto";
  std::vector<std::string> fallbacks;  ///< [EXCHANGE[/MARKET]=]SOURCE,SOURCE...
  std::string max_weight;
  std::string concurrency = "64";
  std::string series_at_once = "16";
  std::string min_free = "256";
  std::string events;
  std::string lookback = "7d";  ///< of a fill
  bool strict = false;
  bool allow_network_store = false;
};
[[nodiscard]] std::vector<Flag> run_flags(RunFlags& flags);
[[nodiscard]] std::vector<Flag> fill_flags(RunFlags& flags);
/// The one flag that fill_flags() has and run_flags() has not, beside the range's.
[[nodiscard]] Flag lookback_flag(RunFlags& flags);

/// `now` is wall ms, to compare the range's ends.
/// Errors: kUsage, naming the flag.
[[nodiscard]] Result<backfill::RunOptions> run_options(const RunFlags& flags, TimeMs now);

/// Options of a fill, whose selections are still to be set: they are what the store holds.
/// Errors: kUsage, naming the flag.
[[nodiscard]] Result<backfill::RunOptions> fill_options(const RunFlags& flags);
/// One Selection a market, of those of `series` that this build can fetch; the others, with the reason,
/// go to `skipped`. `store` says where each begins.
[[nodiscard]] std::vector<backfill::Selection> held_selections(const std::vector<Series>& series,
                                                               const store::Store& store,
                                                               std::vector<std::string>& skipped);

/// "binance=http://..." and "binance/um=http://..." by what stands before the first '='. `with_market`
/// says whether a market may be named.
/// Errors: kUsage: no '=', an exchange or market that is not known, a URL that cannot be read or that
///         is plain http to a host that is not loopback (unless allowed).
[[nodiscard]] Result<std::map<std::string, std::string>> parse_urls(
    std::string_view flag, const std::vector<std::string>& entries, bool with_market,
    bool allow_plain_http);

/// Who fills what a source lacks: "okx,bybit" for all, "blofin=okx,bybit" for one.
/// Errors: kUsage: an exchange or market that is not known, a source without a list of instruments, an
///         exchange that is its own fallback.
[[nodiscard]] Result<std::map<std::string, std::vector<std::string>>> parse_fallbacks(
    const std::vector<std::string>& entries);

/// Whether "binance" or, `with_market`, "binance/um" is known. Errors: kUsage.
[[nodiscard]] Result<void> check_source_name(const std::string& name, bool with_market);

/// "50%" or "50" as 50. Errors: kUsage outside 1 .. 100.
[[nodiscard]] Result<int> parse_percent(std::string_view flag, std::string_view text);
/// Errors: kUsage outside 1 .. `max`.
[[nodiscard]] Result<std::int64_t> parse_positive(std::string_view flag, std::string_view text,
                                                  std::int64_t max);

/// `given`, else $XDG_STATE_HOME/bf, else $HOME/.local/state/bf. Errors: kUsage when none is known.
[[nodiscard]] Result<std::string> state_directory(const std::string& given,
                                                  const Environment& environment);

}  // namespace bf::cli
