#include "tools/cli/run_observer.h"

#include "tools/cli/report_json.h"

namespace bf::cli {
namespace {

using backfill::Event;

/// One progress event a second is enough for a program that reads them.
constexpr std::int64_t kProgressEventEveryNs = 1'000'000'000;

Level level_of(Event::Type type) noexcept {
  switch (type) {
    case Event::Type::kPlanned:
      return Level::kNote;
    case Event::Type::kRangeResolved:
    case Event::Type::kSeriesDone:
    case Event::Type::kRetry:
    case Event::Type::kRejectedRow:
      return Level::kDetail;
    case Event::Type::kPaused:
    case Event::Type::kWarning:
      break;
  }
  return Level::kWarning;
}

}  // namespace

RunObserver::RunObserver(Narrator& narrator, const Clock& clock, ProgressMode mode, bool events)
    : narrator_(narrator), clock_(clock), display_(narrator, clock, mode), events_(events) {}

void RunObserver::on_event(const Event& event) {
  // A reader of events that has gone away is no reason to stop a backfill.
  if (events_) (void)write_stdout(event_line(event, clock_.wall_ms()));
  if (event.type == Event::Type::kRangeResolved && event.text != range_said_) {
    // Hundreds of series mostly want one range: each different one is said once.
    range_said_ = event.text;
    narrator_.note("range " + event.text);
    return;
  }
  narrator_.say(level_of(event.type),
                event.series.empty() ? event.text : event.series + ": " + event.text);
}

void RunObserver::on_progress(const backfill::Progress& progress) {
  display_.show(progress);
  if (!events_) return;
  const std::int64_t now_ns = clock_.steady_ns();
  if (progress_said_ns_ != 0 && now_ns - progress_said_ns_ < kProgressEventEveryNs) return;
  progress_said_ns_ = now_ns;
  (void)write_stdout(progress_event(progress, clock_.wall_ms()));
}

void RunObserver::finish() { display_.finish(); }

}  // namespace bf::cli
