// tools/cli/network_options.h
//
// How the network is reached, from flags to options: for the commands that ask exchanges and fetch no
// candles; and how much of the limits they use, for all.
#pragma once

#include "engine/backfill/run.h"
#include "tools/cli/run_flags.h"

namespace bf::cli {

/// Sets the addresses, the proxies and where bans are kept, as `flags` and `environment` say.
/// Errors: kUsage, naming the flag.
[[nodiscard]] Result<void> set_network_options(const NetworkFlags& flags,
                                               const Environment& environment,
                                               backfill::RunOptions& options);
/// Sets the share of the limits to use, where --max-weight names one. Errors: kUsage.
[[nodiscard]] Result<void> set_max_weight(const std::string& max_weight,
                                          backfill::RunOptions& options);

}  // namespace bf::cli
