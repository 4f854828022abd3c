#include "tools/bf-sim/flags.h"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace bf::tools {
namespace {

constexpr const char* kAbout =
    "Examples:\n"
    "  bf-sim --data fixtures --port 8080             real candles, from a folder\n"
    "  bf-sim --generate 1 --symbols 50 --no-limits   made-up ones, as fast as they are asked for\n"
    "  bf-sim --data fixtures --fault 'klines nth=3 status=503' --fault 'klines every=10 cut=900'\n"
    "  bf-sim --data fixtures --truth-csv binance/spot/ARBUSDT/1m 2023-03-23 2023-03-24\n"
    "\n"
    "Plays Binance: REST of spot and USD-M futures with their limits, and the bulk archive. "
    "Made-up\n"
    "candles (--generate) are also those of OKX, Bybit, BloFin, Bitunix, Deribit and Yahoo, below "
    "the\n"
    "same address.\n"
    "Point a client at it: --base-url binance/um=http://127.0.0.1:PORT, or\n"
    "--archive-url binance=http://127.0.0.1:PORT/archive. Both markets are on one port.";

constexpr const char* kFooter =
    "A fault is an endpoint (klines, funding, exchangeInfo, time, ping, archive, checksum, "
    "listing,\n"
    "any), what must hold (symbol= market= connection= covers= nth= every= times= "
    "probability=\n"
    "from= to=) and one of:\n"
    "status=CODE [retry_after=TEXT], header=NAME:TEXT, body=TEXT, html, empty, truncate=N, cut=N,\n"
    "reset=N, stall=N, delay_ms=N, drip=N, close, gzip, plain, framing=NAME, encoding=NAME, "
    "json=NAME,\n"
    "rows=NAME, zip=NAME, missing=N, duplicate, unordered, off_grid, high_low, negative, early,\n"
    "symbol_of=NAME, interval_of=1h, earlier=N, unit=us|s, used_weight=N|none, checksum,\n"
    "truncate_zip=N, not_found. The names are in docs/faults.md; a '+' in TEXT is a blank.\n"
    "\n"
    "Exit codes: 0 stopped by SIGINT or SIGTERM; 2 a flag or a file is wrong; 5 the port is taken.";

void add_truth(CLI::App& app, SimFlags& flags) {
  const auto data = app.add_option("--data", flags.data,
                                   "Serve DIR/binance/{spot,um}/SYMBOL-INTERVAL.csv.gz, and the "
                                   "zips below DIR/archive as they are")
                        ->type_name("DIR");
  const auto generate =
      app.add_option("--generate", flags.generate, "Serve candles made from this number")
          ->type_name("SEED")
          ->excludes(data);
  app.add_option("--symbols", flags.symbols, "How many symbols to generate, on each market")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}))
      ->type_name("N")
      ->capture_default_str()
      ->needs(generate);
  app.add_option("--from", flags.from, "When generated symbols are listed (2020-01-01)")
      ->type_name("TIME")
      ->needs(generate);
  app.add_option("--to", flags.to, "When they are delisted (never)")
      ->type_name("TIME")
      ->needs(generate);
  app.add_flag("--varied-lives", flags.varied_lives, "List some of them later, delist some earlier")
      ->needs(generate);
  app.add_flag(
         "--deribit-futures", flags.deribit_futures,
         "79 dated futures of BTC and 72 of ETH on Deribit, 2019 to 2025, most of them expired")
      ->needs(generate);
  app.add_option("--outage-every", flags.outage_every_days,
                 "One outage of the whole exchange in about so many DAYS; 0: none")
      ->check(CLI::Range(0, 36'500))
      ->type_name("DAYS")
      ->capture_default_str()
      ->needs(generate);
  app.add_option("--truth-csv", flags.truth_csv,
                 "Print the candles of a series (EXCHANGE/MARKET/SYMBOL/INTERVAL) in [FROM, TO) as "
                 "kline CSV, or with events for INTERVAL its funding, and exit")
      ->expected(3)
      ->type_name("SERIES FROM TO");
}

void add_listening(CLI::App& app, SimFlags& flags) {
  app.add_option("--address", flags.address, "Address to listen on")->capture_default_str();
  app.add_option("--port", flags.port, "Port to listen on; 0: any that is free")
      ->capture_default_str();
  app.add_option("--port-file", flags.port_file, "Write the port to FILE once it is open")
      ->type_name("FILE");
  const auto cert =
      app.add_option("--tls-cert", flags.tls_cert, "Speak TLS with this certificate chain")
          ->type_name("FILE");
  const auto key = app.add_option("--tls-key", flags.tls_key, "and this key")->type_name("FILE");
  cert->needs(key);
  key->needs(cert);
}

void add_behaviour(CLI::App& app, SimFlags& flags) {
  app.add_flag("--no-limits", flags.no_limits, "Count weights, but refuse nothing");
  app.add_option("--weight-limit", flags.weight_limit,
                 "Weight a minute on each market (2400 um, 6000 spot)")
      ->check(CLI::PositiveNumber);
  app.add_option("--latency-ms", flags.latency_ms, "Wait before each answer")
      ->check(CLI::Range(0, 600'000));
  app.add_flag("--gzip", flags.gzip, "Compress answers for clients that accept it");
  app.add_option("--now", flags.now, "What the exchange's clock shows at the start; it runs on")
      ->type_name("TIME");
  app.add_option("--fault", flags.fault, "One fault, as below (repeatable)")
      ->type_name("RULE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--faults", flags.faults, "Faults, one a line")->type_name("FILE");
  const auto seed = app.add_option("--fault-seed", flags.fault_seed,
                                   "Random faults that a client which tries again gets over")
                        ->type_name("SEED");
  app.add_flag("--fault-data", flags.fault_data, "with --fault-seed: wrong rows as well")
      ->needs(seed);
  app.add_option("--ledger", flags.ledger, "Write every request to FILE, as lines of JSON")
      ->type_name("FILE");
  app.add_flag("--request-log", flags.request_log, "Print every request to stderr");
}

}  // namespace

ParsedFlags parse_flags(int argc, char** argv) {
  ParsedFlags parsed;
  CLI::App app(kAbout, "bf-sim");
  app.footer(kFooter);
  app.set_version_flag("--version", "bf-sim " BF_VERSION);
  add_truth(app, parsed.flags);
  add_listening(app, parsed.flags);
  add_behaviour(app, parsed.flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : 2;
    return parsed;
  }
  if (parsed.flags.data.empty() && !parsed.flags.generate) {
    std::fputs("bf-sim: what shall it serve? --data DIR or --generate SEED (see --help)\n", stderr);
    parsed.exit_code = 2;
  }
  return parsed;
}

}  // namespace bf::tools
