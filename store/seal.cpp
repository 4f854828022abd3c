#include "store/seal.h"

#include <algorithm>
#include <map>
#include <utility>

#include "store/atomic_file.h"
#include "store/base/assert.h"
#include "store/cursors.h"
#include "store/row_order.h"
#include "store/segment.h"

namespace bf::store {
namespace {

/// The answers of a span's pages, each once, and where to find that of a page. Equal answers meet when
/// the same page was committed twice.
std::vector<Answer> distinct_answers(std::span<const AnsweredRows* const> pages) {
  std::vector<Answer> answers;
  for (const AnsweredRows* page : pages) {
    if (answers.empty() || answers.back() != page->answer) answers.push_back(page->answer);
  }
  return answers;
}

std::map<const Answer*, std::uint32_t> index_answers(std::span<const AnsweredRows* const> pages) {
  std::map<const Answer*, std::uint32_t> index;
  const Answer* previous = nullptr;
  std::uint32_t count = 0;
  for (const AnsweredRows* page : pages) {
    if (previous == nullptr || *previous != page->answer) ++count;
    previous = &page->answer;
    index[previous] = count - 1;
  }
  return index;
}

}  // namespace

Seal::Seal(FileSystem& files, const Series& series, const Manifest& manifest, const LogWriter& log)
    : files_(files),
      series_(series),
      log_(log),
      directory_(series.path()),
      old_log_(join_path(directory_, log_name(manifest.log_epoch))),
      next_(manifest),
      first_sequence_(manifest.log_first_sequence) {
  BF_ASSERT(log.synced());
  ++next_.generation;
  ++next_.log_epoch;
  next_.log_proven = 0;
  next_.log_first_sequence = log.position().sequence;
}

Result<void> Seal::run() {
  if (const Result<void> prepared = prepare(); !prepared) {
    clean_up();
    return prepared;
  }
  uncertain_ = true;
  const Result<void> committed = commit_file(files_, directory_, kManifestName);  // step 8
  if (!committed) return committed;
  uncertain_ = false;
  // Step 9. The old log is not named any more: should this fail, the next open removes it.
  (void)files_.remove(old_log_);
  return {};
}

/// Steps 1 to 7: nothing that is live changes.
Result<void> Seal::prepare() {
  if (const Result<void> read = read_pages(); !read) return read;
  for (const SpanPlan& plan : plan_spans()) {
    if (const Result<void> sealed = seal_span(plan); !sealed) return sealed;  // steps 1 to 4
  }
  if (const Result<void> created = create_log(); !created) return created;            // step 5
  if (const auto synced = files_.sync_directory(directory_); !synced) return synced;  // step 6
  return prepare_file(files_, directory_, kManifestName,
                      encode_manifest(next_, series_));  // step 7
}

Result<void> Seal::read_pages() {
  const Result<Bytes> bytes = log_.read_back();
  if (!bytes) return fail(bytes.error().at(old_log_));
  const LogWriter::Position& position = log_.position();
  const auto durable = std::span(*bytes).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(bytes->size(), position.end)));
  const Result<LogScan> scan = scan_log(durable, log_.identity(), first_sequence_, position.end);
  if (!scan) return fail(scan.error().at(old_log_));
  if (scan->intact_end != position.end) {
    return fail(Code::kCorrupt, old_log_ + ": damaged at byte " + std::to_string(scan->intact_end) +
                                    "; open the series again to recover what is intact");
  }
  const Result<void> decoded = decode_frames(
      durable, scan->frames,
      [this](const FoundFrame&, AnsweredRows&& page) { pages_.push_back(std::move(page)); });
  if (!decoded) return fail(decoded.error().at(old_log_));
  return {};
}

std::vector<Seal::SpanPlan> Seal::plan_spans() const {
  std::map<TimeMs, SpanPlan> plans;
  const auto add = [&](TimeRange span, const AnsweredRows& page) {
    SpanPlan& plan = plans[span.from];
    plan.span = span;
    plan.pages.push_back(&page);
  };
  for (const AnsweredRows& page : pages_) {
    const std::vector<TimeMs>& times = page.rows.open_time();
    // An answer without rows still says that nothing is there: it goes where its range begins.
    if (times.empty()) add(span_of(series_.interval, page.answer.asked.from), page);
    for (auto at = times.begin(); at != times.end();) {
      const TimeRange span = span_of(series_.interval, *at);
      add(span, page);
      at = std::lower_bound(at, times.end(), span.to);
    }
  }
  std::vector<SpanPlan> sorted;
  for (auto& [from, plan] : plans) sorted.push_back(std::move(plan));
  return sorted;
}

