#include "tools/cli/export_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/base/series.h"
#include "tools/cli/json.h"
#include "tools/cli/suggest.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

constexpr ExportColumn::Kind kExtras[] = {ExportColumn::Kind::kCloseTime,
                                          ExportColumn::Kind::kSource, ExportColumn::Kind::kState,
                                          ExportColumn::Kind::kSeries};

const std::vector<std::string>& column_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      all.emplace_back(column_name(static_cast<Column>(i)));
    }
    for (const ExportColumn::Kind kind : kExtras) {
      all.emplace_back(export_column_name(ExportColumn{kind, Column::kOpenTime}));
    }
    return all;
  }();
  return names;
}

ExportColumn column_at(std::size_t index) noexcept {
  if (index < kColumnCount) {
    return ExportColumn{ExportColumn::Kind::kStored, static_cast<Column>(index)};
  }
  return ExportColumn{kExtras[index - kColumnCount], Column::kOpenTime};
}

}  // namespace

Result<ExportFormat> parse_export_format(std::string_view name) {
  if (name == "csv") return ExportFormat::kCsv;
  if (name == "csv.gz") return ExportFormat::kCsvGz;
  if (name == "jsonl" || name == "ndjson") return ExportFormat::kJsonLines;
  return fail(Code::kUsage,
              fmt::format("--format {}: write csv, csv.gz or jsonl", printable(name)));
}

Result<ExportFormat> format_of_path(std::string_view path) {
  if (path.ends_with(".csv.gz")) return ExportFormat::kCsvGz;
  if (path.ends_with(".csv")) return ExportFormat::kCsv;
  if (path.ends_with(".jsonl") || path.ends_with(".ndjson")) return ExportFormat::kJsonLines;
  return fail(Code::kUsage, fmt::format("{} does not say its format: name it .csv, .csv.gz or "
                                        ".jsonl, or give --format",
                                        printable(path)));
}

std::string_view format_extension(ExportFormat format) noexcept {
  switch (format) {
    case ExportFormat::kCsv:
      return ".csv";
    case ExportFormat::kCsvGz:
      return ".csv.gz";
    case ExportFormat::kJsonLines:
      break;
  }
  return ".jsonl";
}

Result<GapMode> parse_gap_mode(std::string_view name) {
  if (name == "omit") return GapMode::kOmit;
  if (name == "null") return GapMode::kNull;
  if (name == "flat") return GapMode::kFlat;
  if (name == "flag") return GapMode::kFlag;
  return fail(Code::kUsage,
              fmt::format("--gaps {}: write omit, null, flat or flag", printable(name)));
}

Result<TimeStyle> parse_time_style(std::string_view name) {
  if (name == "ms") return TimeStyle::kMs;
  if (name == "rfc3339") return TimeStyle::kRfc3339;
  return fail(Code::kUsage, fmt::format("--time {}: write ms or rfc3339", printable(name)));
}

std::string_view export_column_name(ExportColumn column) noexcept {
  switch (column.kind) {
    case ExportColumn::Kind::kStored:
      return column_name(column.stored);
    case ExportColumn::Kind::kCloseTime:
      return "close_time";
    case ExportColumn::Kind::kSource:
      return "source";
    case ExportColumn::Kind::kState:
      return "state";
    case ExportColumn::Kind::kSeries:
      break;
  }
  return "series";
}

Result<std::vector<ExportColumn>> parse_export_columns(std::string_view list) {
  std::vector<ExportColumn> columns;
  const std::vector<std::string>& names = column_names();
  for (const std::string& word : split(list, ',')) {
    const auto found = std::find(names.begin(), names.end(), word);
    if (found == names.end()) {
      return fail(Code::kUsage,
                  fmt::format("--columns: there is no column \"{}\"{}; known: {}", printable(word),
                              did_you_mean(word, names), join(names, ", ")));
    }
    const ExportColumn column = column_at(static_cast<std::size_t>(found - names.begin()));
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return fail(Code::kUsage, fmt::format("--columns: {} stands there twice", word));
    }
    columns.push_back(column);
  }
  if (columns.empty()) {
    return fail(Code::kUsage, "--columns names none; known: " + join(names, ", "));
  }
  return columns;
}

bool ExportLayout::has(ExportColumn::Kind kind) const noexcept {
  return std::any_of(columns.begin(), columns.end(),
                     [kind](const ExportColumn& column) { return column.kind == kind; });
}

ColumnSet ExportLayout::stored_columns() const noexcept {
  ColumnSet set;
  for (const ExportColumn& column : columns) {
    if (column.kind == ExportColumn::Kind::kStored) set.insert(column.stored);
  }
  if (gaps == GapMode::kFlat) set.insert(Column::kClose);
  return set;
}

std::string csv_cell(std::string_view text) {
  std::string cell;
  if (!text.empty()) {
    const char first = text.front();
    const bool formula = first == '=' || first == '+' || first == '-' || first == '@';
    if (formula || static_cast<unsigned char>(first) < 0x20) cell.push_back('\'');
  }
  cell.append(text);
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

std::string json_cell(std::string_view text) { return json_line(Json(std::string(text))); }

}  // namespace bf::cli
