#include "tools/cli/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "store/base/series.h"
#include "tools/cli/command_line.h"
#include "tools/cli/files.h"
#include "tools/cli/suggest.h"

// Errors come back as values: exceptions of ours there are none.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace bf::cli {
namespace {

/// Every flag of every program that may stand in a file, sorted.
const std::vector<std::string>& config_keys() {
  static const std::vector<std::string> keys = {
      "against",
      "all",
      "allow-network-store",
      "allow-plain-http",
      "archive-url",
      "base-url",
      "ca-file",
      "columns",
      "concurrency",
      "days",
      "events",
      "exchange",
      "exclude",
      "fail-on",
      "fallback",
      "format",
      "from",
      "gaps",
      "interval",
      "json",
      "kind",
      "log-file",
      "limit",
      "lookback",
      "market",
      "max-weight",
      "min-free",
      "offline",
      "progress",
      "proxy",
      "quiet",
      "resample",
      "series-at-once",
      "source",
      "state-dir",
      "store",
      "strict",
      "symbol",
      "symbols-file",
      "time",
      "to",
      "tolerance-percent",
      "tolerance-ticks",
      "verbose",
  };
  return keys;
}

std::string place(std::string_view name, const toml::source_region& source) {
  return fmt::format("{}:{}", name, source.begin.line);
}

/// A scalar as the text that a flag would have; nullopt for dates, tables and lists.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* const text = node.as_string()) return text->get();
  if (const auto* const whole = node.as_integer()) return fmt::format("{}", whole->get());
  if (const auto* const on = node.as_boolean()) return on->get() ? "true" : "false";
  // `from = 2024-01-31` without quotes is a TOML date; it means what it says.
  if (const auto* const date = node.as_date()) {
    const toml::date d = date->get();
    return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day);
  }
  return std::nullopt;
}

/// As scalar_text, and a list of them with commas between.
std::optional<std::string> list_text(const toml::node& node) {
  const toml::array* const list = node.as_array();
  if (list == nullptr) return scalar_text(node);
  std::string joined;
  for (const toml::node& element : *list) {
    const std::optional<std::string> text = scalar_text(element);
    if (!text) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += *text;
  }
  return joined;
}

Result<std::vector<std::string>> read_values(std::string_view key, const toml::node& node,
                                             const std::string& where) {
  std::vector<std::string> values;
  if (const std::optional<std::string> text = scalar_text(node)) {
    values.push_back(*text);
    return values;
  }
  if (const toml::array* const list = node.as_array()) {
    for (const toml::node& element : *list) {
      const std::optional<std::string> text = scalar_text(element);
      if (!text) return fail(Code::kUsage, where + ": the list holds what is not a plain value");
      values.push_back(*text);
    }
    return values;
  }
  const bool takes_table =
      key == "base-url" || key == "archive-url" || key == "proxy" || key == "fallback";
  if (const toml::table* const table = node.as_table(); table != nullptr && takes_table) {
    for (const auto& [name, element] : *table) {
      const std::optional<std::string> text = list_text(element);
      if (!text) return fail(Code::kUsage, where + ": the table holds what is not a plain value");
      values.push_back(std::string(name.str()) + "=" + *text);
    }
    return values;
  }
  return fail(Code::kUsage, fmt::format("{}: {}: write a text, a number, true or false, or a list "
                                        "of them",
                                        where, key));
}

}  // namespace

bool is_config_key(std::string_view name) {
  const std::vector<std::string>& keys = config_keys();
  return std::find(keys.begin(), keys.end(), name) != keys.end();
}

Result<Config> parse_config(std::string_view text, std::string_view name) {
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    return fail(Code::kUsage, fmt::format("{}: {}", place(name, parsed.error().source()),
                                          printable(parsed.error().description())));
  }
  Config config;
  for (const auto& [key, node] : parsed.table()) {
    const std::string word(key.str());
    const std::string where = place(name, key.source());
    if (looks_secret(word)) {
      return fail(Code::kUsage, secret_advice(fmt::format("{}: {}", where, printable(word))));
    }
    if (!is_config_key(word)) {
      return fail(Code::kUsage, fmt::format("{}: unknown key \"{}\"{}", where, printable(word),
                                            did_you_mean(word, config_keys())));
    }
    Result<std::vector<std::string>> values = read_values(word, node, where);
    if (!values) return fail(values.error());
    config[word] = ConfigEntry{std::move(*values), key.source().begin.line};
  }
  return config;
}

Result<Config> read_config(const std::string& path) {
  const Result<std::string> text = read_text_file(path, kConfigBytesMax);
  if (!text) return fail(Code::kUsage, "--config: " + text.error().message());
  return parse_config(*text, path);
}

}  // namespace bf::cli
