#include "store/store_copy.h"

#include <algorithm>
#include <set>

#include "store/atomic_file.h"
#include "store/gap_cache.h"
#include "store/instrument_ledger.h"
#include "store/log.h"
#include "store/manifest.h"
#include "store/recovery.h"
#include "store/run_history.h"
#include "store/segment.h"
#include "store/series_list.h"
#include "store/store_file.h"

namespace bf::store {
namespace {

constexpr int kCopyTriesMax = 10;

class Copier {
 public:
  Copier(FileSystem& from, FileSystem& to, const LinkFile& link)
      : from_(from), to_(to), link_(link) {}

  Result<StoreCopy> run();

 private:
  Result<void> copy_series(const Series& series);
  Result<void> copy_as(const Series& series, const Manifest& manifest);
  Result<void> copy_segment(const Series& series, const SegmentEntry& entry);
  Result<std::uint64_t> copy_log(const Series& series, const Manifest& manifest);
  Result<void> remove_outdated(const Series& series, const Manifest& manifest);
  Result<void> make_directories(const std::string& path);
  Result<void> copy_root_file(std::string_view name);

  FileSystem& from_;
  FileSystem& to_;
  const LinkFile& link_;
  StoreCopy copy_;
  std::set<std::string> made_;      // directories
  std::set<std::string> segments_;  // paths that are there already, of a try before
};

Result<void> Copier::make_directories(const std::string& path) {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string directory = path.substr(0, end);
    if (made_.insert(directory).second) {
      if (const auto made = to_.make_directory(directory); !made) return made;
      const std::size_t slash = directory.rfind('/');
      const std::string parent = slash == std::string::npos ? "" : directory.substr(0, slash);
      if (const auto synced = to_.sync_directory(parent); !synced) return synced;
    }
    if (end == std::string::npos) return {};
  }
}

/// A segment is durable before a manifest names it, so a second name needs no sync of its bytes.
Result<void> Copier::copy_segment(const Series& series, const SegmentEntry& entry) {
  const std::string path = join_path(series.path(), segment_name(entry.id));
  if (segments_.contains(path)) return {};
  const Result<void> linked = link_(path);
  if (!linked && linked.error().code() != Code::kIo) return linked;
  if (!linked) {
    const Result<void> copied = copy_file(from_, path, to_, path, entry.size);
    if (!copied) return copied;
  }
  ++(linked ? copy_.segments_linked : copy_.segments_copied);
  copy_.bytes += entry.size;
  segments_.insert(path);
  return {};
}

/// Copies what is proven of the log; its length.
Result<std::uint64_t> Copier::copy_log(const Series& series, const Manifest& manifest) {
  const std::string path = join_path(series.path(), log_name(manifest.log_epoch));
  const auto file = from_.open(path, FileSystem::Open::kRead);
  if (!file) return fail(file.error());
  const Result<ReadLog> log = read_live_log(**file, path, manifest);
  if (!log) return fail(log.error());
  const LogScan& scan = log->scan;
  if (scan.damaged_bytes != 0) {
    return fail(Code::kCorrupt, path + ": damaged at byte " + std::to_string(scan.intact_end) +
                                    "; see `bf-verify scrub --repair`");
  }
  std::uint64_t end = 0;
  for (const FoundFrame& frame : scan.frames) {
    const bool counts = frame.header.kind == FrameKind::kRows && frame.end() <= scan.proven;
    if (counts) end = frame.end();
  }
  const auto proven = std::span(log->bytes).first(static_cast<std::size_t>(end));
  const auto written = write_new_file(to_, path, proven);
  if (!written) return fail(written.error());
  copy_.bytes += end;
  return end;
}

/// Segments and logs that a try before took, of a manifest that was replaced meanwhile.
Result<void> Copier::remove_outdated(const Series& series, const Manifest& manifest) {
  std::set<std::string> named = {log_name(manifest.log_epoch)};
  for (const SegmentEntry& entry : manifest.segments) named.insert(segment_name(entry.id));
  const auto entries = to_.list(series.path());
  if (!entries) return fail(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    if (named.contains(entry.name)) continue;
    if (const auto removed = to_.remove(join_path(series.path(), entry.name)); !removed) {
      return removed;
    }
  }
  return {};
}

Result<void> Copier::copy_as(const Series& series, const Manifest& manifest) {
  for (const SegmentEntry& entry : manifest.segments) {
    if (const Result<void> copied = copy_segment(series, entry); !copied) return copied;
  }
  const Result<std::uint64_t> log = copy_log(series, manifest);
  if (!log) return fail(log.error());
  if (const Result<void> removed = remove_outdated(series, manifest); !removed) return removed;
  Manifest copied = manifest;
  copied.log_proven = *log;
  if (const auto gaps = read_gap_cache(from_, series, manifest)) {
    if (const auto written = write_gap_cache(to_, series, copied, *gaps); !written) return written;
  }
  if (const auto synced = to_.sync_directory(series.path()); !synced) return synced;
  return replace_manifest(to_, series, copied);
}

Result<void> Copier::copy_series(const Series& series) {
  if (const Result<void> made = make_directories(series.path()); !made) return made;
  segments_.clear();
  for (int tries = 0; tries < kCopyTriesMax; ++tries) {
    const Result<Manifest> manifest = read_manifest(from_, series);
    if (!manifest) return fail(manifest.error());
    const Result<void> copied = copy_as(series, *manifest);
    if (copied) {
      ++copy_.series;
      return {};
    }
    if (copied.error().code() != Code::kNotFound) return copied;
    const Result<Manifest> again = read_manifest(from_, series);
    if (again && *again == *manifest) {
      return fail(Code::kCorrupt, copied.error().message() +
                                      "; the manifest names it, so it was lost: see `bf-verify "
                                      "scrub --repair`");
    }
  }
  return fail(Code::kLimit, series.name() + ": replaced by its writer " +
                                std::to_string(kCopyTriesMax) + " times while it was copied");
}

/// What a writer has appended meanwhile may be cut in its last line, as after a kill.
Result<void> Copier::copy_root_file(std::string_view name) {
  const std::string path(name);
  const auto file = from_.open(path, FileSystem::Open::kRead);
  if (!file && file.error().code() == Code::kNotFound) return {};
  if (!file) return fail(file.error());
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return fail(size.error());
  return copy_file(from_, path, to_, path, *size);
}

Result<StoreCopy> Copier::run() {
  const Result<Uuid> uuid = read_store_file(from_);
  if (!uuid) return fail(uuid.error());
  const auto all = list_series(from_, SeriesWith::kManifest);
  if (!all) return fail(all.error());
  for (const Series& series : *all) {
    const Result<void> copied = copy_series(series);
    if (!copied) return fail(copied.error());
  }
  for (const std::string_view name :
       {InstrumentLedger::kFileName, RunHistory::kFileName, kRejectedName, kNotFoundName}) {
    if (const Result<void> copied = copy_root_file(name); !copied) return fail(copied.error());
  }
  if (const auto synced = to_.sync_directory(""); !synced) return fail(synced.error());
  const Result<Uuid> written = write_store_file(to_, *uuid);
  if (!written) return fail(written.error());
  return copy_;
}

}  // namespace

Result<StoreCopy> copy_store(FileSystem& from, FileSystem& to, const LinkFile& link) {
  return Copier(from, to, link).run();
}

}  // namespace bf::store
