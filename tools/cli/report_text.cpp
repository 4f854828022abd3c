#include "tools/cli/report_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/cli/output.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

using backfill::Failure;
using backfill::RunReport;
using backfill::SeriesReport;

struct Totals {
  store::SlotCounts slots;   ///< of series with an interval
  store::SlotCounts events;  ///< of those without: events held, else milliseconds
  TimeMs next_due = 0;
  SlotTotal provisional;
  SlotTotal missing;
  SlotTotal not_listed;
  SlotTotal not_served;
  std::int64_t rejected = 0;
  std::int64_t conflicts = 0;
};

Totals totals_of(const RunReport& report) {
  Totals totals;
  for (const SeriesReport& series : report.series) {
    const Interval interval = series.series.interval;
    store::SlotCounts& counts = series.series.is_events() ? totals.events : totals.slots;
    counts.held += series.slots.held;
    counts.absent_confirmed += series.slots.absent_confirmed;
    counts.absent_provisional += series.slots.absent_provisional;
    counts.missing += series.slots.missing;
    const TimeMs due = series.slots.next_due;
    if (due != 0 && (totals.next_due == 0 || due < totals.next_due)) totals.next_due = due;
    totals.provisional.add(interval, series.slots.absent_provisional);
    totals.missing.add(interval, series.slots.missing);
    totals.not_listed.add(interval, series.not_listed);
    totals.not_served.add(interval, series.not_served);
    totals.rejected += series.rows_rejected;
    totals.conflicts += series.conflicts;
  }
  return totals;
}

std::string range_text(TimeRange range) {
  return range.empty() ? std::string("nothing") : format_range(range);
}

std::string series_table(const RunReport& report) {
  TextTable table({"series", "wanted", "held", "absent", "provisional", "missing", "new"});
  for (const SeriesReport& series : report.series) {
    const Interval interval = series.series.interval;
    table.add({one_line(series.series.name()), range_text(series.wanted),
               format_count(series.slots.held),
               format_slots(interval, series.slots.absent_confirmed),
               format_slots(interval, series.slots.absent_provisional),
               format_slots(interval, series.slots.missing), format_count(series.rows_stored)});
  }
  return table.empty() ? std::string() : table.text() + "\n";
}

void append_failures(std::string& out, const std::string& who,
                     const std::vector<Failure>& failures) {
  for (const Failure& failure : failures) {
    out += who.empty() ? "failed: " : fmt::format("failed: {}: ", one_line(who));
    out += one_line(failure.message);
    if (failure.count > 1) out += fmt::format(" ({} times)", format_count(failure.count));
    if (failure.retry_at != 0) out += "; try again after " + format_time(failure.retry_at);
    out.push_back('\n');
  }
}

std::string all_failures(const RunReport& report) {
  std::string out;
  append_failures(out, "", report.failures);
  for (const SeriesReport& series : report.series) {
    append_failures(out, series.series.name(), series.failures);
  }
  return out;
}

/// What the rows of the report are.
std::string_view row_noun(const RunReport& report) {
  const auto events = std::count_if(report.series.begin(), report.series.end(),
                                    [](const auto& series) { return series.series.is_events(); });
  if (events == 0) return "candle";
  return static_cast<std::size_t>(events) == report.series.size() ? "event" : "row";
}

void append_sources(std::string& out, const RunReport& report) {
  for (const backfill::SourceRows& source : backfill::rows_by_source(report)) {
    out +=
        fmt::format("from {}: {}\n", source.source, format_counted(source.rows, row_noun(report)));
  }
}

void append_provisional(std::string& out, const Totals& totals) {
  if (!totals.provisional.any()) return;
  out += fmt::format("{} absent provisionally, due to be asked again from {}\n",
                     totals.provisional.text(), format_time(totals.next_due));
}

