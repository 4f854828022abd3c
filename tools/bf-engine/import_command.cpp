#include <fmt/format.h>

#include <algorithm>

#include <memory>
#include <optional>

#include "tools/bf-engine/commands.h"
#include "tools/bf-engine/work_store.h"
#include "tools/cli/files.h"
#include "tools/cli/import_pages.h"
#include "tools/cli/import_rows.h"
#include "tools/cli/json.h"
#include "tools/cli/program.h"
#include "tools/cli/text.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using cli::format_count;
using cli::format_counted;
using cli::Json;

constexpr const char* kProgram = "bf-engine";
/// The file is held in memory while it is parsed.
constexpr std::size_t kFileBytesMax = std::size_t{2} << 30;

/// What an import did.
struct Imported {
  Series series;
  cli::ImportFindings found;
  std::int64_t repeated_headers = 0;
  std::int64_t stored = 0;
};

/// "EXCHANGE/MARKET/SYMBOL"; a symbol may hold slashes of its own.
Result<Series> parse_as(const ImportFlags& flags) {
  const std::size_t exchange_end = flags.as.find('/');
  const std::size_t market_end =
      exchange_end == std::string::npos ? std::string::npos : flags.as.find('/', exchange_end + 1);
  if (market_end == std::string::npos) {
    return fail(Code::kUsage, fmt::format("--as \"{}\" is not EXCHANGE/MARKET/SYMBOL, such as "
                                          "binance/spot/BTCUSDT",
                                          printable(flags.as)));
  }
  Series series;
  series.instrument = {flags.as.substr(0, exchange_end),
                       flags.as.substr(exchange_end + 1, market_end - exchange_end - 1),
                       flags.as.substr(market_end + 1)};
  if (const Result<void> valid = validate(series.instrument); !valid) {
    return fail(valid.error().at("--as"));
  }
  if (flags.interval.empty()) return series;
  const Result<Interval> interval = parse_interval(flags.interval);
  if (!interval) return fail(interval.error().at("--interval"));
  if (*interval == Interval::kEvents) {
    return fail(Code::kUsage, "--interval events: candles are what can be imported");
  }
  series.interval = *interval;
  return series;
}

Result<cli::ImportOptions> parse_options(const ImportFlags& flags, const Series& series) {
  cli::ImportOptions options;
  options.interval = series.interval;
  options.columns = cli::split(flags.columns, ',');
  const Result<cli::TimeUnit> unit = cli::parse_time_unit(flags.time_unit);
  if (!unit) return fail(unit.error());
  options.time_unit = *unit;
  return options;
}

/// What lies in the file or in its name is the user's to mend, whatever its kind.
Error input_error(const Error& error) { return Error(Code::kUsage, error.message()); }

std::string shown_name(const ImportFlags& flags) {
  return flags.file == "-" ? "stdin" : printable(flags.file);
}

Result<cli::ImportedRows> parse_file(const ImportFlags& flags, const cli::ImportOptions& options) {
  const Result<std::string> text = cli::read_input(flags.file, kFileBytesMax);
  if (!text) return fail(input_error(text.error()));
  Result<cli::ImportedRows> rows = cli::parse_import(*text, options);
  if (!rows) return fail(input_error(rows.error().at(shown_name(flags))));
  return rows;
}

/// Appends all rows, makes them durable, and leaves one segment a span behind, as a run does.
Result<void> append_rows(store::SeriesWriter& writer, cli::ImportPages pages) {
  for (;;) {
    const std::vector<store::AnsweredRows> group = pages.next();
    if (group.empty()) break;
    if (const Result<void> appended = writer.append(group); !appended) return appended;
    if (const Result<void> synced = writer.sync(); !synced) return synced;
    if (writer.log_bytes() <= store::kLogBytesMax) continue;
    if (const Result<void> sealed = writer.seal(); !sealed) return sealed;
  }
  const Result<store::CompactionReport> compacted = writer.compact();
  if (!compacted) return fail(compacted.error());
  return {};
}

Result<void> store_rows(store::Store& store, cli::ImportedRows& rows, TimeMs now, Imported& done) {
  const auto held = store.read(done.series);
  if (!held && held.error().code() != Code::kNotFound) return fail(held.error());
  if (held) {
    const Result<void> dropped = cli::drop_held_rows(rows, **held, done.found);
    if (!dropped) return dropped;
  }
  if (rows.order.empty()) return {};
  const auto writer = store.writer(done.series);
  if (!writer) return fail(writer.error());
  Result<void> ended = append_rows(**writer, cli::ImportPages(rows, done.series, now));
  if (ended) ended = (*writer)->close();
  if (ended) done.stored = static_cast<std::int64_t>(rows.order.size());
  return ended;
}

