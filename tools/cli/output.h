// tools/cli/output.h
//
// stdout is data or the report; stderr is narration, which -q silences and -v widens; --log-file keeps
// all of it with times. On a terminal one line at the bottom shows progress and is rewritten.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/base/result.h"
#include "tools/cli/command_line.h"

namespace bf::cli {

struct OutputFlags {
  std::string config;
  bool quiet = false;
  bool verbose = false;
  std::string log_file;
  std::string progress = "auto";
  bool json = false;
};
/// --config, -q, -v, --log-file and --json.
[[nodiscard]] std::vector<Flag> output_flags(OutputFlags& flags);
/// --progress.
[[nodiscard]] Flag progress_flag(OutputFlags& flags);

enum class ProgressMode : std::uint8_t {
  kBar,    ///< one line, rewritten
  kPlain,  ///< a line every kPlainEverySeconds
  kNone,
};
inline constexpr std::int64_t kPlainEverySeconds = 10;
/// "auto" is a bar on a terminal and plain lines elsewhere. Errors: kUsage.
[[nodiscard]] Result<ProgressMode> parse_progress(std::string_view text, bool terminal);

enum class Level : std::uint8_t { kDetail, kNote, kWarning, kError };

class Narrator {
 public:
  /// `program` stands in front of warnings and errors.
  /// Errors: kUsage when the log file cannot be opened.
  [[nodiscard]] static Result<std::unique_ptr<Narrator>> open(std::string_view program,
                                                              const OutputFlags& flags);
  ~Narrator();

  /// One message; control characters in it are made visible. Shown: kDetail with -v, kNote unless -q,
  /// the others always. The log file has all of them.
  void say(Level level, std::string_view text);
  void note(std::string_view text) { say(Level::kNote, text); }
  void warn(std::string_view text) { say(Level::kWarning, text); }
  void error(std::string_view text) { say(Level::kError, text); }

  /// Shows `line` at the bottom of the terminal, in place of the one before; empty removes it.
  void status(std::string_view line);
  [[nodiscard]] bool quiet() const noexcept { return quiet_; }

 private:
  class Log;
  Narrator(std::string program, const OutputFlags& flags, std::unique_ptr<Log> log);
  void write(std::string_view text);

  std::string program_;
  std::unique_ptr<Log> log_;
  std::string status_;
  bool quiet_;
  bool verbose_;
  bool colour_;
};

/// Whether stderr is a terminal.
[[nodiscard]] bool terminal_on_stderr() noexcept;
/// Whether colours are wanted: a terminal, and no NO_COLOR.
[[nodiscard]] bool colour_on_stderr() noexcept;
/// The width of the terminal on stderr; 80 where it is unknown.
[[nodiscard]] std::size_t terminal_columns() noexcept;

/// Writes a report to stdout. Errors: kIo, kNoSpace.
[[nodiscard]] Result<void> write_stdout(std::string_view text);

/// "PROGRAM: MESSAGE" on stderr, for the time before there is a Narrator.
void print_error(std::string_view program, std::string_view message);

/// Control characters as \xNN, line ends kept as blanks: foreign text cannot move the cursor.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace bf::cli
