#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "tools/bf-engine/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/program.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using cli::Json;

constexpr const char* kProgram = "bf-engine";

struct SeriesStatus {
  Series series;
  store::SeriesStats stats;
  TimeRange range;  ///< that `slots` counts
  store::SlotCounts slots;
  std::string damage;  ///< why it could not be read; empty when it could
};

SeriesStatus status_of(const cli::StoreReader& reader, const Series& series,
                       const cli::SpecRange& asked) {
  SeriesStatus status;
  status.series = series;
  const auto snapshot = reader.store().read(series);
  if (!snapshot) {
    status.damage = snapshot.error().message();
    return status;
  }
  const store::GapIndex& gaps = (*snapshot)->gaps();
  status.range = cli::looked_at(asked, gaps, reader.life_of(series.instrument),
                                reader.clock().wall_ms(), cli::OpenEnd::kHeld);
  if (!status.range.empty()) status.slots = gaps.count(status.range);
  Result<store::SeriesStats> stats = (*snapshot)->stats();
  if (!stats) {
    status.damage = stats.error().message();
    return status;
  }
  status.stats = std::move(*stats);
  return status;
}

std::int64_t bytes_of(const store::SeriesStats& stats) {
  return static_cast<std::int64_t>(stats.segment_bytes + stats.log_bytes);
}

using RowsBySource = std::vector<std::pair<std::string, std::uint64_t>>;

/// What all series hold together.
struct Totals {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  RowsBySource rows_by_source;  ///< by name
};

Totals totals_of(const std::vector<SeriesStatus>& all) {
  Totals totals;
  std::map<std::string, std::uint64_t> by_name;
  for (const SeriesStatus& status : all) {
    totals.rows += static_cast<std::int64_t>(status.stats.rows);
    totals.bytes += bytes_of(status.stats);
    for (const auto& [source, rows] : status.stats.rows_by_source) by_name[source] += rows;
  }
  totals.rows_by_source.assign(by_name.begin(), by_name.end());
  return totals;
}

std::string sources_text(const RowsBySource& rows_by_source) {
  std::vector<std::string> parts;
  for (const auto& [source, rows] : rows_by_source) {
    parts.push_back(
        fmt::format("{} {}", source, cli::format_count(static_cast<std::int64_t>(rows))));
  }
  return cli::join(parts, ", ");
}

std::string status_text(const std::vector<SeriesStatus>& all) {
  if (all.empty()) return "the store holds no series\n";
  cli::TextTable table({"series", "rows", "first", "last", "absent", "provisional", "missing",
                        "bytes", "a row", "sources"});
  for (const SeriesStatus& status : all) {
    const auto count = static_cast<std::int64_t>(status.stats.rows);
    const std::int64_t size = bytes_of(status.stats);
    const double each = count > 0 ? static_cast<double>(size) / static_cast<double>(count) : 0;
    const Interval interval = status.series.interval;
    table.add({printable(status.series.name()), cli::format_count(count),
               count > 0 ? format_time(status.stats.first_open) : "-",
               count > 0 ? format_time(status.stats.last_open) : "-",
               cli::format_slots(interval, status.slots.absent_confirmed),
               cli::format_slots(interval, status.slots.absent_provisional),
               cli::format_slots(interval, status.slots.missing), cli::format_bytes(size),
               fmt::format("{:.1f}", each), sources_text(status.stats.rows_by_source)});
  }
  const Totals totals = totals_of(all);
  std::string text = table.text();
  text += fmt::format("{} of {}, {}\n", cli::format_counted(totals.rows, "row"),
                      cli::format_count(static_cast<std::int64_t>(all.size())) + " series",
                      cli::format_bytes(totals.bytes));
  if (all.size() > 1 && totals.rows > 0) {
    text += fmt::format("from {}\n", sources_text(totals.rows_by_source));
  }
  return text;
}

Json sources_json(const RowsBySource& rows_by_source) {
  Json object = Json::object();
  for (const auto& [source, rows] : rows_by_source) object[source] = rows;
  return object;
}

Json status_json(const SeriesStatus& status) {
  Json object = {{"series", status.series.name()},
                 {"rows", status.stats.rows},
                 {"first_open", cli::time_json(status.stats.first_open)},
                 {"last_open", cli::time_json(status.stats.last_open)},
                 {"segments", status.stats.segments},
                 {"segment_bytes", status.stats.segment_bytes},
                 {"log_bytes", status.stats.log_bytes},
                 {"range", cli::range_json(status.range)}};
  object.update(cli::counts_json(status.slots, status.series.interval));
  object["rows_by_source"] = sources_json(status.stats.rows_by_source);
  object["damage"] = status.damage.empty() ? Json(nullptr) : Json(status.damage);
  return object;
}

