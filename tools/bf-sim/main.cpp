// bf-sim: simulated exchanges on a socket.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "engine/async/real_loop.h"
#include "engine/net/real_transport.h"
#include "engine/sim/deribit_calendar.h"
#include "engine/sim/file_truth.h"
#include "engine/sim/generated_truth.h"
#include "engine/sim/sim_exchange.h"
#include "engine/sim/text_file.h"
#include "store/base/last_error.h"
#include "tools/bf-sim/flags.h"
#include "tools/bf-sim/truth_csv.h"
#include "tools/cli/signals.h"

namespace bf::tools {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitTemporary = 5;

int complain(const Error& error) {
  std::fprintf(stderr, "bf-sim: %s\n", error.message().c_str());
  return error.code() == Code::kNetwork ? kExitTemporary : kExitUsage;
}

Result<std::unique_ptr<sim::Truth>> make_truth(const SimFlags& flags) {
  if (!flags.generate) {
    Result<sim::FileTruth> truth = sim::FileTruth::load(flags.data);
    if (!truth) return fail(truth.error().at("--data"));
    return std::make_unique<sim::FileTruth>(std::move(*truth));
  }
  sim::GeneratedOptions options;
  options.seed = *flags.generate;
  options.markets.assign(sim::kMarkets.begin(), sim::kMarkets.end());
  if (flags.deribit_futures) options.named = sim::deribit_dated_futures();
  options.symbols = flags.symbols;
  options.varied_lives = flags.varied_lives;
  options.outage_every_days = flags.outage_every_days;
  if (!flags.from.empty()) {
    const Result<TimeMs> from = parse_time(flags.from);
    if (!from) return fail(from.error().at("--from"));
    options.life.from = *from;
  }
  if (!flags.to.empty()) {
    const Result<TimeMs> to = parse_time(flags.to);
    if (!to) return fail(to.error().at("--to"));
    options.life.to = *to;
  }
  if (options.life.empty()) return fail(Code::kUsage, "--to does not come after --from");
  return std::make_unique<sim::GeneratedTruth>(options);
}

Result<sim::FaultPlan> make_faults(const SimFlags& flags) {
  sim::FaultPlan plan;
  if (flags.fault_seed) {
    const sim::Swarm swarm = flags.fault_data ? sim::Swarm::kData : sim::Swarm::kTransport;
    plan = sim::FaultPlan::swarm(*flags.fault_seed, swarm);
  }
  if (!flags.faults.empty()) {
    const Result<std::string> text = sim::read_file(flags.faults);
    if (!text) return fail(text.error());
    const Result<void> added = plan.add_lines(*text);
    if (!added) return fail(added.error().at(flags.faults));
  }
  for (const std::string& line : flags.fault) {
    Result<sim::FaultRule> rule = sim::parse_fault(line);
    if (!rule) return fail(rule.error());
    plan.add(std::move(*rule));
  }
  return plan;
}

Result<sim::SimOptions> make_options(const SimFlags& flags, const Clock& clock) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  sim::SimOptions options;
  options.limits = !flags.no_limits;
  options.keep_ledger = false;
  options.latency_ns = flags.latency_ms * kNsPerMs;
  options.gzip = flags.gzip;
  if (flags.weight_limit > 0) {
    options.published.um_weight_per_minute = flags.weight_limit;
    options.published.spot_weight_per_minute = flags.weight_limit;
  }
  if (!flags.data.empty() && std::filesystem::is_directory(flags.data + "/archive")) {
    options.archive.published = flags.data + "/archive";
  }
  if (!flags.now.empty()) {
    const Result<TimeMs> now = parse_time(flags.now);
    if (!now) return fail(now.error().at("--now"));
    options.clock_offset_ms = *now - clock.wall_ms();
  }
  Result<sim::FaultPlan> faults = make_faults(flags);
  if (!faults) return fail(faults.error());
  options.faults = std::move(*faults);
  return options;
}

/// Written under another name first: whoever waits for the file finds it whole.
Result<void> write_port_file(const std::string& path, std::uint16_t port) {
  const std::string temporary = path + ".new";
  std::FILE* const file = std::fopen(temporary.c_str(), "we");
  if (file == nullptr) return fail(LastError().at("open " + temporary));
  const bool written = std::fprintf(file, "%u\n", static_cast<unsigned>(port)) > 0;
  if (std::fclose(file) != 0 || !written) return fail(LastError().at("write " + temporary));
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail(LastError().at("rename " + temporary + " to " + path));
  }
  return {};
}

