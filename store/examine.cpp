#include "store/examine.h"

#include <algorithm>
#include <set>
#include <utility>

#include "store/atomic_file.h"
#include "store/gap_cache.h"
#include "store/quarantine.h"
#include "store/remains.h"
#include "store/segment_writer.h"
#include "store/snapshot.h"
#include "store/verify.h"

namespace bf::store {
namespace {

constexpr int kExamineTriesMax = 10;
constexpr std::uint64_t kPieceBytes = 1U << 20;

/// Reads a file from end to end: an unreadable sector is an error here, and a signal where it is mapped.
Result<void> read_through(const File& file, std::uint64_t size) {
  Bytes piece;
  for (std::uint64_t at = 0; at < size; at += kPieceBytes) {
    piece.resize(static_cast<std::size_t>(std::min(size - at, kPieceBytes)));
    if (const Result<void> read = file.pread(piece, at); !read) return read;
  }
  return {};
}

/// Slots from that of `entry`'s first row to that of its last.
RangeSet slots_of(Interval interval, const SegmentEntry& entry) {
  if (entry.rows == 0) return {};
  return RangeSet({slot_begin(interval, entry.first_open), next_slot(interval, entry.last_open)});
}

class Examiner {
 public:
  Examiner(FileSystem& files, const Series& series)
      : files_(files), directory_(series.path()), found_(series) {}

  Result<Examined> run() {
    const Result<Manifest> manifest = read_manifest(files_, found_.series);
    const Result<void> examined = manifest ? examine_named(*manifest) : examine_remains();
    if (!examined) return fail(examined.error());
    if (const Result<void> tallied = tally(); !tallied) return fail(tallied.error());
    if (const Result<void> looked = look_for_strangers(); !looked) return fail(looked.error());
    return std::move(found_);
  }

 private:
  Result<void> examine_named(const Manifest& manifest);
  Result<void> examine_remains();
  Result<void> examine_manifest_file();
  Result<void> examine_segment(const SegmentEntry& entry, bool entry_is_known);
  Result<std::string> judge_segment(ExaminedSegment& segment);
  Result<std::shared_ptr<const Segment>> open_segment(const SegmentEntry& entry);
  void mark_superseded();
  Result<void> examine_log(std::uint32_t epoch);
  Result<void> scan(ExaminedLog& log);
  Result<void> examine_gap_cache();
  Result<RangeSet> held_by_logs() const;
  Result<void> tally();
  Result<void> look_for_strangers();

  [[nodiscard]] std::string path_of(std::string_view name) const {
    return join_path(directory_, name);
  }
  [[nodiscard]] bool manifest_whole() const { return found_.manifest_damage.empty(); }

