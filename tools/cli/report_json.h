// tools/cli/report_json.h
//
// The report of a run or a plan as one JSON object, and its events as lines (NDJSON).
//
//   {"command", "version", "store", "exit", "reasons": [{"code", "text"}],
//    "seconds", "requests", "candles_stored", "bytes_in", "limited", "bans", "stopped_by", "retry_at",
//    "planned": [{"source", "requests", "weight", "candles", "bytes", "seconds"}],
//    "failures": [{"code", "message", "count", "retry_at"}],
//    "series": [{"series", "asked": {"from", "to"}, "wanted": {"from", "to"}, "not_listed", "not_served", "held",
//                "absent_confirmed", "absent_provisional", "missing", "next_due", "rows_stored",
//                "rows_rejected", "conflicts", "rows_by_source": {SOURCE: N}, "failures": [...]}]}
//
//   {"event": "planned", "time", "series", "text"}
//   {"event": "progress", "time", "pages_done", "pages_planned", "candles_stored", "series_done",
//    "series_total", "weight_used", "weight_capacity", "limited", "eta_seconds"}
//   {"event": "report", "report": {...}}
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/backfill/run.h"

namespace bf::cli {

struct ReportFrame {
  std::string command;  ///< "run" or "plan"
  std::string store;
  backfill::Exit exit = backfill::Exit::kComplete;
  std::vector<std::pair<backfill::Exit, std::string>> reasons;
};

/// One object, indented, with a line end.
[[nodiscard]] std::string report_json(const backfill::RunReport& report, const ReportFrame& frame);
/// The last event of a run: the report on one line.
[[nodiscard]] std::string report_event(const backfill::RunReport& report, const ReportFrame& frame);
/// One line each, with a line end; `at` is wall ms.
[[nodiscard]] std::string event_line(const backfill::Event& event, TimeMs at);
[[nodiscard]] std::string progress_event(const backfill::Progress& progress, TimeMs at);

/// "range-resolved", "planned", "series-done", "retry", "rejected-row", "paused", "warning".
[[nodiscard]] std::string_view event_name(backfill::Event::Type type) noexcept;

}  // namespace bf::cli
