#include "store/series_writer.h"

#include <algorithm>
#include <optional>

#include "store/compact.h"
#include "store/gap_cache.h"
#include "store/seal.h"

namespace bf::store {
namespace {

/// A row and a page count as this many bytes of log at least. Quiet markets pack to less than a byte a row, and
/// sealing reads all of a log: so it stays a matter of some tens of MiB.
constexpr std::uint64_t kRowWeight = 32;
constexpr std::uint64_t kPageWeight = 160;
static_assert(kLogBytesMax / kRowWeight < kLogRowsMax && kLogBytesMax / kPageWeight < kLogPagesMax);

class Writer final : public SeriesWriter {
 public:
  Writer(FileSystem& files, std::shared_ptr<FileLock> lock, const Series& series,
         OpenedSeries opened, std::shared_ptr<KnownProof> proof)
      : files_(files),
        lock_(std::move(lock)),
        series_(series),
        manifest_(std::move(opened.manifest)),
        log_(std::move(opened.log)),
        log_rows_(opened.log_rows),
        log_pages_(opened.log_pages),
        gaps_(std::move(opened.gaps)),
        report_(std::move(opened.report)),
        proof_(std::move(proof)) {
    publish();
  }

  Result<void> append(std::span<const AnsweredRows> pages) override {
    return whole([&] { return append_pages(pages); });
  }
  Result<void> sync() override {
    return whole([this] { return sync_log(); });
  }
  Result<void> seal() override {
    return whole([this] { return seal_log(); });
  }
  Result<CompactionReport> compact() override {
    return whole([this] { return compact_segments(); });
  }
  Result<void> close() override {
    return whole([this] { return close_log(); });
  }

  const GapIndex& gaps() const noexcept override { return gaps_; }
  std::uint64_t log_bytes() const noexcept override {
    return std::max(log_.position().end, log_rows_ * kRowWeight + log_pages_ * kPageWeight);
  }
  const RecoveryReport& recovery() const noexcept override { return report_; }

 private:
  /// What an unsynced page adds to the gap index.
  struct Pending {
    Answer answer;
    std::vector<TimeMs> open_times;
  };

  /// One call of the writer, unless it is dead. A call that an exception ends (out of memory) leaves it
  /// so: nobody knows how far it came, and what is on disk may be ahead of what is known here.
  template <class Call>
  auto whole(Call call) -> decltype(call()) {
    if (dead_) return fail(*dead_);
    if (underway_) {
      return fail(Code::kNoMemory, series_.name() +
                                       ": a call of its writer ended in the middle for want of "
                                       "memory; open the series again to recover");
    }
    underway_ = true;
    auto result = call();
    underway_ = false;
    return result;
  }
  [[nodiscard]] Result<void> append_pages(std::span<const AnsweredRows> pages);
  [[nodiscard]] Result<void> sync_log();
  [[nodiscard]] Result<void> seal_log();
  [[nodiscard]] Result<CompactionReport> compact_segments();
  [[nodiscard]] Result<void> close_log();

  [[nodiscard]] Error named(const Error& error) const { return error.at(series_.name()); }
  /// Remembers the error: the writer is dead, every later call returns it.
  [[nodiscard]] Error die(const Error& error) {
    dead_ = named(error);
    return *dead_;
  }
  void publish() { *proof_ = KnownProof{log_.identity().epoch, log_.position().proven}; }

