#include "tools/cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

#include "store/base/assert.h"
#include "store/base/series.h"
#include "tools/cli/config.h"
#include "tools/cli/files.h"
#include "tools/cli/mask.h"
#include "tools/cli/suggest.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

/// Help that begins with what people look for.
class ExamplesFirst final : public CLI::Formatter {
 public:
  ExamplesFirst(std::string examples, std::string notes)
      : examples_(std::move(examples)), notes_(std::move(notes)) {
    column_width(34);
    label("REQUIRED", "(required)");
  }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string help = "Examples:\n" + examples_ + "\n";
    help += CLI::Formatter::make_help(app, std::move(name), mode);
    if (!notes_.empty()) help += "\n" + notes_;
    return help;
  }

 private:
  std::string examples_;
  std::string notes_;
};

CLI::Option* add_flag(CLI::App& app, const Flag& flag) {
  std::string names = flag.positional ? flag.name : "--" + flag.name;
  if (flag.letter != 0) names = fmt::format("-{},{}", flag.letter, names);
  CLI::Option* option = nullptr;
  if (bool* const* const on = std::get_if<bool*>(&flag.target)) {
    option = app.add_flag(names, **on, flag.help);
  } else if (std::string* const* const text = std::get_if<std::string*>(&flag.target)) {
    option = app.add_option(names, **text, flag.help);
    option->type_name(flag.placeholder)->take_last();
  } else {
    option = app.add_option(names, *std::get<std::vector<std::string>*>(flag.target), flag.help);
    // One value for each time that the flag is written: else it would swallow arguments behind it.
    option->type_name(flag.placeholder)->take_all()->allow_extra_args(false);
  }
  if (flag.positional) option->required();
  return option;
}

std::vector<std::string> flag_names(const Command& command) {
  std::vector<std::string> names = {"--help"};
  for (const Flag& flag : command.flags) {
    if (!flag.positional) names.push_back("--" + flag.name);
  }
  return names;
}

/// The error for an argument that no flag took. Its value is not repeated: it may be a secret.
Error unexpected_argument(const Program& program, const Command& command,
                          std::string_view argument) {
  const std::string word(argument.substr(0, argument.find('=')));
  if (word.starts_with("--") && looks_secret(word)) {
    return Error(Code::kUsage, secret_advice(printable(word)));
  }
  const std::string help =
      program.name + (command.name.empty() ? "" : " " + command.name) + " --help";
  if (word.find("://") != std::string::npos && argument.find('@') != std::string_view::npos) {
    return Error(Code::kUsage,
                 "a URL with a user or password is one argument too many; see " + help);
  }
  if (!word.starts_with("-")) {
    return Error(Code::kUsage,
                 fmt::format("\"{}\" is one argument too many; see {}", printable(word), help));
  }
  return Error(Code::kUsage, fmt::format("there is no flag {}{}; see {}", printable(word),
                                         did_you_mean(word, flag_names(command)), help));
}

Error unknown_command(const Program& program, const std::vector<std::string>& rest) {
  std::vector<std::string> names;
  for (const Command& command : program.commands) names.push_back(command.name);
  if (rest.empty()) {
    return Error(Code::kUsage, fmt::format("name a command: {}; see --help", join(names, ", ")));
  }
  const std::string word(std::string_view(rest.front()).substr(0, rest.front().find('=')));
  if (word.starts_with("-")) {
    if (looks_secret(word)) return Error(Code::kUsage, secret_advice(printable(word)));
    return Error(Code::kUsage,
                 fmt::format("{} stands before the command: write {} {} {} ...", printable(word),
                             program.name, names.front(), printable(word)));
  }
  return Error(Code::kUsage,
               fmt::format("there is no command \"{}\"{}; the commands are {}", printable(word),
                           did_you_mean(word, names), join(names, ", ")));
}

