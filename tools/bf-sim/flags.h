// tools/bf-sim/flags.h
//
// The command line of bf-sim.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/base/result.h"

namespace bf::tools {

struct SimFlags {
  std::string data;                       ///< --data
  std::optional<std::uint64_t> generate;  ///< --generate
  std::size_t symbols = 3;
  std::string from;
  std::string to;
  bool varied_lives = false;
  bool deribit_futures = false;
  std::int64_t outage_every_days = 30;

  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string port_file;
  std::string tls_cert;
  std::string tls_key;

  bool no_limits = false;
  std::int64_t weight_limit = 0;  ///< 0: as documented
  std::int64_t latency_ms = 0;
  bool gzip = false;
  std::string now;

  std::vector<std::string> fault;
  std::string faults;
  std::optional<std::uint64_t> fault_seed;
  bool fault_data = false;

  std::string ledger;
  bool request_log = false;
  std::vector<std::string> truth_csv;  ///< SERIES FROM TO
};

/// What the command line asks for; or, when there is nothing more to do (--help, a wrong flag), the
/// exit code.
struct ParsedFlags {
  SimFlags flags;
  std::optional<int> exit_code;
};
[[nodiscard]] ParsedFlags parse_flags(int argc, char** argv);

}  // namespace bf::tools
