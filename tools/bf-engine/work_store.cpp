#include "tools/bf-engine/work_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::engine {
namespace {

constexpr const char* kProgram = "bf-engine";

Result<WorkStore> open_parts(const std::string& path, StoreUse use, bool allow_network,
                             const Clock& clock) {
  WorkStore open;
  Result<std::unique_ptr<FileSystem>> files =
      open_file_system(path, /*create=*/use == StoreUse::kMake);
  if (!files && files.error().code() == Code::kNotFound) {
    if (use == StoreUse::kWrite) return fail(cli::no_store(path));
    if (use == StoreUse::kRead) return open;
  }
  if (!files) return fail(files.error());

  store::StoreOptions options;
  const bool read = use == StoreUse::kRead;
  options.mode = read ? store::StoreOptions::Mode::kRead : store::StoreOptions::Mode::kWrite;
  options.holder = kProgram;
  options.allow_network = allow_network;
  auto opened = store::Store::open(**files, clock, options);
  if (!opened && opened.error().code() == Code::kNotFound && read) return open;
  if (!opened) return fail(opened.error());

  Result<store::InstrumentLedger> ledger = store::InstrumentLedger::open(**files);
  if (!ledger) return fail(ledger.error());
  open.files = std::move(*files);
  open.store = std::move(*opened);
  open.ledger.emplace(std::move(*ledger));
  return open;
}

/// From the first to the last instant that some series was asked for.
TimeRange whole_range(const backfill::RunReport& report) {
  TimeRange whole{kTimeMax, kTimeMin};
  for (const backfill::SeriesReport& series : report.series) {
    if (series.asked.empty()) continue;
    whole.from = std::min(whole.from, series.asked.from);
    whole.to = std::max(whole.to, series.asked.to);
  }
  return whole.empty() ? TimeRange{} : whole;
}

}  // namespace

Result<WorkStore> open_work_store(const std::string& path, StoreUse use, bool allow_network,
                                  const Clock& clock) {
  Result<WorkStore> open = open_parts(path, use, allow_network, clock);
  if (open || open.error().code() == Code::kUsage) return open;
  return fail(open.error().at("cannot open the store " + printable(path)));
}

store::RunRecord record_of(const backfill::RunReport& report, const cli::ReportFrame& frame,
                           std::string selection, TimeMs began) {
  store::RunRecord run;
  run.began = began;
  run.command = frame.command;
  run.selection = std::move(selection);
  run.range = whole_range(report);
  run.series = static_cast<std::int64_t>(report.series.size());
  run.candles = report.candles_stored;
  run.requests = report.requests;
  run.milliseconds = static_cast<std::int64_t>(report.wall_seconds * 1'000);
  run.exit_code = static_cast<int>(frame.exit);
  for (const auto& [code, text] : frame.reasons) {
    run.reasons.emplace_back(static_cast<int>(code), text);
  }
  return run;
}

std::string selection_text(const backfill::RunOptions& options) {
  if (options.selections.empty()) return "nothing";
  std::vector<std::string> parts;
  bool held = false;
  for (const backfill::Selection& selection : options.selections) {
    std::string what = selection.all ? "all" : cli::join(selection.symbols, ",");
    held = held || !selection.held.empty();
    parts.push_back(fmt::format("{}/{} {}", selection.exchange, selection.market, what));
  }
  // What is held has kinds and intervals of its own.
  if (!held) {
    parts.push_back(fmt::format("{} {}", kind_name(options.kind), interval_name(options.interval)));
  }
  return cli::join(parts, ", ");
}

void record_run(FileSystem& files, store::RunRecord run, cli::Narrator& narrator) {
  Result<store::RunHistory> history = store::RunHistory::open(files);
  Result<void> recorded;
  if (history) {
    recorded = history->record(std::move(run));
  } else {
    recorded = fail(history.error());
  }
  if (recorded) return;
  narrator.warn("the run is not in the store's history: " + recorded.error().message());
}

}  // namespace bf::engine
