#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tools/bf-verify/commands.h"
#include "tools/cli/candle_checks.h"
#include "tools/cli/json.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::verify {
namespace {

using cli::Exit;
using cli::Finding;
using cli::Json;
using cli::Severity;

constexpr const char* kProgram = "bf-verify";

struct SeriesCheck {
  Series series;
  TimeRange range;  ///< that `slots` counts
  store::SlotCounts slots;
  std::int64_t rows = 0;
  std::vector<Finding> findings;
  std::string damage;  ///< empty when the series is whole
};

std::string source_of(const store::Answer& answer) {
  return fmt::format("{} {}", answer.exchange, store::channel_name(answer.channel));
}

/// Rows of one slot that differ: which one stands was decided, that they differ stays worth knowing.
void add_conflicts(const std::vector<store::Conflict>& conflicts, std::vector<Finding>& findings) {
  if (conflicts.empty()) return;
  const store::Conflict& first = conflicts.front();
  Finding finding;
  finding.severity = Severity::kWarning;
  finding.check = "conflict";
  finding.count = static_cast<std::int64_t>(conflicts.size());
  finding.first = first.open_time;
  finding.example = fmt::format("{} has {}, {} has {}", source_of(first.winner),
                                first.winner_values, source_of(first.loser), first.loser_values);
  findings.push_back(std::move(finding));
}

Result<void> check_rows(const store::SeriesSnapshot& snapshot, cli::CandleChecker& checker) {
  const auto scan = snapshot.scan({kTimeMin, kTimeMax}, kAllColumns);
  store::ScanBatch batch;
  for (;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) return {};
    checker.check(batch.rows);
  }
}

/// Errors: what is damaged.
Result<void> check_series(const cli::StoreReader& reader, SeriesCheck& check) {
  const auto snapshot = reader.store().read(check.series);
  if (!snapshot) return fail(snapshot.error());
  const store::GapIndex& gaps = (*snapshot)->gaps();
  check.range = cli::looked_at(cli::SpecRange{}, gaps, reader.life_of(check.series.instrument),
                               reader.clock().wall_ms(), cli::OpenEnd::kHeld);
  if (!check.range.empty()) check.slots = gaps.count(check.range);
  const Result<void> whole = (*snapshot)->verify();
  if (!whole) return whole;

  cli::CandleChecker checker(check.series.interval);
  const Result<void> rows = check_rows(**snapshot, checker);
  if (!rows) return rows;
  check.rows = checker.rows();
  check.findings = checker.findings();
  const auto conflicts = (*snapshot)->conflicts();
  if (!conflicts) return fail(conflicts.error());
  add_conflicts(*conflicts, check.findings);
  return {};
}

struct Summary {
  std::array<std::int64_t, 3> findings{};  ///< by severity
  std::int64_t rows = 0;
  std::int64_t damaged = 0;
};

Summary summarise(const std::vector<SeriesCheck>& all) {
  Summary summary;
  for (const SeriesCheck& check : all) {
    summary.rows += check.rows;
    if (!check.damage.empty()) ++summary.damaged;
    for (const Finding& finding : check.findings) {
      summary.findings[static_cast<std::size_t>(finding.severity)] += finding.count;
    }
  }
  return summary;
}

Exit judge(const std::vector<SeriesCheck>& all, Severity fail_on) {
  const Summary summary = summarise(all);
  if (summary.damaged > 0) return Exit::kStorage;
  for (auto level = static_cast<std::size_t>(fail_on); level < summary.findings.size(); ++level) {
    if (summary.findings[level] > 0) return Exit::kQuality;
  }
  return Exit::kComplete;
}

