#include "tools/bf-export/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/exchange/market_api.h"
#include "store/resample.h"
#include "tools/cli/files.h"

namespace bf::exporter {
namespace {

using cli::Command;
using cli::ExportColumn;
using cli::Flag;

constexpr const char* kExamples =
    "  bf-export btc.csv --exchange binance --market um --symbol BTCUSDT\n"
    "  bf-export btc.csv.gz --symbol BTCUSDT --from 2024-01-01 --to 2024-02-01\n"
    "  bf-export 'out/{symbol}-{interval}.csv' --exchange binance --market um\n"
    "  bf-export out/ --format csv.gz\n"
    "  bf-export all.jsonl --columns series,open_time,close,volume --time rfc3339\n"
    "  bf-export - --format csv --symbol BTCUSDT --gaps flat | head\n"
    "  bf-export btc-1h.csv --symbol BTCUSDT --resample 1h\n"
    "  bf-export btc-funding.csv --symbol BTCUSDT --kind funding\n";

constexpr const char* kNotes =
    "TARGET: a file (.csv, .csv.gz, .jsonl), - for stdout, a folder for one file a series, or a "
    "path\n"
    "with {exchange} {market} {symbol} {kind} {interval}. Several series in one file get a first\n"
    "column `series`. A file appears when it is whole.\n"
    "Columns: open_time, open, high, low, close, volume, quote_volume, trades, taker_buy_base,\n"
    "taker_buy_quote; of funding open_time, funding_rate, mark_price, funding_hours, index_price; "
    "and\n"
    "close_time, source, state, series. Values are the exchange's digits; what it did not tell is "
    "empty.\n"
    "--resample: UTC buckets, weeks from Monday; exact sums. One of fewer candles than it has "
    "slots is\n"
    "\"partial\" in the column `state`; one of none is left out.\n"
    "--gaps: omit (no row), null (empty cells), flat (an absent candle repeats the close before "
    "it,\n"
    "with volumes of 0; what is missing stays out), flag (as null, with a column `state`).\n"
    "Exit code 3 says that slots of the range are missing; the export is written all the same.\n\n";

std::string path_part(const Series& series, std::string_view word) {
  const Instrument& instrument = series.instrument;
  if (word == "exchange") return instrument.exchange;
  if (word == "market") return instrument.market;
  if (word == "kind") return std::string(kind_name(series.kind));
  if (word == "interval") return std::string(interval_name(series.interval));
  if (word != "symbol") return {};
  // Escaped as in the store: a foreign name is never a path of its own.
  const Result<std::string> escaped = escape_symbol(instrument.symbol);
  return escaped ? *escaped : std::string();
}

/// `target` with every {word} replaced.
Result<std::string> fill_in(std::string_view target, const Series& series) {
  std::string path;
  while (!target.empty()) {
    const std::size_t open = target.find('{');
    path.append(target.substr(0, open));
    if (open == std::string_view::npos) return path;
    const std::size_t close = target.find('}', open);
    const bool closed = close != std::string_view::npos;
    const std::string_view word = closed ? target.substr(open + 1, close - open - 1) : "";
    const std::string part = path_part(series, word);
    if (part.empty()) {
      return fail(Code::kUsage,
                  fmt::format("TARGET: {{{}}} is not known: write {{exchange}}, {{market}}, "
                              "{{symbol}}, {{kind}} or {{interval}}",
                              printable(word)));
    }
    path += part;
    target.remove_prefix(close + 1);
  }
  return path;
}

bool is_folder(const std::string& target) {
  return target.ends_with('/') || cli::is_directory(target);
}

Result<cli::ExportFormat> format_of(const ExportFlags& flags) {
  if (!flags.format.empty()) return cli::parse_export_format(flags.format);
  if (flags.target == "-" || is_folder(flags.target)) {
    return fail(Code::kUsage,
                "the target does not say its format: give --format csv, csv.gz or jsonl");
  }
  return cli::format_of_path(flags.target);
}

/// Puts each series into the file of its path, whose {interval} is that of the rows in it.
Result<std::vector<ExportFile>> assign_files(const std::string& pattern,
                                             const std::vector<Series>& series,
                                             std::optional<Interval> resample) {
  std::vector<ExportFile> files;
  for (const Series& one : series) {
    Series shown = one;
    shown.interval = resample.value_or(one.interval);
    Result<std::string> path = fill_in(pattern, shown);
    if (!path) return fail(path.error());
    const auto same = std::find_if(files.begin(), files.end(),
                                   [&path](const ExportFile& file) { return file.path == *path; });
    if (same != files.end()) {
      same->series.push_back(one);
    } else {
      files.push_back(ExportFile{std::move(*path), {one}});
    }
  }
  return files;
}

/// Reads --resample into the layout. Errors: kUsage: an unknown interval, one that the series cannot be
/// folded into, or what does not go with it.
Result<void> take_resample(const ExportFlags& flags, const std::vector<Series>& series,
                           cli::ExportLayout& layout) {
  if (flags.resample.empty()) return {};
  const Result<Interval> to = parse_interval(flags.resample);
  if (!to) return fail(to.error().at("--resample"));
  for (const Series& one : series) {
    if (one.is_events()) {
      return fail(Code::kUsage,
                  fmt::format("--resample: {} has events, which are not folded", one.name()));
    }
    if (store::can_resample(one.interval, *to)) continue;
    return fail(Code::kUsage,
                fmt::format("--resample {}: {} cannot be folded into it: its slots are "
                            "not made of whole slots of {}",
                            flags.resample, one.name(), interval_name(one.interval)));
  }
  if (layout.gaps != cli::GapMode::kOmit) {
    return fail(Code::kUsage, "--resample writes no rows for gaps: leave --gaps out");
  }
  if (layout.has(ExportColumn::Kind::kSource)) {
    return fail(Code::kUsage,
                "--resample: a folded candle has no one source: leave that column out");
  }
  layout.resample = *to;
  return {};
}

/// Events have no slots to fill, and no close time.
Result<void> check_events(const std::vector<Series>& series, const cli::ExportLayout& layout) {
  for (const Series& one : series) {
    if (!one.is_events()) continue;
    if (layout.gaps != cli::GapMode::kOmit) {
      return fail(Code::kUsage, fmt::format("--gaps: {} has events, and no slots between them: "
                                            "leave it out",
                                            one.name()));
    }
    if (layout.has(ExportColumn::Kind::kCloseTime)) {
      return fail(Code::kUsage,
                  fmt::format("--columns: an event of {} has no close_time", one.name()));
    }
  }
  return {};
}

}  // namespace

Command export_command(ExportFlags& flags) {
  Command command{"",
                  "Writes candles and funding of a store to files or stdout.",
                  kExamples,
                  std::string(kNotes) + cli::kExitCodesText,
                  {}};
  command.add(
      {Flag("TARGET", "", "file, folder, path with {symbol}, or -", &flags.target).as_argument()});
  command.add(cli::selection_flags(flags.selection));
  command.add(cli::range_flags(flags.range));
  command.add({
      cli::store_flag(flags.store),
      Flag("format", "NAME", "csv, csv.gz or jsonl (default: by the extension)", &flags.format),
      Flag("columns", "LIST", "columns, in this order (default: all that the market has)",
           &flags.columns),
      Flag("gaps", "MODE", "omit, null, flat or flag (default: omit)", &flags.gaps),
      Flag("resample", "NAME", "fold the candles into those of a longer interval, such as 1h",
           &flags.resample),
      Flag("time", "STYLE", "ms or rfc3339 (default: ms)", &flags.time),
      Flag("force", "", "replace files that exist", &flags.force).only_on_command_line(),
  });
  command.add(cli::output_flags(flags.output));
  return command;
}

std::vector<ExportColumn> default_columns(const ExportFile& file, const cli::ExportLayout& layout) {
  std::vector<ExportColumn> columns;
  if (file.series.size() > 1) {
    columns.push_back(ExportColumn{ExportColumn::Kind::kSeries, Column::kOpenTime});
  }
  const Series& first = file.series.front();
  const auto market = exchange::find_market(first.instrument.exchange, first.instrument.market);
  const ColumnSet all = first.is_events() ? kFundingColumns : kCandleColumns;
  const ColumnSet stored = market ? (*market)->columns(first.kind) : all;
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    const auto column = static_cast<Column>(i);
    if (!stored.contains(column)) continue;
    columns.push_back(ExportColumn{ExportColumn::Kind::kStored, column});
  }
  if (layout.gaps == cli::GapMode::kFlag || layout.resample) {
    columns.push_back(ExportColumn{ExportColumn::Kind::kState, Column::kOpenTime});
  }
  return columns;
}

