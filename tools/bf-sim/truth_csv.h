// tools/bf-sim/truth_csv.h
//
// Prints what a truth holds, to compare exports with.
#pragma once

#include <string>
#include <vector>

#include "engine/sim/truth.h"
#include "store/base/result.h"

namespace bf::tools {

/// `arguments` are EXCHANGE/MARKET/SYMBOL/INTERVAL, FROM and TO. Prints the twelve columns of each row
/// with an open time in [FROM, TO) to stdout, without a header line. With "events" for the interval: time,
/// rate and mark price of each event of funding.
/// Errors: kUsage; kNotFound for a series that the truth does not have; kIo.
[[nodiscard]] Result<void> print_truth_csv(const sim::Truth& truth,
                                           const std::vector<std::string>& arguments);

}  // namespace bf::tools
