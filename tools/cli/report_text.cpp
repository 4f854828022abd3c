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
  store::SlotCounts slots;
  std::int64_t not_listed = 0;
  std::int64_t not_served = 0;
  std::int64_t rejected = 0;
  std::int64_t conflicts = 0;
};

Totals totals_of(const RunReport& report) {
  Totals totals;
  for (const SeriesReport& series : report.series) {
    totals.slots.held += series.slots.held;
    totals.slots.absent_confirmed += series.slots.absent_confirmed;
    totals.slots.absent_provisional += series.slots.absent_provisional;
    totals.slots.missing += series.slots.missing;
    const TimeMs due = series.slots.next_due;
    if (due != 0 && (totals.slots.next_due == 0 || due < totals.slots.next_due)) {
      totals.slots.next_due = due;
    }
    totals.not_listed += series.not_listed;
    totals.not_served += series.not_served;
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
    table.add({one_line(series.series.name()), range_text(series.wanted),
               format_count(series.slots.held), format_count(series.slots.absent_confirmed),
               format_count(series.slots.absent_provisional), format_count(series.slots.missing),
               format_count(series.rows_stored)});
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

void append_sources(std::string& out, const RunReport& report) {
  for (const backfill::SourceRows& source : backfill::rows_by_source(report)) {
    out += fmt::format("from {}: {}\n", source.source, format_counted(source.rows, "candle"));
  }
}

void append_hints(std::string& out, const RunReport& report, const Totals& totals) {
  if (totals.not_listed > 0) {
    out += fmt::format("{} of the asked range lie before a listing or after a delisting\n",
                       format_counted(totals.not_listed, "slot"));
  }
  if (totals.not_served > 0) {
    out += fmt::format("{} of the asked range are older than what the exchange still serves\n",
                       format_counted(totals.not_served, "slot"));
  }
  if (totals.rejected > 0) {
    out += fmt::format("{} refused as contradicting themselves; -v shows each\n",
                       format_counted(totals.rejected, "row"));
  }
  if (totals.conflicts > 0) {
    out += fmt::format("{} differ from what was held; bf-verify check shows them\n",
                       format_counted(totals.conflicts, "row"));
  }
  if (totals.slots.absent_provisional > 0) {
    out += fmt::format("{} absent provisionally, due to be asked again from {}\n",
                       format_counted(totals.slots.absent_provisional, "slot"),
                       format_time(totals.slots.next_due));
  }
  if (report.cancelled) {
    out += "stopped by a signal; what was stored is kept: the same command goes on from here\n";
  } else if (totals.slots.missing > 0) {
    out += fmt::format("{} missing: the same command asks for them again\n",
                       format_counted(totals.slots.missing, "slot"));
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
  out += slots_line(totals.slots);
  const double rate = report.wall_seconds > 0
                          ? static_cast<double>(report.candles_stored) / report.wall_seconds
                          : 0;
  out += fmt::format("{} stored in {} ({}), {}, {} received, {} x 429\n",
                     format_counted(report.candles_stored, "candle"),
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
  } else if (totals.slots.missing > 0) {
    out += "no source that was asked for has what is missing\n";
  } else {
    out += "nothing to fetch\n";
  }
  out += slots_line(totals.slots);
  if (totals.slots.absent_provisional > 0) {
    out += fmt::format("{} absent provisionally, due to be asked again from {}\n",
                       format_counted(totals.slots.absent_provisional, "slot"),
                       format_time(totals.slots.next_due));
  }
  return out;
}

}  // namespace bf::cli
