#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/async/real_loop.h"
#include "engine/async/worker.h"
#include "engine/backfill/diff.h"
#include "engine/backfill/symbols.h"
#include "engine/net/real_transport.h"
#include "tools/bf-verify/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/network_options.h"
#include "tools/cli/run_observer.h"
#include "tools/cli/signals.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::verify {
namespace {

using backfill::DiffReport;
using backfill::DiffTarget;
using backfill::SeriesDiff;
using cli::Exit;
using cli::Json;

constexpr const char* kProgram = "bf-verify";
constexpr std::int64_t kLimitMax = backfill::kListedDifferencesMax;

/// What of the report counts as a difference.
struct Tolerance {
  double ticks = 0;
  double percent = 0;
};

Result<double> parse_tolerance(std::string_view flag, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !std::isfinite(value) || value < 0) {
    return fail(Code::kUsage,
                fmt::format("--{} {}: write a number from 0 on", flag, printable(text)));
  }
  return value;
}

/// The network's part of a run's options. Errors: kUsage.
Result<backfill::RunOptions> options_of(const DiffFlags& flags) {
  backfill::RunOptions options;
  const Result<void> set =
      cli::set_network_options(flags.network, cli::process_environment(), options);
  if (!set) return fail(set.error());
  return options;
}

Result<void> check_against(const std::string& against) {
  if (against.empty()) {
    return fail(Code::kUsage,
                "--against: name what to compare with: rest, archive, or an exchange");
  }
  if (against == "rest" || against == "archive") return {};
  const Result<void> known = cli::check_source_name(against, /*with_market=*/true);
  if (!known) return fail(known.error().at("--against"));
  return {};
}

/// What of `series` is compared. Lifetime: `held` outlives the target.
DiffTarget target_of(const cli::StoreReader& reader, const Series& series,
                     const cli::SpecRange& asked, const store::SeriesSnapshot& held) {
  DiffTarget target;
  target.series = series;
  target.held = &held;
  target.range = cli::looked_at(asked, held.gaps(), reader.life_of(series.instrument),
                                reader.clock().wall_ms(), cli::OpenEnd::kHeld);
  const std::optional<store::InstrumentFacts> facts = reader.ledger().find(series.instrument);
  if (!facts) return target;
  target.canonical = backfill::canonical_name(*facts);
  target.multiplier = facts->multiplier;
  if (!facts->price_tick.empty()) target.tick = backfill::approximately(facts->price_tick);
  return target;
}

bool differs(const SeriesDiff& diff, const Tolerance& tolerance) {
  const backfill::RowDifferences& rows = diff.rows;
  return rows.only_held > 0 || rows.only_other > 0 || rows.ticks_max > tolerance.ticks ||
         rows.percent_max > tolerance.percent;
}

Exit judge(const DiffReport& report, const Tolerance& tolerance, int signal) {
  backfill::RunReport run;
  run.cancelled = report.cancelled;
  run.signal = signal;
  for (const SeriesDiff& diff : report.series) {
    for (const backfill::Failure& failure : diff.failures) run.failures.push_back(failure);
  }
  const Exit exit = backfill::exit_code(run, /*strict=*/false);
  if (exit != Exit::kComplete && exit != Exit::kMissing) return exit;
  const bool any = std::any_of(report.series.begin(), report.series.end(),
                               [&](const SeriesDiff& diff) { return differs(diff, tolerance); });
  return any ? Exit::kQuality : exit;
}

std::string amount_text(const backfill::ValueDifference& difference) {
  if (difference.held.empty()) return "not held";
  if (difference.other.empty()) return "held alone";
  const bool price = difference.column <= Column::kClose;
  return price ? fmt::format("{:.6g} ticks", difference.amount)
               : fmt::format("{:.4g} %", difference.amount);
}

std::string diff_text(const DiffReport& report, std::size_t limit) {
  cli::TextTable table({"series", "against", "compared", "equal", "prices", "most ticks", "volumes",
                        "most %", "held alone", "not held"});
  cli::TextTable list({"series", "open time", "column", "held", "other", "difference"});
  for (const SeriesDiff& diff : report.series) {
    const backfill::RowDifferences& rows = diff.rows;
    table.add({diff.series.name(), diff.other.empty() ? "-" : diff.other,
               cli::format_count(rows.compared), cli::format_count(rows.equal),
               cli::format_count(rows.prices), fmt::format("{:.6g}", rows.ticks_max),
               cli::format_count(rows.volumes), fmt::format("{:.4g}", rows.percent_max),
               cli::format_count(rows.only_held), cli::format_count(rows.only_other)});
    for (std::size_t i = 0; i < std::min(limit, rows.listed.size()); ++i) {
      const backfill::ValueDifference& one = rows.listed[i];
      list.add({diff.series.name(), format_time(one.open_time),
                std::string(column_name(one.column)), one.held.empty() ? "-" : one.held,
                one.other.empty() ? "-" : one.other, amount_text(one)});
    }
  }
  std::string text = table.text();
  if (!list.empty()) text += "\n" + list.text();
  return text;
}