async::Task<Result<void>> serve_until_stopped(async::RealLoop& loop, net::Listener& listener,
                                              sim::SimExchange& exchange, async::CancelToken stop) {
  Result<void> served = co_await net::serve(loop, listener, exchange, stop);
  co_await listener.close();
  co_return served;
}

void print_summary(const sim::LedgerCounters& counters) {
  std::fprintf(stderr,
               "bf-sim: %llu requests, %llu rows in %llu pages, %llu archive files, weight %lld, "
               "%llu limited, %llu banned, %llu out of turn\n",
               static_cast<unsigned long long>(counters.requests),
               static_cast<unsigned long long>(counters.rows),
               static_cast<unsigned long long>(counters.klines),
               static_cast<unsigned long long>(counters.archive_files),
               static_cast<long long>(counters.weight),
               static_cast<unsigned long long>(counters.limited),
               static_cast<unsigned long long>(counters.banned),
               static_cast<unsigned long long>(counters.out_of_turn));
}

void print_ready(const SimFlags& flags, const sim::Truth& truth, std::uint16_t port) {
  std::printf("bf-sim: %s://%s:%u serves", flags.tls_cert.empty() ? "http" : "https",
              flags.address.c_str(), static_cast<unsigned>(port));
  const char* separator = " ";
  for (const sim::Market market : sim::kMarkets) {
    const std::size_t symbols = truth.instruments(market).size();
    if (symbols == 0) continue;
    const std::string name(sim::market_name(market));
    std::printf("%s%zu symbols of %s", separator, symbols, name.c_str());
    separator = ", ";
  }
  std::printf("\n");
  std::fflush(stdout);
}

Result<void> prepare_ledger(const SimFlags& flags, sim::Ledger& ledger) {
  if (flags.request_log) {
    ledger.set_listener([](const sim::LedgerEntry& entry) {
      std::fprintf(stderr, "%s\n", sim::ledger_line(entry).c_str());
    });
  }
  if (flags.ledger.empty()) return {};
  return ledger.write_to(flags.ledger);
}

Result<void> run(const SimFlags& flags, const sim::Truth& truth) {
  async::RealLoop loop;
  Result<sim::SimOptions> options = make_options(flags, loop.clock());
  if (!options) return fail(options.error());
  sim::SimExchange exchange(loop, truth, std::move(*options));
  const Result<void> prepared = prepare_ledger(flags, exchange.ledger());
  if (!prepared) return prepared;

  net::ListenOptions listen_options;
  listen_options.address = flags.address;
  listen_options.port = flags.port;
  listen_options.certificate_file = flags.tls_cert;
  listen_options.key_file = flags.tls_key;
  const Result<std::unique_ptr<net::Listener>> listener =
      net::listen(loop, std::move(listen_options));
  if (!listener) return fail(listener.error());

  async::CancelSource stop;
  const cli::StopSignals signals(loop, stop);
  const std::uint16_t port = (*listener)->port();
  Result<void> announced;
  if (!flags.port_file.empty()) announced = write_port_file(flags.port_file, port);
  if (announced) {
    print_ready(flags, truth, port);
  } else {
    stop.cancel();  // the listener still wants to be closed in order
  }
  Result<void> served = loop.run(serve_until_stopped(loop, **listener, exchange, stop.token()));
  if (!announced) return announced;
  print_summary(exchange.ledger().counters());
  return served;
}

}  // namespace

int sim_main(int argc, char** argv) {
  const ParsedFlags parsed = parse_flags(argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  const Result<std::unique_ptr<sim::Truth>> truth = make_truth(parsed.flags);
  if (!truth) return complain(truth.error());
  if (!parsed.flags.truth_csv.empty()) {
    const Result<void> printed = print_truth_csv(**truth, parsed.flags.truth_csv);
    return printed ? 0 : complain(printed.error());
  }
  const Result<void> ended = run(parsed.flags, **truth);
  return ended ? 0 : complain(ended.error());
}

}  // namespace bf::tools

int main(int argc, char** argv) { return bf::tools::sim_main(argc, argv); }