/// What has a value so far, and what must not be given one by a lower level.
class Settled {
 public:
  [[nodiscard]] bool has(const std::string& name) const { return names_.contains(name); }
  /// Flags that one level sets, each with where it does.
  using Level = std::vector<std::pair<const Flag*, std::string>>;
  void add_level(Setting::From from, const Level& level) {
    for (const auto& [flag, where] : level) {
      names_.insert(flag->name);
      names_.insert(flag->overrides.begin(), flag->overrides.end());
      origins_[flag->name] = {from, where};
    }
  }
  /// Requires: every level was added.
  [[nodiscard]] Setting setting_of(const Flag& flag) const {
    Setting setting;
    setting.name = flag.name;
    if (const bool* const* const on = std::get_if<bool*>(&flag.target)) {
      setting.values.emplace_back(**on ? "true" : "false");
    } else if (const std::string* const* const text = std::get_if<std::string*>(&flag.target)) {
      if (!(*text)->empty()) setting.values.push_back(mask_secrets(**text));
    } else {
      setting.list = true;
      for (const std::string& value : *std::get<std::vector<std::string>*>(flag.target)) {
        setting.values.push_back(mask_secrets(value));
      }
    }
    const auto origin = origins_.find(flag.name);
    if (origin != origins_.end()) std::tie(setting.from, setting.where) = origin->second;
    return setting;
  }

 private:
  std::set<std::string> names_;
  std::map<std::string, std::pair<Setting::From, std::string>> origins_;
};

/// Writes values of the environment or of a file into a flag's target.
Result<void> assign(const Flag& flag, const std::vector<std::string>& values,
                    std::string_view where) {
  if (std::vector<std::string>* const* const list =
          std::get_if<std::vector<std::string>*>(&flag.target)) {
    **list = values;
    return {};
  }
  if (values.size() != 1) {
    return fail(Code::kUsage, fmt::format("{}: {} takes one value", where, flag.name));
  }
  if (std::string* const* const text = std::get_if<std::string*>(&flag.target)) {
    **text = values.front();
    return {};
  }
  const std::string& word = values.front();
  const bool on = word == "true" || word == "1";
  if (!on && word != "false" && word != "0") {
    return fail(Code::kUsage,
                fmt::format("{}: \"{}\" is neither true nor false", where, printable(word)));
  }
  *std::get<bool*>(flag.target) = on;
  return {};
}

Result<void> take_environment(const Command& command, const Environment& environment,
                              Settled& settled) {
  Settled::Level level;
  for (const Flag& flag : command.flags) {
    if (flag.command_line_only || settled.has(flag.name)) continue;
    const std::string variable = variable_name(flag.name);
    const char* const value = environment(variable.c_str());
    if (value == nullptr || *value == '\0') continue;
    const Result<void> assigned = assign(flag, {value}, variable);
    if (!assigned) return assigned;
    level.emplace_back(&flag, variable);
  }
  settled.add_level(Setting::From::kEnvironment, level);
  return {};
}

bool holds_secret(const Flag& flag, const std::vector<std::string>& values) {
  return flag.secret_in != nullptr && std::any_of(values.begin(), values.end(), flag.secret_in);
}

/// Refuses secrets among what was written on the command line; does not repeat them.
Result<void> refuse_secrets(const std::vector<const Flag*>& given) {
  for (const Flag* flag : given) {
    std::vector<std::string> values;
    if (const auto* const list = std::get_if<std::vector<std::string>*>(&flag->target)) {
      values = **list;
    } else if (const auto* const text = std::get_if<std::string*>(&flag->target)) {
      values.push_back(**text);
    }
    if (!holds_secret(*flag, values)) continue;
    return fail(
        Code::kUsage,
        fmt::format("--{} with a user or password: other users see command lines; give it in "
                    "the environment ({}=...) or in bf.toml with mode 0600",
                    flag->name, variable_name(flag->name)));
  }
  return {};
}

Result<void> take_config(const Command& command, const std::string& path, Settled& settled) {
  const Result<Config> config = read_config(path);
  if (!config) return fail(config.error());
  Settled::Level level;
  for (const Flag& flag : command.flags) {
    if (flag.command_line_only || !flag.in_file || settled.has(flag.name)) continue;
    const auto entry = config->find(flag.name);
    if (entry == config->end()) continue;
    if (holds_secret(flag, entry->second.values) && !is_private_file(path)) {
      return fail(Code::kUsage,
                  fmt::format("{}:{}: {} has a password, and other users can read the file: chmod "
                              "600 {}",
                              printable(path), entry->second.line, flag.name, printable(path)));
    }
    const std::string where = fmt::format("{}:{}", path, entry->second.line);
    const Result<void> assigned = assign(flag, entry->second.values, where);
    if (!assigned) return assigned;
    level.emplace_back(&flag, where);
  }
  settled.add_level(Setting::From::kFile, level);
  return {};
}

/// The file that --config or BF_CONFIG names; empty when there is none.
std::string config_path(const Command& command) {
  for (const Flag& flag : command.flags) {
    if (flag.name == "config") return *std::get<std::string*>(flag.target);
  }
  return {};
}