Result<ExportPlan> plan_export(const ExportFlags& flags, const std::vector<Series>& series) {
  ExportPlan plan;
  const auto format = format_of(flags);
  if (!format) return fail(format.error());
  plan.layout.format = *format;
  const auto gaps = cli::parse_gap_mode(flags.gaps);
  if (!gaps) return fail(gaps.error());
  plan.layout.gaps = *gaps;
  const auto time = cli::parse_time_style(flags.time);
  if (!time) return fail(time.error());
  plan.layout.time = *time;
  if (!flags.columns.empty()) {
    auto columns = cli::parse_export_columns(flags.columns);
    if (!columns) return fail(columns.error());
    plan.layout.columns = std::move(*columns);
    const bool flag = *gaps == cli::GapMode::kFlag;
    if (flag && !plan.layout.has(ExportColumn::Kind::kState)) {
      plan.layout.columns.push_back(ExportColumn{ExportColumn::Kind::kState, Column::kOpenTime});
    }
  }
  const Result<void> fits = check_events(series, plan.layout);
  if (!fits) return fail(fits.error());
  const Result<void> resample = take_resample(flags, series, plan.layout);
  if (!resample) return fail(resample.error());
  std::string pattern = flags.target;
  if (pattern != "-" && is_folder(pattern)) {
    if (!pattern.ends_with('/')) pattern.push_back('/');
    pattern += "{exchange}-{market}-{symbol}-{kind}-{interval}";
    pattern += cli::format_extension(*format);
  }
  plan.makes_folders = pattern.find('{') != std::string::npos;
  auto files = assign_files(pattern, series, plan.layout.resample);
  if (!files) return fail(files.error());
  plan.files = std::move(*files);
  for (const ExportFile& file : plan.files) {
    const auto of_events = [](const Series& one) { return one.is_events(); };
    const auto events = std::count_if(file.series.begin(), file.series.end(), of_events);
    if (events == 0 || static_cast<std::size_t>(events) == file.series.size()) continue;
    return fail(Code::kUsage,
                fmt::format("{}: candles and funding have other columns and go into files of their "
                            "own: give --kind, or write {{kind}} into TARGET",
                            printable(file.path)));
  }
  return plan;
}

}  // namespace bf::exporter
