#include "store/scrub.h"

#include <algorithm>

#include "store/atomic_file.h"
#include "store/instrument_ledger.h"
#include "store/quarantine.h"
#include "store/run_history.h"
#include "store/series_list.h"
#include "store/store_file.h"

namespace bf::store {
namespace {

Result<void> scrub_store_file(FileSystem& files, RootScrub& scrub) {
  const Result<Uuid> uuid = read_store_file(files);
  if (uuid) return {};
  if (uuid.error().code() == Code::kNotFound) {
    const auto series = list_series(files, SeriesWith::kAnyOfOurs);
    if (!series) return fail(series.error());
    if (series->empty()) return fail(uuid.error());
    scrub.findings.push_back({std::string(kStoreName), "is lost; no data is lost", {}, true});
  } else if (store_file_is_of_another_version(files) || uuid.error().code() == Code::kIo) {
    return fail(uuid.error());
  } else {
    scrub.findings.push_back({std::string(kStoreName), "is damaged; no data is lost", {}, true});
  }
  scrub.store_file_damaged = true;
  return {};
}

/// Finds damage in a file of records. `Records` is InstrumentLedger or RunHistory.
template <class Records>
Result<void> scrub_records(FileSystem& files, std::string_view consequence, bool& damaged,
                           RootScrub& scrub) {
  const Result<Records> records = Records::open(files);
  std::string what;
  if (!records && records.error().code() == Code::kIo) return fail(records.error());
  if (!records && !Records::first_line_is_damaged(files)) return fail(records.error());
  if (!records) {
    what = "its first line is damaged";
  } else if (records->damaged_lines() > 0) {
    what = std::to_string(records->damaged_lines()) + " of its lines are damaged";
  } else {
    return {};
  }
  damaged = true;
  scrub.findings.push_back(
      {std::string(Records::kFileName), what + "; " + std::string(consequence), {}, true});
  return {};
}

Result<void> look_for_strangers(FileSystem& files, RootScrub& scrub) {
  constexpr std::string_view kKnown[] = {
      kStoreName,    kLockName, InstrumentLedger::kFileName, RunHistory::kFileName, kRejectedName,
      kNotFoundName, "RESERVE"};
  const auto entries = files.list("");
  if (!entries) return fail(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    if (entry.is_directory) continue;
    if (std::find(std::begin(kKnown), std::end(kKnown), entry.name) != std::end(kKnown)) continue;
    scrub.notes.push_back({entry.name, "not a file of a store", {}, true});
  }
  return {};
}

Result<void> keep_aside(FileSystem& files, std::string_view name, RootScrub& scrub) {
  Result<std::string> path = quarantine_file(files, "", std::string(name));
  // What is lost cannot be kept.
  if (!path && path.error().code() == Code::kNotFound) return {};
  if (!path) return fail(path.error());
  scrub.quarantined.push_back(std::move(*path));
  return {};
}

/// Keeps the file aside and saves the lines that check.
template <class Records>
Result<void> repair_records(FileSystem& files, RootScrub& scrub) {
  if (const auto kept = keep_aside(files, Records::kFileName, scrub); !kept) return kept;
  return Records::drop_damaged_lines(files);
}

}  // namespace

Result<RootScrub> scrub_root(FileSystem& files) {
  RootScrub scrub;
  if (const Result<void> read = scrub_store_file(files, scrub); !read) return fail(read.error());
  const Result<void> ledger = scrub_records<InstrumentLedger>(
      files, "no candle is lost, and a run records instruments again", scrub.ledger_damaged, scrub);
  if (!ledger) return fail(ledger.error());
  const Result<void> runs = scrub_records<RunHistory>(
      files, "no candle is lost, only what was said of runs", scrub.runs_damaged, scrub);
  if (!runs) return fail(runs.error());
  if (const Result<void> read = look_for_strangers(files, scrub); !read) return fail(read.error());
  return scrub;
}

Result<RootScrub> repair_root(FileSystem& files, const Clock& clock) {
  Result<RootScrub> scrub = scrub_root(files);
  if (!scrub) return scrub;
  if (scrub->store_file_damaged) {
    if (const auto kept = keep_aside(files, kStoreName, *scrub); !kept) return fail(kept.error());
    const Result<Uuid> written =
        write_store_file(files, make_uuid(Uuid{}, "repair", clock.wall_ms(), clock.steady_ns()));
    if (!written) return fail(written.error());
  }
  if (scrub->ledger_damaged) {
    const auto kept = repair_records<InstrumentLedger>(files, *scrub);
    if (!kept) return fail(kept.error());
  }
  if (scrub->runs_damaged) {
    const auto kept = repair_records<RunHistory>(files, *scrub);
    if (!kept) return fail(kept.error());
  }
  return scrub;
}

}  // namespace bf::store