Result<void> take_lower_levels(const Command& command, const std::vector<const Flag*>& given,
                               const Environment& environment, Settled& settled) {
  Settled::Level level;
  for (const Flag* const flag : given) level.emplace_back(flag, "--" + flag->name);
  settled.add_level(Setting::From::kFlag, level);
  const Result<void> from_environment = take_environment(command, environment, settled);
  if (!from_environment) return from_environment;
  const std::string path = config_path(command);
  if (path.empty()) return {};
  return take_config(command, path, settled);
}

struct Declared {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::vector<std::pair<const Flag*, CLI::Option*>> options;
};

Declared declare(CLI::App& app, const Command& command) {
  Declared declared;
  declared.command = &command;
  declared.app = command.name.empty() ? &app : app.add_subcommand(command.name, command.summary);
  declared.app->formatter(std::make_shared<ExamplesFirst>(command.examples, command.notes));
  // What no flag takes is left to us: CLI11's own message has no suggestion and repeats values.
  declared.app->allow_extras();
  for (const Flag& flag : command.flags) {
    // A flag that a file may set has to be known to every program that reads the same file.
    BF_ASSERT(flag.command_line_only || !flag.in_file || is_config_key(flag.name));
    declared.options.emplace_back(&flag, add_flag(*declared.app, flag));
  }
  return declared;
}

Result<Invocation> finish(const Program& program, const Declared& declared,
                          const Environment& environment) {
  const std::vector<std::string> rest = declared.app->remaining();
  if (!rest.empty()) return fail(unexpected_argument(program, *declared.command, rest.front()));
  std::vector<const Flag*> given;
  for (const auto& [flag, option] : declared.options) {
    if (option->count() > 0) given.push_back(flag);
  }
  const Result<void> open = refuse_secrets(given);
  if (!open) return fail(open.error());
  Settled settled;
  const Result<void> taken = take_lower_levels(*declared.command, given, environment, settled);
  if (!taken) return fail(taken.error());
  Invocation invocation;
  invocation.command = declared.command->name;
  for (const Flag& flag : declared.command->flags) {
    if (!flag.command_line_only) invocation.settings.push_back(settled.setting_of(flag));
  }
  return invocation;
}

}  // namespace

void Command::add(std::vector<Flag> group) {
  for (Flag& flag : group) flags.push_back(std::move(flag));
}

Environment process_environment() {
  return [](const char* name) -> const char* { return std::getenv(name); };
}

std::string variable_name(std::string_view flag) {
  std::string name = "BF_";
  for (const char c : flag) {
    if (c == '-') {
      name.push_back('_');
    } else {
      name.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    }
  }
  return name;
}

bool looks_secret(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '-' || c == '_') continue;
    plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  constexpr std::string_view kWords[] = {"secret", "passw",      "passphrase", "apikey",
                                         "token",  "credential", "privatekey", "accesskey"};
  return std::any_of(std::begin(kWords), std::end(kWords), [&plain](std::string_view word) {
    return plain.find(word) != std::string::npos;
  });
}

std::string secret_advice(std::string_view where) {
  return fmt::format(
      "{} looks like a secret: other users see command lines, and files are copied; public history "
      "needs none, so leave it out",
      where);
}

Result<Invocation> parse_command_line(const Program& program, int argc, const char* const* argv,
                                      const Environment& environment) {
  CLI::App app(program.summary, program.name);
  app.set_version_flag("--version", program.version, "version, and where trusted roots come from");
  app.get_formatter()->column_width(34);
  app.formatter(std::make_shared<ExamplesFirst>(program.examples, ""));
  app.allow_extras();
  std::vector<Declared> all;
  for (const Command& command : program.commands) all.push_back(declare(app, command));

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Invocation{"", {}, app.help()};
  } catch (const CLI::CallForVersion& version) {
    return Invocation{"", {}, std::string(version.what())};
  } catch (const CLI::ParseError& error) {
    return fail(Code::kUsage, printable(error.what()));
  }
  for (const Declared& declared : all) {
    if (declared.app == &app) return finish(program, declared, environment);
    // What stands before the command was not for it, and is not passed over in silence.
    if (declared.app->parsed() && app.remaining().empty()) {
      return finish(program, declared, environment);
    }
  }
  return fail(unknown_command(program, app.remaining()));
}

}  // namespace bf::cli