std::string check_text(const std::vector<SeriesCheck>& all) {
  cli::TextTable table({"series", "rows", "absent", "provisional", "missing", "result"});
  std::string details;
  for (const SeriesCheck& check : all) {
    const std::string name = printable(check.series.name());
    std::string result = "ok";
    if (!check.findings.empty()) {
      result = cli::format_counted(static_cast<std::int64_t>(check.findings.size()), "finding");
    }
    if (!check.damage.empty()) result = "DAMAGED";
    const Interval interval = check.series.interval;
    table.add({name, cli::format_count(check.rows),
               cli::format_slots(interval, check.slots.absent_confirmed),
               cli::format_slots(interval, check.slots.absent_provisional),
               cli::format_slots(interval, check.slots.missing), result});
    for (const Finding& finding : check.findings) {
      details += fmt::format("{}: {}: {}: {}, first {}: {}\n", cli::severity_name(finding.severity),
                             name, finding.check, cli::format_counted(finding.count, "row"),
                             format_time(finding.first), finding.example);
    }
  }
  const Summary summary = summarise(all);
  std::string out = all.empty() ? std::string("the store holds no series\n") : table.text();
  out += details;
  return out + fmt::format("{} series, {} read: {} damaged; {} errors, {} warnings, {} notes\n",
                           cli::format_count(static_cast<std::int64_t>(all.size())),
                           cli::format_counted(summary.rows, "row"), summary.damaged,
                           cli::format_count(summary.findings[2]),
                           cli::format_count(summary.findings[1]),
                           cli::format_count(summary.findings[0]));
}

Json check_json(const SeriesCheck& check) {
  Json object = {{"series", check.series.name()},
                 {"rows", check.rows},
                 {"range", cli::range_json(check.range)}};
  object.update(cli::counts_json(check.slots, check.series.interval));
  Json findings = Json::array();
  for (const Finding& finding : check.findings) {
    findings.push_back(Json{{"severity", std::string(cli::severity_name(finding.severity))},
                            {"check", finding.check},
                            {"count", finding.count},
                            {"first", cli::time_json(finding.first)},
                            {"example", finding.example}});
  }
  object["findings"] = std::move(findings);
  object["damage"] = check.damage.empty() ? Json(nullptr) : Json(check.damage);
  return object;
}

std::string report_json(const std::vector<SeriesCheck>& all, const CheckFlags& flags, Exit exit) {
  Json list = Json::array();
  for (const SeriesCheck& check : all) list.push_back(check_json(check));
  const Summary summary = summarise(all);
  return cli::json_text(Json{{"command", "check"},
                             {"version", BF_VERSION},
                             {"store", flags.store},
                             {"exit", static_cast<int>(exit)},
                             {"rows", summary.rows},
                             {"damaged", summary.damaged},
                             {"errors", summary.findings[2]},
                             {"warnings", summary.findings[1]},
                             {"infos", summary.findings[0]},
                             {"series", std::move(list)}});
}

Result<Exit> work(const CheckFlags& flags, cli::Narrator& narrator) {
  const Result<Severity> fail_on = cli::parse_severity(flags.fail_on);
  if (!fail_on) return fail(fail_on.error());
  const auto reader = cli::StoreReader::open(flags.store);
  if (!reader) return fail(reader.error());
  const auto selected = (*reader)->select(flags.selection);
  if (!selected) return fail(selected.error());
  narrator.note("store " + flags.store);
  const std::uint64_t damaged_lines = (*reader)->ledger().damaged_lines();
  if (damaged_lines > 0) {
    narrator.warn(
        fmt::format("{} of the instrument ledger are damaged; a run records them again",
                    cli::format_counted(static_cast<std::int64_t>(damaged_lines), "line")));
  }

  std::vector<SeriesCheck> all;
  for (const Series& series : *selected) {
    SeriesCheck check;
    check.series = series;
    const Result<void> checked = check_series(**reader, check);
    if (!checked) {
      check.damage = checked.error().message();
      narrator.error(series.name() + ": " + check.damage);
    }
    all.push_back(std::move(check));
  }
  const Exit exit = judge(all, *fail_on);
  if (summarise(all).damaged > 0) {
    narrator.note(
        "bf-verify scrub names every damaged file; with --repair it makes the rest whole");
  }
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? report_json(all, flags, exit) : check_text(all));
  if (!printed) return fail(printed.error());
  return exit;
}

}  // namespace

Exit check(const CheckFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::verify
