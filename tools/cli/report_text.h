// tools/cli/report_text.h
//
// The report of a run or a plan as people read it: a line for each series, then what failed and why,
// then what to do next.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/backfill/report.h"

namespace bf::cli {

[[nodiscard]] std::string run_text(const backfill::RunReport& report);
[[nodiscard]] std::string plan_text(const backfill::RunReport& report);

/// The earliest instant at which another run can do more: the end of a ban, or the next time that a
/// provisional absence is due. 0: there is none.
[[nodiscard]] TimeMs retry_at(const backfill::RunReport& report);

/// Whether a plan holds any request.
[[nodiscard]] bool has_work(const backfill::RunReport& report) noexcept;

}  // namespace bf::cli
