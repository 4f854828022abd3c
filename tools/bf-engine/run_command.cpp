#include <fmt/format.h>

#include <memory>
#include <optional>

#include "engine/async/real_loop.h"
#include "engine/async/worker.h"
#include "engine/net/real_transport.h"
#include "tools/bf-engine/commands.h"
#include "tools/cli/program.h"
#include "tools/cli/proxy_flag.h"
#include "tools/cli/report_json.h"
#include "tools/cli/report_text.h"
#include "tools/cli/run_observer.h"
#include "tools/cli/signals.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using backfill::RunReport;

constexpr const char* kProgram = "bf-engine";

/// The store of a run (made where it is missing) or of a plan (all null where there is none yet).
struct OpenStore {
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<store::Store> store;
  std::optional<store::InstrumentLedger> ledger;
};

Result<OpenStore> open_store(const cli::RunFlags& flags, bool write, const Clock& clock) {
  OpenStore open;
  Result<std::unique_ptr<FileSystem>> files = open_file_system(flags.store, /*create=*/write);
  if (!files && files.error().code() == Code::kNotFound && !write) return open;
  if (!files) return fail(files.error());

  store::StoreOptions options;
  options.mode = write ? store::StoreOptions::Mode::kWrite : store::StoreOptions::Mode::kRead;
  options.holder = kProgram;
  options.allow_network = flags.allow_network_store;
  auto opened = store::Store::open(**files, clock, options);
  if (!opened && opened.error().code() == Code::kNotFound && !write) return open;
  if (!opened) return fail(opened.error());

  Result<store::InstrumentLedger> ledger = store::InstrumentLedger::open(**files);
  if (!ledger) return fail(ledger.error());
  open.files = std::move(*files);
  open.store = std::move(*opened);
  open.ledger.emplace(std::move(*ledger));
  return open;
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

/// Runs or plans in the real world, and prints the report. Errors: what kept it from beginning.
Result<Exit> work(const cli::RunFlags& flags, const char* command, cli::Narrator& narrator) {
  const bool plan = std::string_view(command) == "plan";
  async::RealLoop loop;
  const Clock& clock = loop.clock();
  const Result<void> events = check_events(flags);
  if (!events) return fail(events.error());
  const auto mode = cli::parse_progress(flags.output.progress, cli::terminal_on_stderr());
  if (!mode) return fail(mode.error());
  Result<backfill::RunOptions> options = cli::run_options(flags, clock.wall_ms());
  if (!options) return fail(options.error());
  Result<std::string> state =
      cli::state_directory(flags.network.state_dir, cli::process_environment());
  if (!state) return fail(state.error());
  options->state_dir = std::move(*state);

  Result<net::ProxyChoice> proxies =
      cli::choose_proxies(flags.network.proxies, cli::process_environment());
  if (!proxies) return fail(proxies.error());
  options->proxies = std::move(*proxies);

  net::TlsClientOptions tls;
  tls.ca_file = flags.network.ca_file;
  const auto transport = net::make_real_transport(loop, tls);
  if (!transport) return fail(transport.error());
  Result<OpenStore> open = open_store(flags, !plan, clock);
  if (!open) return fail(open.error().at("cannot open the store " + printable(flags.store)));
  narrator.note("store " + flags.store);

  async::CancelSource cancel;
  cli::StopSignals signals(loop, cancel);
  async::ThreadWorker worker(loop);
  cli::RunObserver observer(narrator, clock, *mode, events_wanted(flags));
  backfill::Services services{loop,
                              **transport,
                              worker,
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
  frame.command = command;
  frame.store = flags.store;
  judge(report, flags.strict, frame);
  const Result<void> printed = print_report(report, flags, frame);
  if (!printed) return fail(printed.error());
  return frame.exit;
}

Exit run_or_plan(const cli::RunFlags& flags, const char* command) {
  return cli::with_narrator(kProgram, flags.output, [&](cli::Narrator& narrator) {
    return work(flags, command, narrator);
  });
}

}  // namespace

Exit run(const cli::RunFlags& flags) { return run_or_plan(flags, "run"); }

Exit plan(const cli::RunFlags& flags) { return run_or_plan(flags, "plan"); }

}  // namespace bf::engine
