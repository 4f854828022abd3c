#include "store/repair.h"

#include <algorithm>
#include <utility>

#include "store/answer_cut.h"
#include "store/gap_cache.h"
#include "store/quarantine.h"
#include "store/segment_switch.h"
#include "store/snapshot.h"

namespace bf::store {
namespace {

class Repair {
 public:
  Repair(const SeriesHome& home, Examined& found)
      : home_(home), found_(found), switch_(home.files, found.series, found.manifest) {}

  Result<RepairReport> run();

 private:
  [[nodiscard]] bool rebuilds() const { return !found_.manifest_damage.empty(); }

  Result<void> keep_aside(const std::string& name);
  Result<void> drop_damaged();
  Result<void> cut_answers();
  Result<void> move_log(const ExaminedLog& log, const LogIdentity& to, std::uint64_t& sequence,
                        Bytes& out) const;
  Result<void> renew_log();
  Result<void> prepare();
  void rewrite_gap_cache();
  Result<void> recover_log();

  const SeriesHome& home_;
  Examined& found_;
  SegmentSwitch switch_;
  RepairReport report_;
  bool switches_ = false;  ///< whether another manifest is needed
};

Result<void> Repair::keep_aside(const std::string& name) {
  Result<std::string> path = quarantine_file(home_.files, found_.series.path(), name);
  if (!path) return fail(path.error());
  report_.quarantined.push_back(std::move(*path));
  return {};
}

Result<void> Repair::drop_damaged() {
  for (const ExaminedSegment& segment : found_.segments) {
    if (segment.damage.empty()) continue;
    if (segment.is_there) {
      const Result<void> kept = keep_aside(segment_name(segment.entry.id));
      if (!kept) return kept;
    }
    switch_.drop_segment(segment.entry.id);
    switches_ = true;
  }
  return {};
}

/// Without a manifest nobody knows which segments there were: then no answer speaks for another span
/// than that of its segment.
Result<void> Repair::cut_answers() {
  const Interval interval = found_.series.interval;
  for (const ExaminedSegment& segment : found_.segments) {
    if (!segment.whole) continue;
    const TimeRange bounds =
        rebuilds() ? span_of_segment(interval, *segment.whole) : TimeRange{kTimeMin, kTimeMax};
    const AnswerCut cut(segment.whole->answers(), found_.lost, bounds);
    if (!cut.changed()) continue;
    switches_ = true;
    if (cut.pieces().empty()) {  // it had no rows, and nothing is left of what it was asked for
      switch_.drop_segment(segment.entry.id);
      continue;
    }
    const Result<void> added = switch_.add_segment(with_cut_answers(segment.whole, cut));
    if (!added) return added;
    ++report_.segments_rewritten;
  }
  return {};
}

/// Appends the log's intact frames to `out`. One with a page that was answered for lost slots (another
/// source had the rows) is made anew without them: they would be absent.
Result<void> Repair::move_log(const ExaminedLog& log, const LogIdentity& to,
                              std::uint64_t& sequence, Bytes& out) const {
  FrameEncoder encoder;
  for (const auto* frames : {&log.scan.frames, &log.scan.salvaged}) {
    for (const FoundFrame& frame : *frames) {
      std::vector<AnsweredRows> pieces;
      bool changed = false;
      const Result<void> decoded =
          decode_frames(log.bytes, {&frame, 1}, [&](const FoundFrame&, AnsweredRows&& page) {
            changed = changed || !found_.lost.intersect(page.answer.asked).empty();
            for (AnsweredRows& piece : cut_page(page, found_.lost)) {
              pieces.push_back(std::move(piece));
            }
          });
      if (!decoded) return decoded;
      if (!changed) {
        move_frames(log.bytes, {&frame, 1}, to, sequence, out);
      } else if (!pieces.empty()) {
        const auto encoded = encoder.encode(pieces, to, sequence, 0, out.size(), out);
        if (!encoded) return encoded;
        ++sequence;
      }
    }
  }
  return {};
}

/// Every switch has a log of its own, with all intact frames. None of them carries a proof: so when
/// this process dies before the manifest is durable, the next one knows that it may not be (W5), and
/// makes it so before it removes what the manifest does not name.
Result<void> Repair::renew_log() {
  const bool unreadable =
      std::any_of(found_.logs.begin(), found_.logs.end(),
                  [](const ExaminedLog& log) { return !log.damage.empty() && log.bytes.empty(); });
  if (!switches_ && !rebuilds() && !unreadable) return {};
  switches_ = true;
  const Manifest& next = switch_.next();
  const LogIdentity identity{next.series_uuid, next.log_epoch + 1};
  std::uint64_t sequence = next.log_first_sequence;
  Bytes frames;
  for (const ExaminedLog& log : found_.logs) {
    if (log.is_there && !log.damage.empty()) {
      if (const Result<void> kept = keep_aside(log_name(log.epoch)); !kept) return kept;
    }
    if (const auto moved = move_log(log, identity, sequence, frames); !moved) return moved;
  }
  if (frames.size() > kLogFileBytesMax) {
    return fail(Code::kLimit, found_.series.name() + ": its logs hold more than one log may");
  }
  const auto log = switch_.add_log(next.log_first_sequence, frames);
  if (!log) return fail(log.error());
  return {};
}

/// Nothing that is live changes.
Result<void> Repair::prepare() {
  if (rebuilds() && found_.manifest_is_there) {
    const Result<void> kept = keep_aside(std::string(kManifestName));
    if (!kept) return kept;
  }
  if (const Result<void> dropped = drop_damaged(); !dropped) return dropped;
  if (const Result<void> cut = cut_answers(); !cut) return cut;
  if (const Result<void> log = renew_log(); !log) return log;
  if (!switches_) return {};
  return switch_.prepare();
}

/// The cache is of no consequence: without it the next opening takes longer.
void Repair::rewrite_gap_cache() {
  GapIndex gaps(found_.series);
  const Manifest& manifest = switches_ ? switch_.next() : found_.manifest;
  for (const SegmentEntry& entry : manifest.segments) {
    const auto segment = Segment::open(home_.files, found_.series, manifest.series_uuid, entry);
    if (!segment) return;
    add_segment(gaps, **segment);
  }
  (void)write_gap_cache(home_.files, found_.series, manifest, gaps);
}

Result<void> Repair::recover_log() {
  const bool damaged =
      std::any_of(found_.logs.begin(), found_.logs.end(),
                  [](const ExaminedLog& log) { return !log.damage.empty() && !log.bytes.empty(); });
  if (!damaged || switches_) return {};
  Result<OpenedSeries> opened = open_series(home_, found_.series);
  if (!opened) return fail(opened.error());
  report_.quarantined.push_back(std::move(opened->report.quarantine));
  return {};
}

Result<RepairReport> Repair::run() {
  if (const Result<void> prepared = prepare(); !prepared) {
    switch_.clean_up();
    return fail(prepared.error());
  }
  if (switches_) {
    if (const Result<void> committed = switch_.commit(); !committed) return fail(committed.error());
    switch_.remove_replaced();
  }
  if (switches_ || found_.gap_cache_damaged) rewrite_gap_cache();
  if (const Result<void> recovered = recover_log(); !recovered) return fail(recovered.error());
  report_.manifest_rebuilt = rebuilds();
  return std::move(report_);
}

}  // namespace

Result<RepairReport> repair_series(const SeriesHome& home, const Series& series) {
  Result<Examined> found = examine_series(home.files, series);
  if (!found) return fail(found.error());
  RepairReport report;
  if (!found->findings.empty()) {
    // Without a single intact segment header, and with no manifest, the series gets a new UUID.
    if (found->manifest.series_uuid == Uuid{}) {
      found->manifest.series_uuid =
          make_uuid(home.store_uuid, series.path(), home.clock.wall_ms(), home.clock.steady_ns());
    }
    Result<RepairReport> repaired = Repair(home, *found).run();
    if (!repaired) return repaired;
    report = std::move(*repaired);
  }
  report.findings = std::move(found->findings);
  report.notes = std::move(found->notes);
  report.lost = std::move(found->lost);
  report.files = found->files;
  report.bytes = found->bytes;
  return report;
}

}  // namespace bf::store
