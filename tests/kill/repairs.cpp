#include "tests/kill/repairs.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "store/repair.h"
#include "store/scrub.h"
#include "store/store_file.h"

namespace bf::store::crash {
namespace {

/// Commits in one frame when what was lost is fetched again.
constexpr std::size_t kGroup = 3;

void flip_byte(const std::string& path, double share) {
  std::FILE* const file = std::fopen(path.c_str(), "r+b");
  if (file == nullptr) return;
  const auto size = static_cast<double>(std::filesystem::file_size(path));
  const auto offset = static_cast<long>(size * share);
  std::fseek(file, offset, SEEK_SET);
  const int byte = std::fgetc(file);
  std::fseek(file, offset, SEEK_SET);
  std::fputc(byte ^ 0x10, file);
  std::fclose(file);
}

/// The largest file in the series' directory whose name ends so.
std::string largest(const std::string& directory, const std::string& ending) {
  std::string found;
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string path = entry.path();
    if (!path.ends_with(ending) || entry.file_size() <= size) continue;
    found = path;
    size = entry.file_size();
  }
  return found;
}

bool is_whole(const GapIndex& gaps, const AnsweredRows& commit) {
  const SlotCounts slots = gaps.count(commit.answer.asked);
  return slots.held == static_cast<std::int64_t>(commit.rows.row_count()) && slots.missing == 0;
}

Result<std::vector<CandleBatch>> scan_rows(const SeriesSnapshot& snapshot) {
  std::vector<CandleBatch> batches;
  const std::unique_ptr<Scan> scan = snapshot.scan({kTimeMin, kTimeMax}, kAllColumns);
  for (ScanBatch batch;;) {
    const Result<bool> more = scan->next(batch);
    if (!more) return fail(more.error());
    if (!*more) return batches;
    batches.push_back(batch.rows);
  }
}

void say(const char* what, std::size_t series, std::size_t commit) {
  std::printf("%s %zu %zu\n", what, series, commit);
  std::fflush(stdout);
}

}  // namespace

void damage_store(const std::string& store, const Oracle& pages) {
  const auto directory = [&](std::size_t i) { return store + "/" + pages.series[i].series.path(); };
  flip_byte(store + "/STORE", 0.3);
  flip_byte(store + "/instruments", 0.5);
  flip_byte(directory(0) + "/MANIFEST", 0.2);
  flip_byte(largest(directory(1), ".seg"), 0.1);
  flip_byte(largest(directory(2), ".log"), 0.3);
}

Finding Repairs::repair_all() {
  const auto lock = files_.lock(kLockName, "repair");
  if (!lock) return "lock: " + lock.error().message();
  if (const auto root = repair_root(files_, clock_); !root) return root.error().message();
  const auto uuid = read_store_file(files_);
  if (!uuid) return uuid.error().message();
  for (const SeriesOracle& series : pages_.series) {
    const auto report = repair_series({files_, clock_, *uuid, synced_directories_}, series.series);
    if (!report) return "repair: " + report.error().message();
    const auto again = examine_series(files_, series.series);
    if (!again) return "examine: " + again.error().message();
    if (!again->findings.empty()) return "not whole: " + again->findings.front().what;
  }
  return {};
}

Finding Repairs::check(const Said& said, StoreOptions::Mode mode) {
  const bool writes = mode == StoreOptions::Mode::kWrite;
  StoreOptions options;
  options.mode = mode;
  const auto store = Store::open(files_, clock_, options);
  if (!store) return store.error().message();
  for (std::size_t i = 0; i < kSeriesCount; ++i) {
    const Series& series = pages_.series[i].series;
    if (writes) {
      const auto writer = (*store)->writer(series);
      if (!writer) return writer.error().message();
      if ((*writer)->recovery().damaged()) return series.name() + ": damaged behind its repair";
    }
    Finding finding = check_one(**store, i, writes ? said.whole[i] : std::set<std::size_t>());
    if (!finding.empty()) return series.name() + ": " + finding;
  }
  return {};
}

Finding Repairs::check_one(const Store& store, std::size_t i,
                           const std::set<std::size_t>& whole) const {
  const auto snapshot = store.read(pages_.series[i].series);
  if (!snapshot) return snapshot.error().message();
  const GapIndex& gaps = (*snapshot)->gaps();
  for (const std::size_t commit : whole) {
    if (!is_whole(gaps, pages_.series[i].commits.at(commit))) {
      return "commit " + std::to_string(commit) + " is lost";
    }
  }
  if (const auto sound = (*snapshot)->verify(); !sound) return sound.error().message();
  // The commits without the rows that are missing.
  SeriesOracle held = pages_.series[i];
  for (AnsweredRows& commit : held.commits) {
    CandleBatch rows;
    rows.columns = commit.rows.columns;
    for (std::size_t row = 0; row < commit.rows.row_count(); ++row) {
      const TimeMs open = commit.rows.open_time()[row];
      const SlotCounts slot = gaps.count({open, advance_slots(held.series.interval, open, 1)});
      if (slot.held == 1) rows.append_row(commit.rows, row);
      if (slot.held + slot.missing != 1) return "a row is said to be absent";
    }
    commit.rows = std::move(rows);
  }
  std::size_t count = 0;
  const auto rows = scan_rows(**snapshot);
  if (!rows) return rows.error().message();
  return held.check_rows(*rows, held.commits.size(), count);
}

Finding Repairs::fetch_again(bool says) {
  StoreOptions options;
  options.mode = StoreOptions::Mode::kWrite;
  const auto store = Store::open(files_, clock_, options);
  if (!store) return store.error().message();
  for (std::size_t i = 0; i < kSeriesCount; ++i) {
    const auto writer = (*store)->writer(pages_.series[i].series);
    if (!writer) return writer.error().message();
    Finding finding = fetch_series(**writer, i, says);
    if (!finding.empty()) return finding;
  }
  return {};
}

Finding Repairs::fetch_series(SeriesWriter& writer, std::size_t i, bool says) {
  const std::vector<AnsweredRows>& commits = pages_.series[i].commits;
  std::vector<std::size_t> missing;
  for (std::size_t commit = 0; commit < commits.size(); ++commit) {
    const bool whole = is_whole(writer.gaps(), commits[commit]);
    if (!whole) missing.push_back(commit);
    if (whole && says) say("kept", i, commit);
  }
  for (std::size_t begin = 0; begin < missing.size(); begin += kGroup) {
    const std::size_t end = std::min(begin + kGroup, missing.size());
    std::vector<AnsweredRows> pages;
    for (std::size_t at = begin; at < end; ++at) pages.push_back(commits[missing[at]]);
    if (const auto done = writer.append(pages); !done) return done.error().message();
    if (const auto done = writer.sync(); !done) return done.error().message();
    for (std::size_t at = begin; at < end && says; ++at) say("whole", i, missing[at]);
  }
  if (const auto done = writer.compact(); !done) return done.error().message();
  if (const auto done = writer.close(); !done) return done.error().message();
  return {};
}

}  // namespace bf::store::crash