void append_hints(std::string& out, const RunReport& report, const Totals& totals) {
  if (totals.not_listed.any()) {
    out += fmt::format("{} of the asked range lie before a listing or after a delisting\n",
                       totals.not_listed.text());
  }
  if (totals.not_served.any()) {
    out += fmt::format("{} of the asked range are older than what the exchange still serves\n",
                       totals.not_served.text());
  }
  if (totals.rejected > 0) {
    out += fmt::format("{} refused as contradicting themselves; -v shows each\n",
                       format_counted(totals.rejected, "row"));
  }
  if (totals.conflicts > 0) {
    out += fmt::format("{} differ from what was held; bf-verify check shows them\n",
                       format_counted(totals.conflicts, "row"));
  }
  append_provisional(out, totals);
  if (report.cancelled) {
    out += "stopped by a signal; what was stored is kept: the same command goes on from here\n";
  } else if (totals.missing.any()) {
    out += fmt::format("{} missing: the same command asks for them again\n", totals.missing.text());
  }
}

std::string slots_line(const store::SlotCounts& slots) {
  const std::int64_t known = slots.held + slots.absent_confirmed + slots.absent_provisional;
  return fmt::format("{} of {} known ({}): {} held, {} absent, {} missing\n", format_count(known),
                     format_counted(slots.wanted(), "slot"), format_share(known, slots.wanted()),
                     format_count(slots.held),
                     format_count(slots.absent_confirmed + slots.absent_provisional),
                     format_count(slots.missing));
}

std::string events_line(const store::SlotCounts& events) {
  const DurationMs known =
      events.held + events.absent_confirmed + events.absent_provisional;  // an event is 1 ms
  const auto time = [](DurationMs ms) { return format_slots(Interval::kEvents, ms); };
  return fmt::format("{} of {} of events known ({}): {} held, {} missing\n", time(known),
                     time(events.wanted()), format_share(known, events.wanted()),
                     format_counted(events.held, "event"), time(events.missing));
}

/// What is known of all that was wanted.
std::string known_lines(const Totals& totals) {
  const bool events = totals.events.wanted() > 0;
  std::string lines;
  if (totals.slots.wanted() > 0 || !events) lines += slots_line(totals.slots);
  if (events) lines += events_line(totals.events);
  return lines;
}

}  // namespace

TimeMs retry_at(const RunReport& report) {
  TimeMs earliest = 0;
  const auto take = [&earliest](TimeMs at) {
    if (at != 0 && (earliest == 0 || at < earliest)) earliest = at;
  };
  for (const Failure& failure : report.failures) take(failure.retry_at);
  for (const SeriesReport& series : report.series) {
    take(series.slots.next_due);
    for (const Failure& failure : series.failures) take(failure.retry_at);
  }
  return earliest;
}

bool has_work(const RunReport& report) noexcept {
  return std::any_of(report.planned.begin(), report.planned.end(),
                     [](const plan::SourceTotals& totals) { return totals.requests > 0; });
}

std::string run_text(const RunReport& report) {
  const Totals totals = totals_of(report);
  std::string out = series_table(report) + all_failures(report);
  out += known_lines(totals);
  const double rate = report.wall_seconds > 0
                          ? static_cast<double>(report.candles_stored) / report.wall_seconds
                          : 0;
  out += fmt::format("{} stored in {} ({}), {}, {} received, {} x 429\n",
                     format_counted(report.candles_stored, row_noun(report)),
                     format_seconds(report.wall_seconds), format_rate(rate),
                     format_counted(report.requests, "request"), format_bytes(report.bytes_in),
                     report.limited);
  append_sources(out, report);
  append_hints(out, report, totals);
  return out;
}

std::string plan_text(const RunReport& report) {
  const Totals totals = totals_of(report);
  std::string out = series_table(report) + all_failures(report);
  TextTable table({"source", "requests", "weight", "candles", "bytes", "time"});
  for (const plan::SourceTotals& source : report.planned) {
    table.add({source.source, format_count(source.requests), format_count(source.weight),
               format_count(source.candles), format_bytes(source.bytes),
               source.seconds == 0 ? "-" : format_seconds(static_cast<double>(source.seconds))});
  }
  if (has_work(report)) {
    out += table.text();
  } else if (totals.missing.any()) {
    out += "no source that was asked for has what is missing\n";
  } else {
    out += "nothing to fetch\n";
  }
  out += known_lines(totals);
  append_provisional(out, totals);
  return out;
}

}  // namespace bf::cli