/// What is kept of an import that stored rows, or tried to.
store::RunRecord record_of(const ImportFlags& flags, const Imported& done, const Clock& clock,
                           TimeMs began, const Result<void>& stored) {
  store::RunRecord run;
  run.began = began;
  run.command = "import";
  run.selection = fmt::format("{} from {}", done.series.name(), shown_name(flags));
  run.range = done.found.range;
  run.series = 1;
  run.candles = done.stored;
  run.milliseconds = std::max<std::int64_t>(0, clock.wall_ms() - began);
  if (stored) return run;
  run.exit_code = static_cast<int>(backfill::exit_of(stored.error().code()));
  run.reasons.emplace_back(run.exit_code, stored.error().message());
  return run;
}

/// Opens the store for writing, and stores what it does not hold.
Result<void> import_into(const ImportFlags& flags, const Clock& clock, cli::ImportedRows& rows,
                         TimeMs now, Imported& done, cli::Narrator& narrator) {
  const auto files = open_file_system(flags.store, /*create=*/true);
  if (!files) return fail(files.error());
  store::StoreOptions options;
  options.mode = store::StoreOptions::Mode::kWrite;
  options.holder = kProgram;
  options.allow_network = flags.allow_network_store;
  const auto store = store::Store::open(**files, clock, options);
  if (!store) return fail(store.error().at("cannot open the store " + printable(flags.store)));
  const Result<void> stored = store_rows(**store, rows, now, done);
  record_run(**files, record_of(flags, done, clock, now, stored), narrator);
  return stored;
}

std::string report_text(const Imported& done) {
  const cli::ImportFindings& found = done.found;
  std::string text =
      fmt::format("{}: {}\n{} read, {} stored, {} held already\n", printable(done.series.name()),
                  format_range(found.range), format_counted(found.rows_read, "row"),
                  format_count(done.stored), format_count(found.held));
  const auto line = [&text](std::int64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{} {}\n", format_count(count), what);
  };
  line(found.repeats, "repeated with the same values: dropped");
  line(found.conflicts, fmt::format("repeated with other values: the last one stands, first {}",
                                    format_time(found.first_conflict)));
  line(found.differing, "that differ from what was held: bf-verify check lists them as conflicts");
  line(found.open_candles, "not closed yet: dropped");
  line(found.off_grid, "off the grid of the interval");
  line(found.odd_close_times, "with an unusual close time");
  line(found.wide_values,
       "values kept as text: beside their neighbours no 64-bit mantissa holds them");
  line(done.repeated_headers, "repeated headers passed over");
  text += found.holes == 0 ? std::string("no holes\n")
                           : fmt::format("{}, {} missing\n", format_counted(found.holes, "hole"),
                                         format_counted(found.missing_slots, "slot"));
  return text;
}

std::string report_json(const Imported& done, const ImportFlags& flags) {
  const cli::ImportFindings& found = done.found;
  return cli::json_text(Json{{"command", "import"},
                             {"version", BF_VERSION},
                             {"store", flags.store},
                             {"exit", static_cast<int>(Exit::kComplete)},
                             {"file", flags.file},
                             {"series", done.series.name()},
                             {"range", cli::range_json(found.range)},
                             {"rows_read", found.rows_read},
                             {"rows_stored", done.stored},
                             {"rows_held", found.held},
                             {"rows_differing", found.differing},
                             {"repeats", found.repeats},
                             {"conflicts", found.conflicts},
                             {"first_conflict", cli::time_json(found.first_conflict)},
                             {"open_candles", found.open_candles},
                             {"off_grid", found.off_grid},
                             {"odd_close_times", found.odd_close_times},
                             {"wide_values", found.wide_values},
                             {"repeated_headers", done.repeated_headers},
                             {"holes", found.holes},
                             {"missing", found.missing_slots}});
}

Result<Exit> work(const ImportFlags& flags, cli::Narrator& narrator) {
  Imported done;
  const Result<Series> series = parse_as(flags);
  if (!series) return fail(series.error());
  done.series = *series;
  const Result<cli::ImportOptions> options = parse_options(flags, *series);
  if (!options) return fail(options.error());

  Result<cli::ImportedRows> rows = parse_file(flags, *options);
  if (!rows) return fail(rows.error());
  done.repeated_headers = rows->repeated_headers;
  const SystemClock clock;
  const TimeMs now = clock.wall_ms();
  const Result<cli::ImportFindings> found = cli::settle_rows(*rows, series->interval, now);
  if (!found) return fail(input_error(found.error().at(shown_name(flags))));
  done.found = *found;

  narrator.note("store " + flags.store);
  const Result<void> stored = import_into(flags, clock, *rows, now, done, narrator);
  if (!stored) return fail(stored.error());
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? report_json(done, flags) : report_text(done));
  if (!printed) return fail(printed.error());
  return Exit::kComplete;
}

}  // namespace

Exit import_file(const ImportFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::engine
