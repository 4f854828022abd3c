#include "store/recovery.h"

#include <algorithm>
#include <cstring>

#include "store/atomic_file.h"
#include "store/base/assert.h"
#include "store/gap_cache.h"
#include "store/segment.h"
#include "store/snapshot.h"

namespace bf::store {
namespace {

Error with_repair(const std::string& path, std::string_view what) {
  return Error(Code::kCorrupt,
               path + ": " + std::string(what) + "; see `bf-verify scrub --repair`");
}

/// Makes every directory on the way to the series. Each is synced in its parent: without that, a
/// power loss can take the series with all that was acknowledged in it.
Result<void> make_directories(const SeriesHome& home, const std::string& path) {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string directory = path.substr(0, end);
    if (!home.synced_directories.contains(directory)) {
      if (const auto made = home.files.make_directory(directory); !made) return made;
      const std::size_t slash = directory.rfind('/');
      const std::string parent = slash == std::string::npos ? "" : directory.substr(0, slash);
      if (const auto synced = home.files.sync_directory(parent); !synced) return synced;
      home.synced_directories.insert(directory);
    }
    if (end == std::string::npos) return {};
  }
}

/// Without a manifest there may be what a killed creation left, and nothing else.
Result<void> check_unfinished(FileSystem& files, const std::string& directory) {
  const Result<std::vector<DirectoryEntry>> entries = files.list(directory);
  if (!entries) return fail(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    bool data = entry.name.ends_with(".seg");
    if (entry.name.ends_with(".log")) {
      const auto log = files.open(join_path(directory, entry.name), FileSystem::Open::kRead);
      if (!log) return fail(log.error());
      const Result<std::uint64_t> size = (*log)->size();
      if (!size) return fail(size.error());
      data = *size != 0;
    }
    if (data) {
      return fail(with_repair(join_path(directory, kManifestName),
                              "is gone although " + entry.name + " stands beside it"));
    }
  }
  return {};
}

Result<OpenedSeries> create_series(const SeriesHome& home, const Series& series) {
  const std::string directory = series.path();
  if (const auto made = make_directories(home, directory); !made) return fail(made.error());
  if (const auto checked = check_unfinished(home.files, directory); !checked) {
    return fail(checked.error());
  }
  Manifest manifest;
  manifest.series_uuid =
      make_uuid(home.store_uuid, directory, home.clock.wall_ms(), home.clock.steady_ns());
  auto log = write_new_file(home.files, join_path(directory, log_name(manifest.log_epoch)), {});
  if (!log) return fail(log.error());
  if (const auto synced = home.files.sync_directory(directory); !synced)
    return fail(synced.error());
  if (const auto replaced = replace_manifest(home.files, series, manifest); !replaced) {
    return fail(replaced.error());
  }
  const LogIdentity identity{manifest.series_uuid, manifest.log_epoch};
  return OpenedSeries{manifest, LogWriter(std::move(*log), identity, {}), GapIndex(series)};
}

/// The gap index of the live segments. With a cache none of them is opened: each is checked at its
/// first use.
Result<GapIndex> fold_segments(FileSystem& files, const Series& series, const Manifest& manifest) {
  if (std::optional<GapIndex> cached = read_gap_cache(files, series, manifest)) {
    return std::move(*cached);
  }
  GapIndex gaps(series);
  std::vector<std::shared_ptr<const Segment>> segments;
  for (const SegmentEntry& entry : manifest.segments) {
    auto segment = Segment::open(files, series, manifest.series_uuid, entry);
    if (!segment && segment.error().code() == Code::kNotFound) {
      return fail(with_repair(series.path(), segment_name(entry.id) + " is lost"));
    }
    if (!segment) return fail(segment.error());
    add_segment(gaps, **segment);
    segments.push_back(std::move(*segment));
  }
  if (const auto sound = check_superseded(segments); !sound) return fail(sound.error());
  return gaps;
}

Result<void> fold_frames(std::span<const std::byte> bytes, std::span<const FoundFrame> frames,
                         OpenedSeries& opened) {
  return decode_frames(bytes, frames, [&opened](const FoundFrame&, AnsweredRows&& page) {
    opened.gaps.add_rows(page.rows.open_time(), page.answer.exchange);
    opened.gaps.add_answer(page.answer);
    opened.log_rows += page.rows.row_count();
    ++opened.log_pages;
  });
}

/// A manifest may be seen and yet not be durable: its writer may have died between rename and sync. A
/// log is proven in part only by writers that had the manifest durable; the frames that recovery
/// copies into a new log prove nothing.
bool shows_durable_manifest(const LogScan& scan) {
  return std::any_of(scan.frames.begin(), scan.frames.end(),
                     [](const FoundFrame& frame) { return frame.header.proven_upto > 0; });
}

/// Keeps a copy of a damaged log, so that no byte of it is lost to the repair.
Result<std::string> quarantine(FileSystem& files, const std::string& directory,
                               const std::string& name, std::span<const std::byte> bytes) {
  const std::string aside = join_path(directory, "quarantine");
  if (const auto made = files.make_directory(aside); !made) return fail(made.error());
  if (const auto synced = files.sync_directory(directory); !synced) return fail(synced.error());
  if (const auto prepared = prepare_file(files, aside, name, bytes); !prepared) {
    return fail(prepared.error());
  }
  if (const auto committed = commit_file(files, aside, name); !committed) {
    return fail(committed.error());
  }
  return join_path(aside, name);
}

/// Behind the last proof the page cache is not believed, and behind a fault nothing is: what survives
/// goes into a new log under a new epoch, and the manifest moves over to it.
Result<void> move_to_new_log(FileSystem& files, const Series& series,
                             std::span<const std::byte> bytes, const LogScan& scan,
                             OpenedSeries& opened) {
  const std::string directory = series.path();
  const std::string old_name = log_name(opened.manifest.log_epoch);
  Manifest next = opened.manifest;
  ++next.generation;
  ++next.log_epoch;
  const LogIdentity identity{next.series_uuid, next.log_epoch};
  LogWriter::Position position;
  position.sequence = next.log_first_sequence;
  Bytes survivors;
  move_frames(bytes, scan.frames, identity, position.sequence, survivors);
  move_frames(bytes, scan.salvaged, identity, position.sequence, survivors);
  position.end = survivors.size();
  position.proven = position.end;
  next.log_proven = position.end;

  auto log = write_new_file(files, join_path(directory, log_name(next.log_epoch)), survivors);
  if (!log) return fail(log.error());
  if (const auto synced = files.sync_directory(directory); !synced) return synced;
  if (scan.damaged_bytes != 0) {
    Result<std::string> aside = quarantine(files, directory, old_name, bytes);
    if (!aside) return fail(aside.error());
    opened.report.quarantine = std::move(*aside);
  }
  if (const auto replaced = replace_manifest(files, series, next); !replaced) return replaced;
  opened.manifest = std::move(next);
  opened.log = LogWriter(std::move(*log), identity, position);
  return {};
}

/// Removes our files that the manifest does not name: what killed runs left.
Result<void> remove_strangers(FileSystem& files, const std::string& directory,
                              const Manifest& manifest) {
  std::set<std::string> named = {log_name(manifest.log_epoch)};
  for (const SegmentEntry& entry : manifest.segments) named.insert(segment_name(entry.id));
  const Result<std::vector<DirectoryEntry>> entries = files.list(directory);
  if (!entries) return fail(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    const std::string& name = entry.name;
    const bool ours = name.ends_with(".tmp") || name.ends_with(".seg") || name.ends_with(".log");
    if (entry.is_directory || !ours || named.contains(name)) continue;
    if (const auto removed = remove_if_there(files, join_path(directory, name)); !removed)
      return removed;
  }
  return {};
}

}  // namespace

