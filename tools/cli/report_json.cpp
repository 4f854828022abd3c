#include "tools/cli/report_json.h"

#include "tools/cli/json.h"
#include "tools/cli/report_text.h"

namespace bf::cli {
namespace {

using backfill::Event;
using backfill::RunReport;
using backfill::SeriesReport;

Json sources_json(const std::vector<backfill::SourceRows>& sources) {
  Json object = Json::object();
  for (const backfill::SourceRows& source : sources) object[source.source] = source.rows;
  return object;
}

Json series_json(const SeriesReport& series) {
  Json object = {{"series", series.series.name()},
                 {"asked", range_json(series.asked)},
                 {"wanted", range_json(series.wanted)},
                 {slots_key("not_listed", series.series.interval), series.not_listed},
                 {slots_key("not_served", series.series.interval), series.not_served}};
  object.update(counts_json(series.slots, series.series.interval));
  object["rows_stored"] = series.rows_stored;
  object["rows_rejected"] = series.rows_rejected;
  object["conflicts"] = series.conflicts;
  object["rows_by_source"] = sources_json(series.rows_by_source);
  object["failures"] = failures_json(series.failures);
  return object;
}

Json planned_json(const std::vector<plan::SourceTotals>& planned) {
  Json list = Json::array();
  for (const plan::SourceTotals& totals : planned) {
    list.push_back(Json{{"source", totals.source},
                        {"requests", totals.requests},
                        {"weight", totals.weight},
                        {"candles", totals.candles},
                        {"bytes", totals.bytes},
                        {"seconds", totals.seconds}});
  }
  return list;
}

Json report_object(const RunReport& report, const ReportFrame& frame) {
  Json object = {{"command", frame.command},
                 {"version", BF_VERSION},
                 {"store", frame.store},
                 {"exit", static_cast<int>(frame.exit)},
                 {"reasons", reasons_json(frame.reasons)},
                 {"seconds", report.wall_seconds},
                 {"requests", report.requests},
                 {"candles_stored", report.candles_stored},
                 {"rows_by_source", sources_json(backfill::rows_by_source(report))},
                 {"bytes_in", report.bytes_in},
                 {"limited", report.limited},
                 {"bans", report.bans},
                 {"stopped_by", nullptr},
                 {"retry_at", time_json(retry_at(report))}};
  if (report.cancelled) object["stopped_by"] = report.signal;
  object["planned"] = planned_json(report.planned);
  object["failures"] = failures_json(report.failures);
  Json series = Json::array();
  for (const SeriesReport& one : report.series) series.push_back(series_json(one));
  object["series"] = std::move(series);
  return object;
}

}  // namespace

std::string report_json(const RunReport& report, const ReportFrame& frame) {
  return json_text(report_object(report, frame));
}

std::string report_event(const RunReport& report, const ReportFrame& frame) {
  return json_line(Json{{"event", "report"}, {"report", report_object(report, frame)}}) + "\n";
}

std::string_view event_name(Event::Type type) noexcept {
  switch (type) {
    case Event::Type::kRangeResolved:
      return "range-resolved";
    case Event::Type::kPlanned:
      return "planned";
    case Event::Type::kSeriesDone:
      return "series-done";
    case Event::Type::kRetry:
      return "retry";
    case Event::Type::kRejectedRow:
      return "rejected-row";
    case Event::Type::kPaused:
      return "paused";
    case Event::Type::kWarning:
      break;
  }
  return "warning";
}

std::string event_line(const Event& event, TimeMs at) {
  return json_line(Json{{"event", std::string(event_name(event.type))},
                        {"time", time_json(at)},
                        {"series", event.series},
                        {"text", event.text}}) +
         "\n";
}

std::string progress_event(const backfill::Progress& progress, TimeMs at) {
  Json object = {{"event", "progress"},
                 {"time", time_json(at)},
                 {"pages_done", progress.pages_done},
                 {"pages_planned", progress.pages_planned},
                 {"candles_stored", progress.candles_stored},
                 {"series_done", progress.series_done},
                 {"series_total", progress.series_total},
                 {"weight_used", progress.weight_used},
                 {"weight_capacity", progress.weight_capacity},
                 {"limited", progress.limited},
                 {"eta_seconds", nullptr}};
  if (progress.eta_seconds >= 0) object["eta_seconds"] = progress.eta_seconds;
  return json_line(object) + "\n";
}

}  // namespace bf::cli