Json diff_json(const SeriesDiff& diff, std::size_t limit) {
  const backfill::RowDifferences& rows = diff.rows;
  Json listed = Json::array();
  for (std::size_t i = 0; i < std::min(limit, rows.listed.size()); ++i) {
    const backfill::ValueDifference& one = rows.listed[i];
    const bool both = !one.held.empty() && !one.other.empty();
    const char* const unit = one.column <= Column::kClose ? "ticks" : "percent";
    listed.push_back(Json{{"open_time", format_time(one.open_time)},
                          {"column", std::string(column_name(one.column))},
                          {"held", one.held.empty() ? Json(nullptr) : Json(one.held)},
                          {"other", one.other.empty() ? Json(nullptr) : Json(one.other)},
                          {unit, both ? Json(one.amount) : Json(nullptr)}});
  }
  Json failures = Json::array();
  for (const backfill::Failure& failure : diff.failures) failures.push_back(failure.message);
  return Json{{"series", diff.series.name()},
              {"against", diff.other},
              {"from", format_time(diff.range.from)},
              {"to", format_time(diff.range.to)},
              {"compared", rows.compared},
              {"equal", rows.equal},
              {"prices_differ", rows.prices},
              {"ticks_max", rows.ticks_max},
              {"volumes_differ", rows.volumes},
              {"percent_max", rows.percent_max},
              {"only_held", rows.only_held},
              {"only_other", rows.only_other},
              {"differences", std::move(listed)},
              {"failures", std::move(failures)}};
}

std::string report_json(const DiffReport& report, const DiffFlags& flags, std::size_t limit,
                        Exit exit) {
  Json list = Json::array();
  for (const SeriesDiff& diff : report.series) list.push_back(diff_json(diff, limit));
  return cli::json_text(Json{{"command", "diff"},
                             {"version", BF_VERSION},
                             {"store", flags.store},
                             {"against", flags.against},
                             {"exit", static_cast<int>(exit)},
                             {"requests", report.requests},
                             {"series", std::move(list)}});
}

/// Asks the sources. Errors: what kept it from beginning.
Result<DiffReport> compare(const DiffFlags& flags, const cli::StoreReader& reader,
                           cli::Narrator& narrator, int& signal) {
  async::RealLoop loop;
  const auto range = cli::parse_range(flags.range, reader.clock().wall_ms());
  if (!range) return fail(range.error());
  const auto selected = reader.select(flags.selection);
  if (!selected) return fail(selected.error());
  Result<backfill::RunOptions> options = options_of(flags);
  if (!options) return fail(options.error());
  net::TlsClientOptions tls;
  tls.ca_file = flags.network.ca_file;
  const auto transport = net::make_real_transport(loop, tls);
  if (!transport) return fail(transport.error());

  std::vector<std::unique_ptr<store::SeriesSnapshot>> held;
  std::vector<DiffTarget> targets;
  for (const Series& series : *selected) {
    auto snapshot = reader.store().read(series);
    if (!snapshot) return fail(snapshot.error());
    DiffTarget target = target_of(reader, series, *range, **snapshot);
    if (target.range.empty()) continue;
    held.push_back(std::move(*snapshot));
    targets.push_back(std::move(target));
  }
  async::CancelSource cancel;
  cli::StopSignals signals(loop, cancel);
  async::ThreadWorker worker(loop);
  cli::RunObserver observer(narrator, loop.clock(), cli::ProgressMode::kNone, /*events=*/false);
  backfill::Services services{loop,    **transport, worker,  worker,
                              nullptr, nullptr,     nullptr, observer};
  DiffReport report = loop.run(backfill::run_diff(services, std::move(*options), flags.against,
                                                  std::move(targets), cancel.token()));
  signal = signals.signal();
  return report;
}

Result<Exit> work(const DiffFlags& flags, cli::Narrator& narrator) {
  const Result<void> known = check_against(flags.against);
  if (!known) return fail(known.error());
  const Result<double> ticks = parse_tolerance("tolerance-ticks", flags.tolerance_ticks);
  if (!ticks) return fail(ticks.error());
  const Result<double> percent = parse_tolerance("tolerance-percent", flags.tolerance_percent);
  if (!percent) return fail(percent.error());
  std::size_t limit = 0;
  if (flags.limit != "0") {
    const auto parsed = cli::parse_positive("limit", flags.limit, kLimitMax);
    if (!parsed) return fail(parsed.error());
    limit = static_cast<std::size_t>(*parsed);
  }
  const auto reader = cli::StoreReader::open(flags.store);
  if (!reader) return fail(reader.error());
  narrator.note("store " + flags.store);
  int signal = 0;
  const Result<DiffReport> report = compare(flags, **reader, narrator, signal);
  if (!report) return fail(report.error());
  for (const SeriesDiff& diff : report->series) {
    for (const backfill::Failure& failure : diff.failures) {
      narrator.error(diff.series.name() + ": " + failure.message);
    }
  }
  const Exit exit = judge(*report, Tolerance{*ticks, *percent}, signal);
  const Result<void> printed = cli::write_stdout(
      flags.output.json ? report_json(*report, flags, limit, exit) : diff_text(*report, limit));
  if (!printed) return fail(printed.error());
  return exit;
}

}  // namespace

Exit diff(const DiffFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::verify