Result<void> replace_manifest(FileSystem& files, const Series& series, const Manifest& manifest) {
  const std::string directory = series.path();
  const Bytes bytes = encode_manifest(manifest, series);
  const Result<void> prepared = prepare_file(files, directory, kManifestName, bytes);
  if (!prepared) return prepared;
  return commit_file(files, directory, kManifestName);
}

Result<OpenedSeries> open_series(const SeriesHome& home, const Series& series) {
  FileSystem& files = home.files;
  const std::string directory = series.path();
  Result<Manifest> manifest = read_manifest(files, series);
  if (!manifest && manifest.error().code() == Code::kNotFound) return create_series(home, series);
  if (!manifest) return fail(manifest.error());
  Result<GapIndex> gaps = fold_segments(files, series, *manifest);
  if (!gaps) return fail(gaps.error());

  const std::string path = join_path(directory, log_name(manifest->log_epoch));
  auto file = files.open(path, FileSystem::Open::kReadWrite);
  if (!file && file.error().code() == Code::kNotFound) {
    return fail(with_repair(path, "is lost, the manifest names it"));
  }
  if (!file) return fail(file.error());
  const Result<ReadLog> log = read_live_log(**file, path, *manifest);
  if (!log) return fail(log.error());
  const LogScan& scan = log->scan;

  LogWriter::Position position{scan.data_end, scan.data_end, manifest->log_first_sequence};
  for (const FoundFrame& frame : scan.frames) {
    if (frame.end() <= scan.data_end) position.sequence = frame.header.sequence + 1;
  }
  OpenedSeries opened{std::move(*manifest), LogWriter(std::move(*file), log->identity, position),
                      std::move(*gaps)};
  opened.report.torn_bytes = scan.torn_bytes;
  opened.report.damaged_bytes = scan.damaged_bytes;
  opened.report.salvaged_frames = scan.salvaged.size();
  for (const auto& frames : {scan.frames, scan.salvaged}) {
    if (const auto folded = fold_frames(log->bytes, frames, opened); !folded) {
      return fail(folded.error().at(path));
    }
  }
  if (!scan.clean()) {
    const Result<void> moved = move_to_new_log(files, series, log->bytes, scan, opened);
    if (!moved) return fail(moved.error());
  } else if (!shows_durable_manifest(scan)) {
    const Result<void> replaced = replace_manifest(files, series, opened.manifest);
    if (!replaced) return fail(replaced.error());
  }
  if (const auto removed = remove_strangers(files, directory, opened.manifest); !removed) {
    return fail(removed.error());
  }
  return opened;
}

}  // namespace bf::store