  FileSystem& files_;
  std::shared_ptr<FileLock> lock_;
  Series series_;
  Manifest manifest_;
  LogWriter log_;
  std::uint64_t log_rows_;
  std::uint64_t log_pages_;
  GapIndex gaps_;
  RecoveryReport report_;
  std::shared_ptr<KnownProof> proof_;
  std::vector<Pending> pending_;
  std::optional<Error> dead_;
  bool underway_ = false;
};

Result<void> Writer::append_pages(std::span<const AnsweredRows> pages) {
  if (pages.empty()) return {};
  std::uint64_t rows = 0;
  for (const AnsweredRows& page : pages) {
    if (const Result<void> sound = check_page(page); !sound) return fail(named(sound.error()));
    rows += page.rows.row_count();
  }
  if (log_rows_ + rows > kLogRowsMax || log_pages_ + pages.size() > kLogPagesMax) {
    return fail(Code::kLimit, series_.name() + ": the log would hold more than " +
                                  std::to_string(kLogRowsMax) + " rows or " +
                                  std::to_string(kLogPagesMax) + " pages; seal the series first");
  }
  if (const Result<void> appended = log_.append(pages); !appended)
    return fail(named(appended.error()));
  log_rows_ += rows;
  log_pages_ += pages.size();
  for (const AnsweredRows& page : pages) {
    pending_.push_back(Pending{page.answer, page.rows.open_time()});
  }
  return {};
}

Result<void> Writer::sync_log() {
  if (log_.synced()) return {};
  if (const Result<void> synced = log_.sync(); !synced) return fail(die(synced.error()));
  for (const Pending& page : pending_) {
    gaps_.add_rows(page.open_times, page.answer.exchange);
    gaps_.add_answer(page.answer);
  }
  pending_.clear();
  publish();
  return {};
}

Result<void> Writer::seal_log() {
  if (const Result<void> synced = sync_log(); !synced) return synced;
  if (log_.position().end == 0) return {};
  Seal seal(files_, series_, manifest_, log_);
  if (const Result<void> sealed = seal.run(); !sealed) {
    // A failed sync is never tried again, and an uncertain manifest is for a new recovery to read.
    const bool fatal = seal.uncertain() || sealed.error().code() == Code::kSyncFailed;
    return fail(fatal ? die(sealed.error()) : named(sealed.error()));
  }
  manifest_ = seal.manifest();
  log_ = seal.take_log();
  log_rows_ = 0;
  log_pages_ = 0;
  publish();
  // Without the cache the next opening takes longer, no more than that.
  (void)write_gap_cache(files_, series_, manifest_, gaps_);
  return {};
}

Result<CompactionReport> Writer::compact_segments() {
  if (const Result<void> sealed = seal_log(); !sealed) return fail(sealed.error());
  CompactionReport report;
  report.segments_before = manifest_.segments.size();
  for (const SegmentEntry& entry : manifest_.segments) report.bytes_before += entry.size;
  Compaction compaction(files_, series_, manifest_);
  if (const Result<void> compacted = compaction.run(); !compacted) {
    const bool fatal = compaction.uncertain() || compacted.error().code() == Code::kSyncFailed;
    return fail(fatal ? die(compacted.error()) : named(compacted.error()));
  }
  report.spans = compaction.spans();
  report.spans_left = compaction.spans_left();
  if (report.spans != 0) {
    manifest_ = compaction.manifest();
    // The log is empty: what gaps_ knows, the segments say.
    (void)write_gap_cache(files_, series_, manifest_, gaps_);
  }
  report.segments_after = manifest_.segments.size();
  for (const SegmentEntry& entry : manifest_.segments) report.bytes_after += entry.size;
  return report;
}

Result<void> Writer::close_log() {
  if (const Result<void> synced = sync_log(); !synced) return synced;
  const std::uint64_t proven = log_.position().proven;
  if (manifest_.log_proven != proven) {
    // The proof stands in for the manifest should its replacement be cut short.
    if (const Result<void> proof = log_.write_proof(); !proof) return fail(named(proof.error()));
    Manifest next = manifest_;
    ++next.generation;
    next.log_proven = proven;
    if (const Result<void> replaced = replace_manifest(files_, series_, next); !replaced) {
      return fail(die(replaced.error()));
    }
    manifest_ = std::move(next);
  }
  dead_ = Error(Code::kUsage, series_.name() + ": its writer is closed");
  return {};
}

}  // namespace

std::unique_ptr<SeriesWriter> make_series_writer(FileSystem& files, std::shared_ptr<FileLock> lock,
                                                 const Series& series, OpenedSeries opened,
                                                 std::shared_ptr<KnownProof> proof) {
  return std::make_unique<Writer>(files, std::move(lock), series, std::move(opened),
                                  std::move(proof));
}

}  // namespace bf::store
