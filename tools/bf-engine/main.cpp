// bf-engine: fetches candle history into a store, and says what is there.

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <string>

#include "store/store.h"
#include "tools/bf-engine/commands.h"
#include "tools/cli/program.h"

namespace {

namespace cli = bf::cli;
using bf::backfill::Exit;
using cli::Command;
using cli::Flag;

constexpr const char* kName = "bf-engine";

constexpr const char* kExamples =
    "  bf-engine run --exchange binance --market um --symbol BTCUSDT,ETHUSDT --days 90\n"
    "  bf-engine plan --exchange binance --market spot --all --from 2024-01-01\n"
    "  bf-engine fill --lookback 7d\n"
    "  bf-engine status\n"
    "  bf-engine import candles.csv --as binance/spot/BTCUSDT\n"
    "  bf-engine symbols --exchange binance --market um\n"
    "  bf-engine sources --exchange binance\n"
    "  bf-engine tune --exchange binance --market um\n"
    "  bf-engine config --config bf.toml\n";

constexpr const char* kRunExamples =
    "  bf-engine run --exchange binance --market um --symbol BTCUSDT,ETHUSDT --days 90\n"
    "  bf-engine run --exchange binance --market spot --symbol BTC/USDT --from listing\n"
    "  bf-engine run --exchange binance --market um --symbol '*USDT' --exclude '*_*' --days 7\n"
    "  bf-engine run --exchange binance --all --days 30 --max-weight 50% --json\n"
    "  bf-engine run --exchange binance --market um --symbol BTCUSDT --kind funding --from "
    "listing\n"
    "  bf-engine run --symbols-file symbols.txt --from 2023-01-01 --to 2024-01-01\n"
    "  bf-engine run --config bf.toml\n"
    "  bf-engine run --proxy socks5h://127.0.0.1:1080 --exchange binance --all --days 30\n"
    "  BF_PROXY=http://user:password@127.0.0.1:3128 bf-engine run --exchange binance --all --days "
    "30\n";

constexpr const char* kPlanExamples =
    "  bf-engine plan --exchange binance --market um --symbol BTCUSDT,ETHUSDT --days 90\n"
    "  bf-engine plan --exchange binance --market spot --all --from 2024-01-01 --source archive\n";

constexpr const char* kFillExamples =
    "  bf-engine fill\n"
    "  bf-engine fill --lookback 36h --store /srv/bf --json\n"
    "  bf-engine fill --exchange binance --interval 1h --lookback 90d\n";

constexpr const char* kStatusExamples =
    "  bf-engine status\n"
    "  bf-engine status --runs\n"
    "  bf-engine status --store /srv/bf --exchange binance --symbol BTCUSDT --json\n"
    "  bf-engine status --from 2024-01-01 --to 2024-02-01\n";

constexpr const char* kCompactExamples =
    "  bf-engine compact\n"
    "  bf-engine compact --store /srv/bf --exchange binance --symbol BTCUSDT --json\n";

constexpr const char* kImportExamples =
    "  bf-engine import BTCUSDT-1m-2023.csv --as binance/spot/BTCUSDT\n"
    "  bf-engine import candles.json --as binance/spot/BTCUSDT --interval 5m\n"
    "  xz -dc merged.csv.xz | bf-engine import - --as bitfinex/spot/BTCUSD "
    "--columns time,open,close,high,low,volume\n";

constexpr const char* kSymbolsExamples =
    "  bf-engine symbols --exchange binance --market um\n"
    "  bf-engine symbols --exchange binance --market spot --json\n"
    "  bf-engine symbols --exchange binance --refresh --store /srv/bf\n"
    "  bf-engine symbols --exchange binance --as-of 2024-06-01 --store /srv/bf\n";

constexpr const char* kSourcesExamples =
    "  bf-engine sources\n"
    "  bf-engine sources --exchange binance,okx --json\n"
    "  bf-engine sources --exchange bybit --proxy socks5h://127.0.0.1:1080\n";

constexpr const char* kTuneExamples =
    "  bf-engine tune --exchange binance --market um\n"
    "  bf-engine tune --exchange okx --market swap --symbol BTC-USDT-SWAP --seconds 10 --json\n";

constexpr const char* kConfigExamples =
    "  bf-engine config\n"
    "  bf-engine config --config bf.toml\n"
    "  BF_CONFIG=/etc/bf.toml bf-engine config --json\n";

/// Where OpenSSL looks for trusted roots: the variables that it honours, else what it was built with.
std::string trusted_roots() {
  const char* const file = std::getenv(X509_get_default_cert_file_env());
  const char* const directory = std::getenv(X509_get_default_cert_dir_env());
  const std::string in_file = file != nullptr ? file : X509_get_default_cert_file();
  const std::string in_directory = directory != nullptr ? directory : X509_get_default_cert_dir();
  return in_file + " and " + in_directory;
}

std::string version_text() {
  return std::string(kName) + " " BF_VERSION "\nstore format " +
         std::to_string(bf::store::kFormatVersion) + "\n" + OpenSSL_version(OPENSSL_VERSION) +
         "\ntrusted roots from " + trusted_roots() + ", and --ca-file";
}

/// Everything that a command may be told.
struct AllFlags {
  cli::RunFlags run;
  cli::RunFlags plan;
  cli::RunFlags fill;
  bf::engine::StatusFlags status;
  bf::engine::CompactFlags compact;
  bf::engine::ImportFlags import;
  bf::engine::SymbolsFlags symbols;
  bf::engine::SourcesFlags sources;
  bf::engine::TuneFlags tune;
  cli::RunFlags config;
};

Command run_command(cli::RunFlags& flags) {
  Command command{"run",
                  "Fetches what is missing of the selected series.",
                  kRunExamples,
                  cli::kExitCodesText,
                  {}};
  command.add(cli::run_flags(flags));
  return command;
}

Command plan_command(cli::RunFlags& flags) {
  Command command{"plan",
                  "Says what a run would ask for; fetches no candle.",
                  kPlanExamples,
                  cli::kExitCodesText,
                  {}};
  command.add(cli::run_flags(flags));
  return command;
}

Command fill_command(cli::RunFlags& flags) {
  Command command{
      "fill",
      "Fetches what is missing of every series that the store holds, each from its first\n"
      "candle or --lookback ago on, whichever is later.",
      kFillExamples,
      cli::kExitCodesText,
      {}};
  command.add(cli::fill_flags(flags));
  return command;
}

Command status_command(bf::engine::StatusFlags& flags) {
  Command command{"status", "Says what a store holds.", kStatusExamples, cli::kExitCodesText, {}};
  command.add(cli::selection_flags(flags.selection));
  command.add(cli::range_flags(flags.range));
  command.add({
      Flag("runs", "", "what was done to the store instead, oldest first", &flags.runs)
          .only_on_command_line(),
      cli::store_flag(flags.store),
  });
  command.add(cli::output_flags(flags.output));
  return command;
}

Command compact_command(bf::engine::CompactFlags& flags) {
  Command command{
      "compact",
      "Merges what a store's series hold of a month (from 1h on, a year) into one file.",
      kCompactExamples,
      cli::kExitCodesText,
      {}};
  command.add(cli::selection_flags(flags.selection));
  command.add({
      cli::store_flag(flags.store),
      Flag("allow-network-store", "", "write to a store on a network file system (nfs, smb, ...)",
           &flags.allow_network_store),
  });
  command.add(cli::output_flags(flags.output));
  return command;
}

Command import_command(bf::engine::ImportFlags& flags) {
  Command command{
      "import",
      "Stores the candles of a CSV or JSON file that another tool wrote.\n"
      "Digits are kept exactly; what REST or an archive says of a candle stands against it.",
      kImportExamples,
      cli::kExitCodesText,
      {}};
  command.add({
      Flag("FILE", "", "CSV or JSON rows, plain or gzip; - is stdin", &flags.file).as_argument(),
      Flag("as", "EXCHANGE/MARKET/SYMBOL", "whose candles they are", &flags.as)
          .only_on_command_line(),
      Flag("interval", "INTERVAL", "their interval (default: 1m)", &flags.interval)
          .only_on_command_line(),
      Flag("columns", "NAMES",
           "what the columns are, in their order, such as time,open,close,high,low,volume "
           "(default: by the header)",
           &flags.columns)
          .only_on_command_line(),
      Flag("time-unit", "UNIT", "of the open times: auto, s, ms, us, ns or text", &flags.time_unit)
          .only_on_command_line(),
      cli::store_flag(flags.store),
      Flag("allow-network-store", "", "write to a store on a network file system (nfs, smb, ...)",
           &flags.allow_network_store),
  });
  command.add(cli::output_flags(flags.output));
  return command;
}

Command symbols_command(bf::engine::SymbolsFlags& flags) {
  Command command{
      "symbols", "Lists the instruments of a market.", kSymbolsExamples, cli::kExitCodesText, {}};
  command.add({
      Flag("exchange", "NAME", "exchange, such as binance", &flags.exchange),
      Flag("market", "NAME", "market of it, such as um or spot (default: its first)",
           &flags.market),
      Flag("refresh", "",
           "ask exchange and archive, and write what they list into the store's ledger",
           &flags.refresh)
          .only_on_command_line(),
      Flag("offline", "", "what the store's ledger knows, without the network", &flags.offline),
      Flag("as-of", "TIME", "what the ledger knew then: 2024-01-31, RFC 3339, ms, -90d",
           &flags.as_of)
          .only_on_command_line(),
      cli::store_flag(flags.store),
      Flag("allow-network-store", "", "write to a store on a network file system (nfs, smb, ...)",
           &flags.allow_network_store),
  });
  command.add(cli::network_flags(flags.network));
  command.add(cli::output_flags(flags.output));
  return command;
}

Command sources_command(bf::engine::SourcesFlags& flags) {
  Command command{
      "sources",
      "Asks each source once whether it answers, and says what its limits let through.\n"
      "Exit 5 when one of them cannot be used: banned, blocked, out of reach.",
      kSourcesExamples,
      cli::kExitCodesText,
      {}};
  command.add({
      Flag("exchange", "NAME", "exchanges, such as binance,okx (default: all)", &flags.exchange),
      Flag("market", "NAME", "market of the exchange, such as um or spot (default: all)",
           &flags.market),
      Flag("max-weight", "PERCENT", "share of the rate limit to use, such as 50%",
           &flags.max_weight),
  });
  command.add(cli::network_flags(flags.network));
  command.add(cli::output_flags(flags.output));
  return command;
}

Command tune_command(bf::engine::TuneFlags& flags) {
  Command command{
      "tune",
      "Measures a source with rising numbers of requests in flight, within its limits, and says\n"
      "which one to use. Stores nothing.",
      kTuneExamples,
      cli::kExitCodesText,
      {}};
  command.add({
      Flag("exchange", "NAME", "exchange, such as binance", &flags.exchange),
      Flag("market", "NAME", "market of it, such as um or spot (default: its first)",
           &flags.market),
      Flag("symbol", "NAME",
           "whose candles to ask for, by the exchange's own name (default: what is listed longest)",
           &flags.symbol)
          .only_on_command_line(),
      Flag("seconds", "N", "how long to measure, about (default: 5)", &flags.seconds)
          .only_on_command_line(),
      Flag("max-weight", "PERCENT", "share of the rate limit to use, such as 50%",
           &flags.max_weight),
  });
  command.add(cli::network_flags(flags.network));
  command.add(cli::output_flags(flags.output));
  return command;
}

Command config_command(cli::RunFlags& flags) {
  Command command{
      "config",
      "Says what each key is set to, and whether a flag, the environment or a file said so.\n"
      "Passwords are masked.",
      kConfigExamples,
      cli::kExitCodesText,
      {}};
  command.add(cli::run_flags(flags));
  command.add({cli::lookback_flag(flags)});
  return command;
}

Exit dispatch(const cli::Invocation& asked, const AllFlags& flags) {
  const std::string& command = asked.command;
  if (command == "run") return bf::engine::run(flags.run);
  if (command == "plan") return bf::engine::plan(flags.plan);
  if (command == "fill") return bf::engine::fill(flags.fill);
  if (command == "status") return bf::engine::status(flags.status);
  if (command == "compact") return bf::engine::compact(flags.compact);
  if (command == "import") return bf::engine::import_file(flags.import);
  if (command == "config") return bf::engine::show_config(flags.config, asked.settings);
  if (command == "tune") return bf::engine::tune(flags.tune);
  if (command == "sources") return bf::engine::sources(flags.sources);
  return bf::engine::symbols(flags.symbols);
}

/// Pages are made on one thread and freed on others, and seals take and free some MiB at a time: with a heap for
/// each thread, and room that is never given back, a run takes half as much memory again.
void keep_heap_small() {
  constexpr int kLargeBytes = 1 << 20;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kLargeBytes);
  mallopt(M_TRIM_THRESHOLD, kLargeBytes);
}

}  // namespace

int main(int argc, char** argv) {
  keep_heap_small();
  AllFlags flags;
  bf::cli::Program program;
  program.name = kName;
  program.summary = "Fetches candle history through rate limits into a store of its own.";
  program.examples = kExamples;
  program.version = version_text();
  program.commands.push_back(run_command(flags.run));
  program.commands.push_back(plan_command(flags.plan));
  program.commands.push_back(fill_command(flags.fill));
  program.commands.push_back(status_command(flags.status));
  program.commands.push_back(compact_command(flags.compact));
  program.commands.push_back(import_command(flags.import));
  program.commands.push_back(symbols_command(flags.symbols));
  program.commands.push_back(sources_command(flags.sources));
  program.commands.push_back(tune_command(flags.tune));
  program.commands.push_back(config_command(flags.config));
  return bf::cli::run_program(program, argc, argv, [&flags](const cli::Invocation& asked) {
    return dispatch(asked, flags);
  });
}
