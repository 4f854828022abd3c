#include <fmt/format.h>

#include <string>
#include <vector>

#include "engine/async/real_loop.h"
#include "engine/async/worker.h"
#include "engine/net/real_transport.h"
#include "tools/bf-engine/commands.h"
#include "tools/bf-engine/work_store.h"
#include "tools/cli/program.h"
#include "tools/cli/proxy_flag.h"
#include "tools/cli/report_json.h"
#include "tools/cli/report_text.h"
#include "tools/cli/run_observer.h"
#include "tools/cli/signals.h"
#include "tools/cli/store_access.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using backfill::RunReport;

constexpr const char* kProgram = "bf-engine";

enum class Job : std::uint8_t { kRun, kPlan, kFill };

constexpr const char* job_name(Job job) {
  switch (job) {
    case Job::kRun:
      return "run";
    case Job::kPlan:
      return "plan";
    case Job::kFill:
      break;
  }
  return "fill";
}

bool events_wanted(const cli::RunFlags& flags) { return flags.events == "json"; }

Result<void> check_events(const cli::RunFlags& flags) {
  if (flags.events.empty() || events_wanted(flags)) return {};
  return fail(Code::kUsage,
              fmt::format("--events {}: the one form is json", printable(flags.events)));
}

Result<void> print_report(const RunReport& report, const cli::RunFlags& flags,
                          const cli::ReportFrame& frame) {
  if (events_wanted(flags)) return cli::write_stdout(cli::report_event(report, frame));
  if (flags.output.json) return cli::write_stdout(cli::report_json(report, frame));
  const bool plan = frame.command == "plan";
  return cli::write_stdout(plan ? cli::plan_text(report) : cli::run_text(report));
}

/// The exit code with its reasons; a plan with requests in it says that there is work.
void judge(const RunReport& report, bool strict, cli::ReportFrame& frame) {
  frame.exit = backfill::exit_code(report, strict, &frame.reasons);
  if (frame.command != "plan" || !cli::has_work(report)) return;
  if (frame.exit == Exit::kComplete) {
    frame.exit = Exit::kMissing;
    frame.reasons.emplace_back(Exit::kMissing, "there is something to fetch");
  }
}

/// Selects what the store holds. A series that cannot be fetched is left as it is, and said.
Result<void> select_held(const cli::RunFlags& flags, const WorkStore& open,
                         backfill::RunOptions& options, cli::Narrator& narrator) {
  Result<std::vector<Series>> held = open.store->list();
  if (!held) return fail(held.error());
  const auto series =
      cli::select_series(flags.selection, std::move(*held), cli::canonical_names(*open.ledger));
  if (!series) return fail(series.error());
  std::vector<std::string> skipped;
  options.selections = cli::held_selections(*series, *open.store, skipped);
  for (const std::string& text : skipped) narrator.warn("not filled: " + text);
  return {};
}

/// The options that flags alone decide. Errors: kUsage.
Result<backfill::RunOptions> options_of(const cli::RunFlags& flags, Job job, const Clock& clock) {
  Result<backfill::RunOptions> options =
      job == Job::kFill ? cli::fill_options(flags) : cli::run_options(flags, clock.wall_ms());
  if (!options) return options;
  Result<std::string> state =
      cli::state_directory(flags.network.state_dir, cli::process_environment());
  if (!state) return fail(state.error());
  options->state_dir = std::move(*state);
  return options;
}

StoreUse use_of(Job job) {
  if (job == Job::kPlan) return StoreUse::kRead;
  return job == Job::kFill ? StoreUse::kWrite : StoreUse::kMake;
}

/// Runs, plans or fills in the real world, and prints the report. Errors: what kept it from beginning.
Result<Exit> work(const cli::RunFlags& flags, Job job, cli::Narrator& narrator) {
  const bool plan = job == Job::kPlan;
  async::RealLoop loop;
  const Clock& clock = loop.clock();
  const Result<void> events = check_events(flags);
  if (!events) return fail(events.error());
  const auto mode = cli::parse_progress(flags.output.progress, cli::terminal_on_stderr());
  if (!mode) return fail(mode.error());
  Result<backfill::RunOptions> options = options_of(flags, job, clock);
  if (!options) return fail(options.error());

  Result<net::ProxyChoice> proxies =
      cli::choose_proxies(flags.network.proxies, cli::process_environment());
  if (!proxies) return fail(proxies.error());
  options->proxies = std::move(*proxies);

  net::TlsClientOptions tls;
  tls.ca_file = flags.network.ca_file;
  const auto transport = net::make_real_transport(loop, tls);
  if (!transport) return fail(transport.error());
  Result<WorkStore> open =
      open_work_store(flags.store, use_of(job), flags.allow_network_store, clock);
  if (!open) return fail(open.error());
  narrator.note("store " + flags.store);
  if (job == Job::kFill) {
    const Result<void> selected = select_held(flags, *open, *options, narrator);
    if (!selected) return fail(selected.error());
  }
  const std::string selection = selection_text(*options);
  const TimeMs began = clock.wall_ms();

  async::CancelSource cancel;
  cli::StopSignals signals(loop, cancel);
  async::ThreadWorker store_worker(loop);
  async::ThreadWorker series_workers(loop, backfill::kSeriesThreads);
  cli::RunObserver observer(narrator, clock, *mode, events_wanted(flags));
  backfill::Services services{loop,
                              **transport,
                              store_worker,
                              series_workers,
                              open->files.get(),
                              open->store.get(),
                              open->ledger ? &*open->ledger : nullptr,
                              observer};
  RunReport report =
      loop.run(plan ? backfill::plan_backfill(services, std::move(*options), cancel.token())
                    : backfill::run_backfill(services, std::move(*options), cancel.token()));
  observer.finish();
  report.signal = signals.signal();

  cli::ReportFrame frame;
  frame.command = job_name(job);
  frame.store = flags.store;
  judge(report, flags.strict, frame);
  if (!plan) record_run(*open->files, record_of(report, frame, selection, began), narrator);
  const Result<void> printed = print_report(report, flags, frame);
  if (!printed) return fail(printed.error());
  return frame.exit;
}

Exit do_job(const cli::RunFlags& flags, Job job) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, job, narrator); });
}

}  // namespace

Exit run(const cli::RunFlags& flags) { return do_job(flags, Job::kRun); }

Exit plan(const cli::RunFlags& flags) { return do_job(flags, Job::kPlan); }

Exit fill(const cli::RunFlags& flags) { return do_job(flags, Job::kFill); }

}  // namespace bf::engine
