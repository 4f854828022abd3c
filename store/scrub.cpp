#include "store/scrub.h"

#include <algorithm>

#include "store/atomic_file.h"
#include "store/instrument_ledger.h"
#include "store/quarantine.h"
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

Result<void> scrub_ledger(FileSystem& files, RootScrub& scrub) {
  const Result<InstrumentLedger> ledger = InstrumentLedger::open(files);
  std::string what;
  if (!ledger && ledger.error().code() == Code::kIo) return fail(ledger.error());
  if (!ledger && !InstrumentLedger::first_line_is_damaged(files)) return fail(ledger.error());
  if (!ledger) {
    what = "its first line is damaged";
  } else if (ledger->damaged_lines() > 0) {
    what = std::to_string(ledger->damaged_lines()) + " of its lines are damaged";
  } else {
    return {};
  }
  scrub.ledger_damaged = true;
  scrub.findings.push_back({std::string(InstrumentLedger::kFileName),
                            what + "; no candle is lost, and a run records instruments again",
                            {},
                            true});
  return {};
}

Result<void> look_for_strangers(FileSystem& files, RootScrub& scrub) {
  constexpr std::string_view kKnown[] = {kStoreName, kLockName, InstrumentLedger::kFileName,
                                         kRejectedName, "RESERVE"};
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

}  // namespace

Result<RootScrub> scrub_root(FileSystem& files) {
  RootScrub scrub;
  if (const Result<void> read = scrub_store_file(files, scrub); !read) return fail(read.error());
  if (const Result<void> read = scrub_ledger(files, scrub); !read) return fail(read.error());
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
    const auto kept = keep_aside(files, InstrumentLedger::kFileName, *scrub);
    if (!kept) return fail(kept.error());
    if (const Result<void> kept_lines = InstrumentLedger::drop_damaged_lines(files); !kept_lines) {
      return fail(kept_lines.error());
    }
  }
  return scrub;
}

}  // namespace bf::store