  FileSystem& files_;
  std::string directory_;
  Examined found_;
};

Result<void> Examiner::examine_named(const Manifest& manifest) {
  found_.manifest = manifest;
  ++found_.files;
  for (const SegmentEntry& entry : manifest.segments) {
    const Result<void> examined = examine_segment(entry, /*entry_is_known=*/true);
    if (!examined) return examined;
  }
  mark_superseded();
  if (const Result<void> log = examine_log(manifest.log_epoch); !log) return log;
  return examine_gap_cache();
}

/// Why there is no manifest to go by. Errors: what must not be repaired.
Result<void> Examiner::examine_manifest_file() {
  const std::string path = path_of(kManifestName);
  const auto file = files_.open(path, FileSystem::Open::kRead);
  found_.manifest_is_there = file.has_value();
  if (!file && file.error().code() != Code::kNotFound) return fail(file.error());
  if (!file) {
    found_.manifest_damage = "is lost";
    return {};
  }
  const Result<Bytes> bytes = read_file(**file, path, kManifestBytesMax);
  if (!bytes) {
    found_.manifest_damage = bytes.error().message();
    return {};
  }
  const Result<Manifest> decoded = decode_manifest(*bytes, found_.series);
  if (decoded) return fail(Code::kLimit, path + ": replaced while it was read");
  // Intact, and refused nevertheless: of another version, or of another series. No disk did that.
  if (manifest_bytes_intact(*bytes)) return fail(decoded.error().at(path));
  found_.manifest_damage = decoded.error().message();
  return {};
}

Result<void> Examiner::examine_remains() {
  if (const Result<void> why = examine_manifest_file(); !why) return why;
  Result<Remains> remains = find_remains(files_, found_.series);
  if (!remains) return fail(remains.error());
  found_.manifest = std::move(remains->manifest);
  for (const FoundSegment& segment : remains->segments) {
    const Result<void> examined = examine_segment(segment.entry, segment.described);
    if (!examined) return examined;
  }
  mark_superseded();
  for (const ExaminedSegment& segment : found_.segments) {
    if (segment.whole) found_.manifest.segments.push_back(segment.entry);
  }
  for (const std::uint32_t epoch : remains->log_epochs) {
    if (const Result<void> log = examine_log(epoch); !log) return log;
  }
  const bool unfinished =
      !found_.manifest_is_there && remains->segments.empty() && remains->log_epochs.empty();
  // A creation that was cut short leaves an empty log, and the next one goes on with it.
  if (unfinished) found_.manifest_damage.clear();
  return {};
}

Result<std::shared_ptr<const Segment>> Examiner::open_segment(const SegmentEntry& entry) {
  return Segment::open(files_, found_.series, found_.manifest.series_uuid, entry);
}

/// What is wrong with the segment; empty when it is whole, and then it is open.
Result<std::string> Examiner::judge_segment(ExaminedSegment& segment) {
  const std::string path = path_of(segment_name(segment.entry.id));
  const auto file = files_.open(path, FileSystem::Open::kRead);
  segment.is_there = file.has_value();
  if (!file && file.error().code() == Code::kNotFound) return std::string("is lost");
  if (!file) return fail(file.error());
  const Result<std::uint64_t> size = (*file)->size();
  if (!size) return fail(size.error());
  ++found_.files;
  found_.bytes += *size;
  if (const Result<void> read = read_through(**file, *size); !read) return read.error().message();

  // All of it could be read just now: what fails from here on for another reason than its bytes (no
  // descriptors, no memory) is no damage, and nothing is kept aside for it.
  const auto opened = open_segment(segment.entry);
  if (!opened) {
    const Code code = opened.error().code();
    if (code != Code::kCorrupt && code != Code::kFormat) return fail(opened.error());
    // Bytes of the header stand before its checksum is looked at: a wrong one may be damage.
    const bool strange = code == Code::kFormat && segment_header_intact(**file, segment.entry.id);
    if (strange) return fail(opened.error());
    return opened.error().message();
  }
  segment.held = (*opened)->held().all;
  segment.held_is_known = true;
  const Result<void> verified = verify_segment(found_.series.interval, **opened);
  if (verified) {
    segment.whole = *opened;
    return std::string();
  }
  if (verified.error().code() != Code::kCorrupt) return fail(verified.error());
  return verified.error().message();
}

Result<void> Examiner::examine_segment(const SegmentEntry& entry, bool entry_is_known) {
  ExaminedSegment segment;
  segment.entry = entry;
  segment.held = slots_of(found_.series.interval, entry);
  segment.held_is_known = entry_is_known;
  Result<std::string> damage = judge_segment(segment);
  if (!damage) return fail(damage.error());
  segment.damage = std::move(*damage);
  found_.segments.push_back(std::move(segment));
  return {};
}

/// A segment whose rows a whole one has taken over. A manifest never names both; without a manifest,
/// both may stand there when a compaction was cut short.
void Examiner::mark_superseded() {
  std::set<std::uint32_t> superseded;
  for (const ExaminedSegment& segment : found_.segments) {
    if (!segment.whole) continue;
    superseded.insert(segment.whole->supersedes().begin(), segment.whole->supersedes().end());
  }
  if (!manifest_whole()) {
    std::erase_if(found_.segments, [&superseded](const ExaminedSegment& segment) {
      return superseded.contains(segment.entry.id);
    });
    return;
  }
  for (ExaminedSegment& segment : found_.segments) {
    if (!segment.whole || !superseded.contains(segment.entry.id)) continue;
    segment.whole = nullptr;
    segment.damage = "was superseded by another segment, and the manifest names both";
  }
}

Result<void> Examiner::scan(ExaminedLog& log) {
  const LogIdentity identity{found_.manifest.series_uuid, log.epoch};
  std::uint64_t first = found_.manifest.log_first_sequence;
  std::uint64_t proven = found_.manifest.log_proven;
  if (!manifest_whole()) {
    // Nobody knows how much was proven: whatever frame is intact counts.
    const Result<FrameHeader> header = read_frame_header(log.bytes, 0, identity);
    first = header ? header->sequence : 1;
    proven = log.bytes.size();
  }
  Result<LogScan> scanned = scan_log(log.bytes, identity, first, proven);
  if (!scanned) return fail(scanned.error().at(path_of(log_name(log.epoch))));
  log.scan = std::move(*scanned);
  if (log.scan.damaged_bytes == 0) return {};
  const bool torn_at_most = log.scan.salvaged.empty() && !log.scan.frames.empty();
  if (!manifest_whole() && torn_at_most) return {};
  log.damage = "damaged at byte " + std::to_string(log.scan.intact_end) + "; " +
               std::to_string(log.scan.salvaged.size()) + " frames behind it are intact";
  return {};
}

Result<void> Examiner::examine_log(std::uint32_t epoch) {
  ExaminedLog log;
  log.epoch = epoch;
  const auto file = files_.open(path_of(log_name(epoch)), FileSystem::Open::kRead);
  log.is_there = file.has_value();
  if (!file && file.error().code() != Code::kNotFound) return fail(file.error());
  if (!file) {
    log.damage = "is lost";
  } else {
    Result<Bytes> bytes = read_log(**file);
    if (bytes) {
      log.bytes = std::move(*bytes);
      if (const Result<void> scanned = scan(log); !scanned) return scanned;
    } else {
      log.damage = bytes.error().message();
    }
    ++found_.files;
    found_.bytes += log.bytes.size();
  }
  found_.logs.push_back(std::move(log));
  return {};
}

Result<void> Examiner::examine_gap_cache() {
  const Result<GapCacheBytes> state = check_gap_cache(files_, found_.series, found_.manifest);
  if (!state) return fail(state.error());
  if (*state == GapCacheBytes::kNone) return {};
  ++found_.files;
  std::string what;
  if (*state == GapCacheBytes::kDamaged) what = "damaged, or torn by a power loss";
  const auto cached = read_gap_cache(files_, found_.series, found_.manifest);
  GapIndex folded(found_.series);
  bool whole = true;
  for (const ExaminedSegment& segment : found_.segments) {
    whole = whole && segment.whole;
    if (segment.whole) add_segment(folded, *segment.whole);
  }
  constexpr TimeRange kAll = {kTimeMin, kTimeMax};
  if (cached && whole && cached->states(kAll) != folded.states(kAll)) {
    what = "it is not what the segments say";
  }
  if (what.empty()) return {};
  found_.gap_cache_damaged = true;
  found_.findings.push_back({path_of(kGapCacheName), what + "; no data is lost", {}, true});
  return {};
}

Result<RangeSet> Examiner::held_by_logs() const {
  RangeSet held;
  for (const ExaminedLog& log : found_.logs) {
    for (const auto* frames : {&log.scan.frames, &log.scan.salvaged}) {
      const Result<void> decoded =
          decode_frames(log.bytes, *frames, [&](const FoundFrame&, AnsweredRows&& page) {
            RangeSet of_page;
            add_slots(found_.series.interval, page.rows.open_time(), of_page);
            held.add(of_page);
          });
      if (!decoded) return fail(decoded.error().at(path_of(log_name(log.epoch))));
    }
  }
  return held;
}

/// What is lost is what damaged files had and no other has.
Result<void> Examiner::tally() {
  Result<RangeSet> left = held_by_logs();
  if (!left) return fail(left.error());
  for (const ExaminedSegment& segment : found_.segments) {
    if (segment.whole) left->add(segment.held);
  }
  if (!manifest_whole()) {
    found_.findings.push_back({path_of(kManifestName), found_.manifest_damage, {}, true});
  }
  for (const ExaminedSegment& segment : found_.segments) {
    if (segment.damage.empty()) continue;
    RangeSet lost = segment.held;
    lost.subtract(*left);
    found_.lost.add(lost);
    found_.findings.push_back({path_of(segment_name(segment.entry.id)), segment.damage,
                               std::move(lost), segment.held_is_known});
  }
  for (const ExaminedLog& log : found_.logs) {
    if (log.damage.empty()) continue;
    found_.findings.push_back({path_of(log_name(log.epoch)), log.damage, {}, false});
  }
  return {};
}

/// Files that the manifest does not name.
Result<void> Examiner::look_for_strangers() {
  std::set<std::string> known = {std::string(kManifestName), std::string(kGapCacheName)};
  for (const ExaminedSegment& segment : found_.segments) {
    known.insert(segment_name(segment.entry.id));
  }
  for (const ExaminedLog& log : found_.logs) known.insert(log_name(log.epoch));
  const auto entries = files_.list(directory_);
  if (!entries) return fail(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    const std::string& name = entry.name;
    if (known.contains(name) || (entry.is_directory && name == kQuarantineName)) continue;
    const bool ours = name.ends_with(".tmp") || name.ends_with(".seg") || name.ends_with(".log");
    found_.notes.push_back({path_of(name),
                            ours ? "no file that is live; the next run that writes removes it"
                                 : "not a file of a store",
                            {},
                            true});
  }
  return {};
}

}  // namespace

Result<Examined> examine_series(FileSystem& files, const Series& series) {
  for (int tries = 0; tries < kExamineTriesMax; ++tries) {
    const Result<Manifest> before = read_manifest(files, series);
    Result<Examined> found = Examiner(files, series).run();
    if (found && found->findings.empty()) return found;
    // A file that is gone or has other bytes may have been replaced by a writer.
    const Result<Manifest> after = read_manifest(files, series);
    const bool same = before.has_value() == after.has_value() && (!before || *before == *after);
    if (same) return found;
  }
  return fail(Code::kLimit, series.name() + ": replaced by its writer " +
                                std::to_string(kExamineTriesMax) +
                                " times while it was examined; try again when it is done");
}

}  // namespace bf::store
