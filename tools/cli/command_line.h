// tools/cli/command_line.h
//
// What a program is told: each flag is declared once, and can be given on the command line (--name),
// in the environment (BF_NAME) and in the file that --config names (key name). The first of these that
// has it wins. --help begins with examples.
//
// Values arrive as text: what reads them knows what they mean, and says so in its own errors.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "store/base/result.h"

namespace bf::cli {

struct Flag {
  using Target = std::variant<bool*, std::string*, std::vector<std::string>*>;

  /// `placeholder` is empty for a switch; a list may be given several times. `overrides` names flags
  /// that this one silences where they come from a lower level: --days 90 is not contradicted by a
  /// `from` in the file. The target outlives the parsing and holds the default before it.
  Flag(std::string flag_name, std::string value_name, std::string text, Target where,
       std::vector<std::string> silenced = {})
      : name(std::move(flag_name)),
        placeholder(std::move(value_name)),
        help(std::move(text)),
        target(where),
        overrides(std::move(silenced)) {}

  /// The same flag, neither a key nor a variable: what belongs to one call alone, such as --force.
  [[nodiscard]] Flag only_on_command_line() && {
    command_line_only = true;
    return std::move(*this);
  }
  /// The same flag, not a key: --config, which has its variable.
  [[nodiscard]] Flag not_in_file() && {
    in_file = false;
    return std::move(*this);
  }
  /// The same flag with a one-letter spelling, -v.
  [[nodiscard]] Flag with_letter(char c) && {
    letter = c;
    return std::move(*this);
  }
  /// The same flag, whose values hold a secret where `holds_secret` says so: then it is refused on the
  /// command line, which others see, and in a file that others can read.
  [[nodiscard]] Flag with_secrets(bool (*holds_secret)(std::string_view value)) && {
    secret_in = holds_secret;
    return std::move(*this);
  }
  /// An argument without dashes, in place of a flag.
  [[nodiscard]] Flag as_argument() && {
    positional = true;
    command_line_only = true;
    return std::move(*this);
  }

  std::string name;         ///< "max-weight"
  std::string placeholder;  ///< "PERCENT"
  std::string help;
  Target target;
  std::vector<std::string> overrides;
  bool (*secret_in)(std::string_view value) = nullptr;
  char letter = 0;
  bool command_line_only = false;
  bool in_file = true;
  bool positional = false;
};

/// One command of a program; the only one of a program without commands has no name.
struct Command {
  std::string name;
  std::string summary;
  std::string examples;  ///< whole lines
  std::string notes;     ///< whole lines, at the end of --help; may be empty
  std::vector<Flag> flags;

  /// Appends the flags of a group.
  void add(std::vector<Flag> group);
};

struct Program {
  std::string name;
  std::string summary;
  std::string examples;
  std::string version;  ///< what --version prints, whole lines
  std::vector<Command> commands;
};

/// The value of an environment variable, or nullptr.
using Environment = std::function<const char*(const char* name)>;
/// The process's own.
[[nodiscard]] Environment process_environment();

/// What a flag is set to, and who said so.
struct Setting {
  enum class From : std::uint8_t { kFlag, kEnvironment, kFile, kDefault };
  std::string name;
  /// As they may be shown: secrets are masked. Of a switch: true, false.
  std::vector<std::string> values;
  bool list = false;  ///< it may have any number of values
  From from = From::kDefault;
  std::string where;  ///< "--store", "BF_STORE", "bf.toml:3"; "" for a default
};

struct Invocation {
  std::string command;
  /// Of the command, each flag that may also be a variable or a key, in their order.
  std::vector<Setting> settings = {};
  /// --help or --version: print it and end well.
  std::optional<std::string> text = {};
};

/// Fills in the targets of the command that was named.
/// Errors: kUsage: an unknown command, flag, key or value, with a suggestion; a flag, variable or key
///         that looks like a secret; a secret on the command line, or in a file that others can read; a
///         configuration file that cannot be read, with file and line.
[[nodiscard]] Result<Invocation> parse_command_line(const Program& program, int argc,
                                                    const char* const* argv,
                                                    const Environment& environment);

/// "max-weight" -> "BF_MAX_WEIGHT".
[[nodiscard]] std::string variable_name(std::string_view flag);

/// Whether a flag or key of this name would carry a secret ("api-key", "token", "password" ...).
[[nodiscard]] bool looks_secret(std::string_view name);
/// What to do instead.
[[nodiscard]] std::string secret_advice(std::string_view where);

}  // namespace bf::cli
