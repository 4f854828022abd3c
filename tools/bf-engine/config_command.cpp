#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "store/base/series.h"
#include "tools/bf-engine/commands.h"
#include "tools/cli/config.h"
#include "tools/cli/json.h"
#include "tools/cli/mask.h"
#include "tools/cli/program.h"
#include "tools/cli/text.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using cli::Json;
using cli::Setting;

constexpr const char* kProgram = "bf-engine";
constexpr std::size_t kValueBytesMax = 400;

std::string_view origin_name(Setting::From from) noexcept {
  switch (from) {
    case Setting::From::kFlag:
      return "flag";
    case Setting::From::kEnvironment:
      return "environment";
    case Setting::From::kFile:
      return "file";
    case Setting::From::kDefault:
      break;
  }
  return "default";
}

/// The keys of the file that are other programs'. The file was read a moment ago; one that cannot be read
/// any more has none.
std::vector<Setting> other_keys(const std::string& path, const std::vector<Setting>& settings) {
  std::vector<Setting> others;
  const Result<cli::Config> config = cli::read_config(path);
  if (!config) return others;
  for (const auto& [key, entry] : *config) {
    const std::string& name = key;
    const bool known =
        std::any_of(settings.begin(), settings.end(),
                    [&name](const Setting& known_one) { return known_one.name == name; });
    if (known) continue;
    Setting setting;
    setting.name = key;
    for (const std::string& value : entry.values) {
      setting.values.push_back(cli::mask_secrets(value));
    }
    setting.list = setting.values.size() != 1;
    setting.from = Setting::From::kFile;
    setting.where = path + ":" + std::to_string(entry.line);
    others.push_back(std::move(setting));
  }
  return others;
}

/// What an empty text stands for, where that is one thing for every run.
void resolve_defaults(std::vector<Setting>& settings) {
  std::map<std::string, std::string> stands_for = {
      {"interval", "1m"}, {"kind", "candles"}, {"to", "now"}};
  const Result<std::string> state = cli::state_directory("", cli::process_environment());
  if (state) stands_for["state-dir"] = *state;
  for (Setting& setting : settings) {
    const auto found = stands_for.find(setting.name);
    if (setting.values.empty() && found != stands_for.end())
      setting.values.push_back(found->second);
  }
}

std::string settings_text(const std::vector<Setting>& settings) {
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  std::vector<std::string> values;
  for (const Setting& setting : settings) {
    const std::string joined = printable(cli::join(setting.values, ","), kValueBytesMax);
    values.push_back(joined.empty() ? "-" : joined);
    key_width = std::max(key_width, setting.name.size());
    value_width = std::max(value_width, values.back().size());
  }
  std::string text;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const Setting& setting = settings[i];
    std::string line = setting.name;
    line.resize(key_width + 2, ' ');
    line += values[i];
    line.resize(key_width + 2 + value_width + 2, ' ');
    line += setting.where.empty() ? std::string(origin_name(setting.from))
                                  : printable(setting.where, kValueBytesMax);
    text += line + "\n";
  }
  return text;
}

Json value_json(const Setting& setting) {
  if (setting.list) return Json(setting.values);
  if (setting.values.empty()) return nullptr;
  return Json(setting.values.front());
}

std::string settings_json(const std::vector<Setting>& settings) {
  Json list = Json::array();
  for (const Setting& setting : settings) {
    list.push_back(Json{{"key", setting.name},
                        {"value", value_json(setting)},
                        {"from", std::string(origin_name(setting.from))},
                        {"where", setting.where.empty() ? Json(nullptr) : Json(setting.where)}});
  }
  return cli::json_text(Json{
      {"command", "config"}, {"version", BF_VERSION}, {"exit", 0}, {"settings", std::move(list)}});
}

Result<Exit> work(const cli::RunFlags& flags, std::vector<Setting> settings) {
  const std::string& path = flags.output.config;
  if (!path.empty()) {
    for (Setting& other : other_keys(path, settings)) settings.push_back(std::move(other));
  }
  resolve_defaults(settings);
  std::sort(settings.begin(), settings.end(),
            [](const Setting& a, const Setting& b) { return a.name < b.name; });
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? settings_json(settings) : settings_text(settings));
  if (!printed) return fail(printed.error());
  return Exit::kComplete;
}

}  // namespace

Exit show_config(const cli::RunFlags& flags, std::vector<Setting> settings) {
  return cli::with_narrator(kProgram, flags.output, [&](cli::Narrator& /*narrator*/) {
    return work(flags, std::move(settings));
  });
}

}  // namespace bf::engine
