// tools/cli/config.h
//
// bf.toml: one file for all programs. Its keys are the flags' names; a key that no program knows is an
// error that names file and line.
//
//   store = "/srv/bf"
//   exchange = "binance"
//   symbol = ["BTCUSDT", "ETHUSDT"]
//   max-weight = "50%"
//   [base-url]
//   "binance/um" = "http://127.0.0.1:8080"
//   [fallback]
//   blofin = ["okx", "bybit"]
//   [proxy]
//   all = "http://proxy.example:3128"
//   binance = "socks5h://user:password@127.0.0.1:1080"    # then the file has to have mode 0600
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/result.h"

namespace bf::cli {

struct ConfigEntry {
  /// One for a plain value; a list's elements; "key=value" for each line of a table.
  std::vector<std::string> values;
  std::uint32_t line = 0;
};
using Config = std::map<std::string, ConfigEntry>;

/// Files beyond this are no configuration.
inline constexpr std::size_t kConfigBytesMax = 1U << 20;

/// Errors: kUsage: `path` cannot be read, is not TOML, has an unknown key (with a suggestion), a value
///         of the wrong shape, or a key that looks like a secret; all with file and line.
[[nodiscard]] Result<Config> read_config(const std::string& path);
/// As read_config, from text; `name` stands for the file in messages.
[[nodiscard]] Result<Config> parse_config(std::string_view text, std::string_view name);

/// Whether some program has a flag of this name that a file may set.
[[nodiscard]] bool is_config_key(std::string_view name);

}  // namespace bf::cli
