#include "store/seal.h"

#include <algorithm>
#include <map>
#include <utility>

#include "store/atomic_file.h"
#include "store/base/assert.h"
#include "store/conflicts.h"
#include "store/merged_rows.h"

namespace bf::store {
namespace {

/// The slots of the pages' rows in `span`.
HeldSlots slots_in(const Series& series, std::span<const LoggedPages::Outline* const> pages,
                   TimeRange span) {
  SlotCollector slots(series.interval);
  for (const LoggedPages::Outline* page : pages) {
    const std::vector<TimeMs>& times = page->times.rows.open_time();
    const auto begin = std::lower_bound(times.begin(), times.end(), span.from);
    const auto end = std::lower_bound(begin, times.end(), span.to);
    slots.add(std::span(begin, end), page->times.answer.exchange == series.instrument.exchange);
  }
  return slots.held();
}

}  // namespace

Seal::Seal(FileSystem& files, const Series& series, const Manifest& manifest, const LogWriter& log)
    : series_(series),
      log_(log),
      old_log_(join_path(series.path(), log_name(manifest.log_epoch))),
      first_sequence_(manifest.log_first_sequence),
      switch_(files, series, manifest),
      pages_(old_log_) {
  BF_ASSERT(log.synced());
}

Result<void> Seal::run() {
  if (const Result<void> prepared = prepare(); !prepared) {
    switch_.clean_up();
    return prepared;
  }
  uncertain_ = true;
  if (const Result<void> committed = switch_.commit(); !committed) return committed;
  uncertain_ = false;
  switch_.remove_replaced();
  return {};
}

/// Steps 1 to 7: nothing that is live changes.
Result<void> Seal::prepare() {
  if (const Result<void> read = read_pages(); !read) return read;
  for (const SpanPlan& plan : plan_spans()) {
    if (const Result<void> sealed = seal_span(plan); !sealed) return sealed;
  }
  Result<std::unique_ptr<File>> log = switch_.add_log(log_.position().sequence);
  if (!log) return fail(log.error());
  new_log_ = std::move(*log);
  return switch_.prepare();
}

Result<void> Seal::read_pages() {
  Result<Bytes> bytes = log_.read_back();
  if (!bytes) return fail(bytes.error().at(old_log_));
  const LogWriter::Position& position = log_.position();
  bytes->resize(static_cast<std::size_t>(std::min<std::uint64_t>(bytes->size(), position.end)));
  Result<LogScan> scan = scan_log(*bytes, log_.identity(), first_sequence_, position.end);
  if (!scan) return fail(scan.error().at(old_log_));
  if (scan->intact_end != position.end) {
    return fail(Code::kCorrupt, old_log_ + ": damaged at byte " + std::to_string(scan->intact_end) +
                                    "; open the series again to recover what is intact");
  }
  return pages_.read(std::move(*bytes), std::move(scan->frames));
}

std::vector<Seal::SpanPlan> Seal::plan_spans() const {
  std::map<TimeMs, SpanPlan> plans;
  const auto add = [&](TimeRange span, const LoggedPages::Outline& page) {
    SpanPlan& plan = plans[span.from];
    plan.span = span;
    plan.pages.push_back(&page);
  };
  for (const LoggedPages::Outline& page : pages_.outlines()) {
    const std::vector<TimeMs>& times = page.times.rows.open_time();
    // An answer without rows still says that nothing is there: it goes where its range begins.
    if (times.empty()) add(span_of(series_.interval, page.times.answer.asked.from), page);
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
  std::vector<Answer> answers;
  for (const LoggedPages::Outline* page : plan.pages) answers.push_back(page->times.answer);
  const MergedAnswers merged =
      merge_answers(answers, slots_in(series_, plan.pages, plan.span), series_, plan.span);
  SegmentSwitch::NewSegment segment;
  segment.answers = merged.answers;
  segment.first_sequence = first_sequence_;
  segment.last_sequence = log_.position().sequence - 1;
  segment.fill = [&](SegmentWriter& writer) { return write_rows(plan, merged, writer); };
  return switch_.add_segment(segment);
}

Result<void> Seal::write_rows(const SpanPlan& plan, const MergedAnswers& merged,
                              SegmentWriter& writer) {
  std::map<const Answer*, std::uint32_t> index;
  std::vector<std::unique_ptr<Cursor>> cursors;
  for (std::size_t i = 0; i < plan.pages.size(); ++i) {
    const LoggedPages::Outline& page = *plan.pages[i];
    index[&page.times.answer] = merged.index[i];
    cursors.push_back(pages_.cursor(page, plan.span.from));
  }
  Conflicts conflicts({}, series_.instrument.exchange);
  Merge merge(std::move(cursors), plan.span.to, series_.instrument.exchange);
  const auto origin_of = [&index](const RowOrigin& origin) {
    return SegmentWriter::Origin{index.at(origin.answer), origin.asked_at};
  };
  return write_merged(merge, conflicts, origin_of, writer);
}

LogWriter Seal::take_log() {
  const Manifest& next = switch_.next();
  LogWriter::Position position;
  position.sequence = next.log_first_sequence;
  return LogWriter(std::move(new_log_), LogIdentity{next.series_uuid, next.log_epoch}, position);
}

}  // namespace bf::store
