#include "store/run_history.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "store/base/series.h"

namespace bf::store {
namespace {

constexpr std::string_view kRun = "run";
constexpr std::size_t kFields = 11;  // without reasons

constexpr RecordFormat kFormat = {
    .file = RunHistory::kFileName,
    .magic = "bf-runs",
    .what = "a history of runs",
    .remedy = "bf-verify scrub --repair keeps it aside and saves its lines",
    .version = 1,
};

/// `text` without what a terminal obeys, cut to what a record keeps.
std::string kept_text(std::string_view text) { return printable(text, RunHistory::kTextBytesMax); }

bool is_kept_text(std::string_view text) {
  // At most, every byte was spelled out as \xNN, and "..." says that more was cut.
  constexpr std::size_t kBytesMax = 4 * RunHistory::kTextBytesMax + 3;
  return text.size() <= kBytesMax && printable(text, kBytesMax) == text;
}

/// Digits alone, no sign.
bool read_count(std::string_view text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0;
}

bool read_exit_code(std::string_view text, int& out) {
  constexpr std::int64_t kMax = 255;
  std::int64_t code = 0;
  if (!read_count(text, code) || code > kMax) return false;
  out = static_cast<int>(code);
  return true;
}

bool read_reason(std::string_view text, std::pair<int, std::string>& out) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos || !read_exit_code(text.substr(0, blank), out.first)) {
    return false;
  }
  out.second = text.substr(blank + 1);
  return is_kept_text(out.second);
}

bool read_range(std::string_view from, std::string_view to, TimeRange& out) {
  std::optional<TimeMs> begin;
  std::optional<TimeMs> end;
  if (!read_time_field(from, begin) || !read_time_field(to, end)) return false;
  if (begin.has_value() != end.has_value()) return false;
  if (begin) out = {*begin, *end};
  return !begin || *begin < *end;
}

std::optional<RunRecord> read_run(std::span<const std::string_view> fields) {
  if (fields.size() < kFields || fields.size() > kFields + RunHistory::kReasonsMax) return {};
  RunRecord run;
  std::optional<TimeMs> began;
  if (fields[0] != kRun || !read_time_field(fields[1], began) || !began) return {};
  if (!is_kept_text(fields[2]) || !is_kept_text(fields[3])) return {};
  run.began = *began;
  run.command = fields[2];
  run.selection = fields[3];
  const bool numbers =
      read_range(fields[4], fields[5], run.range) && read_count(fields[6], run.series) &&
      read_count(fields[7], run.candles) && read_count(fields[8], run.requests) &&
      read_count(fields[9], run.milliseconds) && read_exit_code(fields[10], run.exit_code);
  if (!numbers) return {};
  for (const std::string_view field : fields.subspan(kFields)) {
    if (!read_reason(field, run.reasons.emplace_back())) return {};
  }
  return run;
}

std::string line_of(const RunRecord& run) {
  std::optional<TimeMs> from;
  std::optional<TimeMs> to;
  if (!run.range.empty()) {
    from = run.range.from;
    to = run.range.to;
  }
  std::vector<std::string> fields = {std::string(kRun),
                                     format_time(run.began),
                                     run.command,
                                     run.selection,
                                     time_field(from),
                                     time_field(to),
                                     std::to_string(run.series),
                                     std::to_string(run.candles),
                                     std::to_string(run.requests),
                                     std::to_string(run.milliseconds),
                                     std::to_string(run.exit_code)};
  for (const auto& [code, text] : run.reasons) {
    fields.push_back(std::to_string(code) + " " + text);
  }
  const std::vector<std::string_view> views(fields.begin(), fields.end());
  return record_line(views);
}

/// `run` as it can be kept.
RunRecord kept(RunRecord run) {
  run.command = kept_text(run.command);
  run.selection = kept_text(run.selection);
  if (run.reasons.size() > RunHistory::kReasonsMax) {
    const std::size_t more = run.reasons.size() - RunHistory::kReasonsMax + 1;
    run.reasons.resize(RunHistory::kReasonsMax);
    run.reasons.back().second = "and " + std::to_string(more) + " more";
  }
  for (auto& [code, text] : run.reasons) text = kept_text(text);
  if (run.range.empty()) run.range = {};
  return run;
}

}  // namespace

RunHistory::RunHistory(FileSystem& files) : file_(files, kFormat) {}

Result<RunHistory> RunHistory::open(FileSystem& files) {
  RunHistory history(files);
  const Result<void> read = history.file_.read([&](std::span<const std::string_view> fields) {
    std::optional<RunRecord> run = read_run(fields);
    if (run) history.runs_.push_back(std::move(*run));
    return run.has_value();
  });
  if (!read) return fail(read.error());
  return history;
}

bool RunHistory::first_line_is_damaged(FileSystem& files) {
  return RecordFile::first_line_is_damaged(files, kFormat);
}

Result<void> RunHistory::drop_damaged_lines(FileSystem& files) {
  return RecordFile::drop_damaged_lines(
      files, kFormat,
      [](std::span<const std::string_view> fields) { return read_run(fields).has_value(); });
}

Result<void> RunHistory::record(RunRecord run) {
  run = kept(std::move(run));
  const std::string line = line_of(run);
  // What could not be read back is not written: an instant that no year holds, a negative count.
  const std::vector<std::string_view> fields =
      record_fields(std::string_view(line).substr(0, line.size() - 1));
  const std::optional<RunRecord> back = read_run(fields);
  if (!back || !(*back == run)) {
    return fail(Code::kDataQuality, "the record of the run cannot be kept: " + printable(line));
  }
  const Result<void> written = file_.write(line);
  if (!written) return written;
  runs_.push_back(std::move(run));
  return {};
}

}  // namespace bf::store
