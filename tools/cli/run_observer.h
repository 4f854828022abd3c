// tools/cli/run_observer.h
//
// What a run says while it goes on, brought to where the user wants it: narration and progress on
// stderr, or NDJSON on stdout (--events json).
#pragma once

#include <string>

#include "engine/backfill/run.h"
#include "tools/cli/output.h"
#include "tools/cli/progress.h"

namespace bf::cli {

class RunObserver final : public backfill::Observer {
 public:
  /// References outlive the observer.
  RunObserver(Narrator& narrator, const Clock& clock, ProgressMode mode, bool events);

  void on_event(const backfill::Event& event) override;
  void on_progress(const backfill::Progress& progress) override;
  /// Takes the progress line off the terminal, before the report is printed.
  void finish();

 private:
  Narrator& narrator_;
  const Clock& clock_;
  ProgressDisplay display_;
  bool events_;
  std::string range_said_;
  std::int64_t progress_said_ns_ = 0;
};

}  // namespace bf::cli