Result<void> Seal::seal_span(const SpanPlan& plan) {
  const std::uint32_t id = next_.next_segment++;
  const std::string path = join_path(directory_, segment_name(id));
  const std::string temporary = path + ".tmp";
  if (const auto removed = remove_if_there(files_, temporary); !removed) return removed;
  made_.push_back(temporary);
  Result<std::unique_ptr<File>> file = files_.open(temporary, FileSystem::Open::kCreateNew);
  if (!file) return fail(file.error());
  const std::vector<Answer> answers = distinct_answers(plan.pages);
  SegmentWriter writer(**file,
                       {series_, next_.series_uuid, id, next_.generation, first_sequence_,
                        log_.position().sequence - 1},
                       answers);
  if (const auto written = write_rows(plan, answers, writer); !written) return written;
  const Result<SegmentEntry> entry = writer.finish();  // step 1
  if (!entry) return fail(entry.error());
  if (const auto synced = (*file)->sync(); !synced) return synced;  // step 2
  if (const auto checked = writer.check_written(files_, temporary); !checked)
    return checked;                                                            // step 3
  if (const auto named = name_segment(temporary, path); !named) return named;  // step 4
  next_.segments.push_back(*entry);
  return {};
}

Result<void> Seal::write_rows(const SpanPlan& plan, const std::vector<Answer>& answers,
                              SegmentWriter& writer) const {
  const std::map<const Answer*, std::uint32_t> index = index_answers(plan.pages);
  BF_ASSERT(!answers.empty());
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (const AnsweredRows* page : plan.pages) cursors.push_back(page_cursor(*page, plan.span.from));
  Merge merge(std::move(cursors), plan.span.to, series_.instrument.exchange);
  Slice slice;
  for (;;) {
    const Result<bool> more = merge.next(slice);
    if (!more) return fail(more.error());
    if (!*more) return {};
    const auto answered = slice.cursor->answer(slice.begin);
    if (!answered) return fail(answered.error());
    const std::uint32_t winner = index.at(answered->first);
    const CandleBatch& rows = slice.cursor->rows();
    if (const auto added = writer.add_rows(rows, slice.begin, slice.end, winner); !added)
      return added;
    for (Cursor* loser : slice.losers) {
      if (same_row(rows, slice.begin, loser->rows(), loser->position())) continue;
      const auto lost = loser->answer(loser->position());
      if (!lost) return fail(lost.error());
      writer.add_revision(loser->time(), winner, row_values(rows, slice.begin),
                          index.at(lost->first), row_values(loser->rows(), loser->position()));
    }
  }
}

Result<void> Seal::name_segment(const std::string& temporary, const std::string& path) {
  // No manifest names this id, so a file of this name is what a failed seal left.
  if (const auto removed = remove_if_there(files_, path); !removed) return removed;
  if (const auto renamed = files_.rename_new(temporary, path); !renamed) return renamed;
  made_.back() = path;
  return {};
}

Result<void> Seal::create_log() {
  const std::string path = join_path(directory_, log_name(next_.log_epoch));
  made_.push_back(path);
  Result<std::unique_ptr<File>> log = write_new_file(files_, path, {});
  if (!log) return fail(log.error());
  new_log_ = std::move(*log);
  return {};
}

void Seal::clean_up() {
  // What cannot be removed now is removed by the next open: no manifest names it.
  for (const std::string& path : made_) (void)files_.remove(path);
  (void)files_.remove(join_path(directory_, kManifestName) + ".tmp");
}

LogWriter Seal::take_log() {
  LogWriter::Position position;
  position.sequence = next_.log_first_sequence;
  return LogWriter(std::move(new_log_), LogIdentity{next_.series_uuid, next_.log_epoch}, position);
}

}  // namespace bf::store
