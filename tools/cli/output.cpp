#include "tools/cli/output.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "store/base/series.h"
#include "tools/cli/files.h"

namespace bf::cli {
namespace {

/// Messages beyond this are cut: one of a peer must not flood a terminal.
constexpr std::size_t kMessageBytesMax = 4'000;

std::string_view label(Level level) noexcept {
  switch (level) {
    case Level::kWarning:
      return "warning: ";
    case Level::kError:
      return "error: ";
    case Level::kDetail:
    case Level::kNote:
      break;
  }
  return "";
}

std::string coloured(Level level) {
  if (level == Level::kWarning) return "\x1b[33mwarning:\x1b[0m ";
  if (level == Level::kError) return "\x1b[31merror:\x1b[0m ";
  return "";
}

spdlog::level::level_enum log_level(Level level) noexcept {
  switch (level) {
    case Level::kDetail:
      return spdlog::level::debug;
    case Level::kNote:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

/// The log file; without one, nothing.
class Narrator::Log {
 public:
  Log() = default;
  explicit Log(const std::string& path) : logger_(std::make_unique<spdlog::logger>("bf")) {
    logger_->sinks().push_back(std::make_shared<spdlog::sinks::basic_file_sink_st>(path));
    logger_->set_level(spdlog::level::debug);
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    logger_->flush_on(spdlog::level::warn);
  }
  void write(Level level, std::string_view text) {
    if (logger_ != nullptr) logger_->log(log_level(level), "{}", text);
  }

 private:
  std::unique_ptr<spdlog::logger> logger_;
};

std::vector<Flag> output_flags(OutputFlags& flags) {
  return {
      Flag("config", "FILE", "a file with any of these flags as keys (bf.toml)", &flags.config)
          .not_in_file(),
      Flag("json", "", "the report as one JSON object on stdout", &flags.json),
      Flag("quiet", "", "only warnings and errors on stderr", &flags.quiet, {"verbose"})
          .with_letter('q'),
      Flag("verbose", "", "details on stderr", &flags.verbose, {"quiet"}).with_letter('v'),
      Flag("log-file", "FILE", "append everything that is said to FILE, with times",
           &flags.log_file),
  };
}

Flag progress_flag(OutputFlags& flags) {
  return Flag("progress", "MODE", "auto, bar, plain or none (default: auto)", &flags.progress);
}

Result<ProgressMode> parse_progress(std::string_view text, bool terminal) {
  if (text == "auto") return terminal ? ProgressMode::kBar : ProgressMode::kPlain;
  if (text == "bar") return ProgressMode::kBar;
  if (text == "plain") return ProgressMode::kPlain;
  if (text == "none") return ProgressMode::kNone;
  return fail(Code::kUsage,
              fmt::format("--progress {}: write auto, bar, plain or none", printable(text)));
}

Narrator::Narrator(std::string program, const OutputFlags& flags, std::unique_ptr<Log> log)
    : program_(std::move(program)),
      log_(std::move(log)),
      quiet_(flags.quiet),
      verbose_(flags.verbose),
      colour_(colour_on_stderr()) {}

Narrator::~Narrator() { status(""); }

Result<std::unique_ptr<Narrator>> Narrator::open(std::string_view program,
                                                 const OutputFlags& flags) {
  auto log = std::make_unique<Log>();
  if (!flags.log_file.empty()) {
    try {
      log = std::make_unique<Log>(flags.log_file);
    } catch (const spdlog::spdlog_ex& problem) {
      return fail(Code::kUsage, fmt::format("--log-file: {}; name a file that can be written",
                                            printable(problem.what())));
    }
  }
  return std::unique_ptr<Narrator>(new Narrator(std::string(program), flags, std::move(log)));
}

void Narrator::say(Level level, std::string_view text) {
  const std::string line = one_line(text);
  log_->write(level, line);
  if (level == Level::kDetail && !verbose_) return;
  if (level <= Level::kNote && quiet_) return;
  const std::string shown = colour_ ? coloured(level) : std::string(label(level));
  write(fmt::format("{}: {}{}\n", program_, shown, line));
}

void Narrator::write(std::string_view text) {
  // The line at the bottom makes room and comes back below.
  const std::string all =
      status_.empty() ? std::string(text) : fmt::format("\r\x1b[K{}{}", text, status_);
  (void)write_all(STDERR_FILENO, all, "stderr");
}

void Narrator::status(std::string_view line) {
  if (line.empty() && status_.empty()) return;
  status_ = std::string(line);
  (void)write_all(STDERR_FILENO, "\r\x1b[K" + status_, "stderr");
}

bool terminal_on_stderr() noexcept { return ::isatty(STDERR_FILENO) == 1; }

bool colour_on_stderr() noexcept {
  const char* const off = std::getenv("NO_COLOR");
  return terminal_on_stderr() && (off == nullptr || *off == '\0');
}

std::size_t terminal_columns() noexcept {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

Result<void> write_stdout(std::string_view text) {
  return write_all(STDOUT_FILENO, text, "stdout");
}

void print_error(std::string_view program, std::string_view message) {
  (void)write_all(STDERR_FILENO, fmt::format("{}: error: {}\n", program, one_line(message)),
                  "stderr");
}

std::string one_line(std::string_view text) {
  std::string flat(text.substr(0, kMessageBytesMax));
  std::replace(flat.begin(), flat.end(), '\n', ' ');
  return printable(flat, kMessageBytesMax);
}

}  // namespace bf::cli