std::string report_json(const std::vector<SeriesStatus>& all, const std::string& store, Exit exit) {
  Json list = Json::array();
  for (const SeriesStatus& status : all) list.push_back(status_json(status));
  const Totals totals = totals_of(all);
  return cli::json_text(Json{{"command", "status"},
                             {"version", BF_VERSION},
                             {"store", store},
                             {"exit", static_cast<int>(exit)},
                             {"rows", totals.rows},
                             {"bytes", totals.bytes},
                             {"rows_by_source", sources_json(totals.rows_by_source)},
                             {"series", std::move(list)}});
}

std::string run_time_text(const store::RunRecord& run) {
  return cli::format_seconds(static_cast<double>(run.milliseconds) / 1'000);
}

/// A line for each run, and below it why it ended as it did.
std::string runs_text(const std::vector<store::RunRecord>& runs) {
  if (runs.empty()) return "nothing was recorded yet\n";
  cli::TextTable table({"began", "command", "exit", "series", "candles", "requests", "time"});
  for (const store::RunRecord& run : runs) {
    table.add({format_time(run.began), run.command, std::to_string(run.exit_code),
               cli::format_count(run.series), cli::format_count(run.candles),
               cli::format_count(run.requests), run_time_text(run)});
  }
  std::string text;
  const std::vector<std::string> lines = cli::split(table.text(), '\n');
  text.append(lines.front()).append("\n");
  for (std::size_t i = 0; i < runs.size(); ++i) {
    text.append(lines[i + 1]).append("\n");
    const std::string range = runs[i].range.empty() ? "" : ", " + format_range(runs[i].range);
    text.append("  ").append(runs[i].selection).append(range).append("\n");
    for (const auto& [code, reason] : runs[i].reasons) {
      text += fmt::format("  {}: {}\n", code, reason);
    }
  }
  return text;
}

Json run_json(const store::RunRecord& run) {
  Json reasons = Json::array();
  for (const auto& [code, text] : run.reasons) {
    reasons.push_back(Json{{"code", code}, {"text", text}});
  }
  return Json{{"began", cli::time_json(run.began)},
              {"command", run.command},
              {"selection", run.selection},
              {"range", run.range.empty() ? Json(nullptr) : cli::range_json(run.range)},
              {"series", run.series},
              {"candles_stored", run.candles},
              {"requests", run.requests},
              {"seconds", static_cast<double>(run.milliseconds) / 1'000},
              {"exit", run.exit_code},
              {"reasons", std::move(reasons)}};
}

/// What was done to the store.
Result<Exit> show_runs(const StatusFlags& flags, const cli::StoreReader& reader,
                       cli::Narrator& narrator) {
  const Result<store::RunHistory> history = reader.runs();
  if (!history) return fail(history.error());
  narrator.note("store " + flags.store);
  if (history->damaged_lines() > 0) {
    narrator.warn(fmt::format(
        "{} of the history are damaged: see bf-verify scrub",
        cli::format_counted(static_cast<std::int64_t>(history->damaged_lines()), "line")));
  }
  Json list = Json::array();
  for (const store::RunRecord& run : history->runs()) list.push_back(run_json(run));
  const Json json = {{"command", "status"},
                     {"version", BF_VERSION},
                     {"store", flags.store},
                     {"runs", std::move(list)}};
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? cli::json_text(json) : runs_text(history->runs()));
  if (!printed) return fail(printed.error());
  return Exit::kComplete;
}

Result<Exit> work(const StatusFlags& flags, cli::Narrator& narrator) {
  const auto reader = cli::StoreReader::open(flags.store);
  if (!reader) return fail(reader.error());
  if (flags.runs) return show_runs(flags, **reader, narrator);
  const auto range = cli::parse_range(flags.range, (*reader)->clock().wall_ms());
  if (!range) return fail(range.error());
  const auto selected = (*reader)->select(flags.selection);
  if (!selected) return fail(selected.error());
  narrator.note("store " + flags.store);

  std::vector<SeriesStatus> all;
  Exit exit = Exit::kComplete;
  for (const Series& series : *selected) {
    all.push_back(status_of(**reader, series, *range));
    if (all.back().damage.empty()) continue;
    exit = Exit::kStorage;
    narrator.error(all.back().damage);
  }
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? report_json(all, flags.store, exit) : status_text(all));
  if (!printed) return fail(printed.error());
  return exit;
}

}  // namespace

Exit status(const StatusFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::engine
