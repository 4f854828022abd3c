// bf-export: writes candles of a store to CSV, gzipped CSV or JSON lines.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>

#include "store/resample.h"
#include "tools/bf-export/options.h"
#include "tools/cli/export_rows.h"
#include "tools/cli/export_target.h"
#include "tools/cli/files.h"
#include "tools/cli/json.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"
#include "tools/cli/write_behind.h"

namespace {

namespace cli = bf::cli;
using bf::Code;
using bf::Result;
using bf::Series;
using bf::TimeRange;
using bf::exporter::ExportFile;
using bf::exporter::ExportFlags;
using bf::exporter::ExportPlan;
using cli::Exit;
using cli::Json;

constexpr const char* kName = "bf-export";
/// The buffer is handed on when it has grown to this.
constexpr std::size_t kPushBytes = 1U << 19;

/// The signal that asked to stop; looked at between batches, so that no half file stays.
std::atomic<int> stop_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free);

void on_stop(int number) { stop_signal = number; }

/// What was written of one series.
struct SeriesExport {
  Series series;
  std::string path;
  TimeRange range;
  bf::store::SlotCounts slots;
  std::int64_t rows = 0;
};

class Exporter {
 public:
  Exporter(const cli::StoreReader& reader, const cli::SpecRange& range)
      : reader_(reader), range_(range) {}

  /// Errors: what the store or the target say; kCancelled after a signal. Then no file is left.
  Result<void> write_file(const ExportFile& file, cli::ExportLayout layout, bool force) {
    if (layout.columns.empty()) layout.columns = bf::exporter::default_columns(file, layout);
    const bool gzip = layout.format == cli::ExportFormat::kCsvGz;
    const auto target = cli::ExportTarget::open(file.path, gzip, force);
    if (!target) return bf::fail(target.error());
    cli::WriteBehind behind(**target);
    buffer_.clear();
    cli::RowWriter::header(layout, buffer_);
    for (const Series& series : file.series) {
      SeriesExport done;
      done.series = series;
      done.path = file.path;
      const Result<void> written = write_series(layout, behind, done);
      if (!written) return bf::fail(written.error().at(series.name()));
      done_.push_back(std::move(done));
    }
    const Result<void> pushed = behind.finish();
    if (!pushed) return pushed;
    const Result<void> written = (*target)->write(buffer_.text());
    if (!written) return written;
    return (*target)->commit();
  }

  [[nodiscard]] const std::vector<SeriesExport>& done() const noexcept { return done_; }

 private:
  Result<void> write_series(const cli::ExportLayout& layout, cli::WriteBehind& behind,
                            SeriesExport& done) {
    const auto snapshot = reader_.store().read(done.series);
    if (!snapshot) return bf::fail(snapshot.error());
    const bf::store::GapIndex& gaps = (*snapshot)->gaps();
    done.range = cli::looked_at(range_, gaps, reader_.life_of(done.series.instrument),
                                reader_.clock().wall_ms(), cli::OpenEnd::kHeld);
    if (done.range.empty()) return {};
    done.slots = gaps.count(done.range);
    std::vector<bf::store::StateRange> states;
    if (layout.gaps != cli::GapMode::kOmit) states = gaps.states(done.range);
    cli::SlotFiller filler(std::move(states), done.series.interval);
    bf::store::ScanOptions options;
    options.provenance = layout.has(cli::ExportColumn::Kind::kSource);
    auto scan = (*snapshot)->scan(done.range, layout.stored_columns(), options);
    if (layout.resample) {
      scan = bf::store::resample(std::move(scan), done.series.interval, *layout.resample);
    }
    return write_rows(layout, *scan, filler, behind, done);
  }

  Result<void> write_rows(const cli::ExportLayout& layout, bf::store::Scan& scan,
                          cli::SlotFiller& filler, cli::WriteBehind& behind, SeriesExport& done) {
    cli::RowWriter writer(layout, done.series);
    bf::store::ScanBatch batch;
    for (;;) {
      if (stop_signal != 0) return bf::fail(Code::kCancelled, "stopped by a signal");
      const Result<bool> more = scan.next(batch);
      if (!more) return bf::fail(more.error());
      if (!*more) break;
      write_batch(batch, writer, filler);
      done.rows += static_cast<std::int64_t>(batch.rows.row_count());
      const Result<void> pushed = push_when_full(behind);
      if (!pushed) return pushed;
    }
    while (const auto slot = filler.next_before(done.range.to)) {
      writer.empty_slot(*slot, buffer_);
      const Result<void> pushed = push_when_full(behind);
      if (!pushed) return pushed;
    }
    return {};
  }

  /// Rows in runs, with what lies between them.
  void write_batch(const bf::store::ScanBatch& batch, cli::RowWriter& writer,
                   cli::SlotFiller& filler) {
    const std::vector<bf::TimeMs>& times = batch.rows.open_time();
    std::size_t begin = 0;
    while (begin < times.size()) {
      while (const auto slot = filler.next_before(times[begin])) writer.empty_slot(*slot, buffer_);
      const auto limit = filler.peek();
      const auto end = limit ? std::lower_bound(times.begin() + static_cast<std::ptrdiff_t>(begin),
                                                times.end(), *limit)
                             : times.end();
      const auto stop = std::max(static_cast<std::size_t>(end - times.begin()), begin + 1);
      writer.rows(batch, begin, stop, buffer_);
      begin = stop;
    }
  }

  Result<void> push_when_full(cli::WriteBehind& behind) {
    if (buffer_.size() < kPushBytes) return {};
    return behind.push(buffer_);
  }

  const cli::StoreReader& reader_;
  const cli::SpecRange& range_;
  cli::TextBuffer buffer_;
  std::vector<SeriesExport> done_;
};

std::int64_t missing_of(const std::vector<SeriesExport>& done) {
  std::int64_t missing = 0;
  for (const SeriesExport& one : done) missing += one.slots.missing;
  return missing;
}

std::int64_t rows_of(const std::vector<SeriesExport>& done) {
  std::int64_t rows = 0;
  for (const SeriesExport& one : done) rows += one.rows;
  return rows;
}

/// The report goes to stderr: stdout may be the export itself.
void narrate(const std::vector<SeriesExport>& done, double seconds, cli::Narrator& narrator) {
  for (const SeriesExport& one : done) {
    narrator.say(cli::Level::kDetail, fmt::format("{}: {} of {} to {}", one.series.name(),
                                                  cli::format_counted(one.rows, "row"),
                                                  format_range(one.range), one.path));
  }
  const std::int64_t rows = rows_of(done);
  narrator.note(fmt::format(
      "{} of {} series written in {} ({})", cli::format_counted(rows, "row"),
      cli::format_count(static_cast<std::int64_t>(done.size())), cli::format_seconds(seconds),
      cli::format_rate(seconds > 0 ? static_cast<double>(rows) / seconds : 0)));
  const std::int64_t missing = missing_of(done);
  if (missing > 0) {
    narrator.warn(fmt::format("{} of the range are missing: bf-engine run fetches them",
                              cli::format_counted(missing, "slot")));
  }
}

std::string report_json(const std::vector<SeriesExport>& done, const ExportFlags& flags,
                        Exit exit) {
  Json list = Json::array();
  for (const SeriesExport& one : done) {
    Json object = {{"series", one.series.name()},
                   {"path", one.path},
                   {"range", cli::range_json(one.range)},
                   {"rows", one.rows}};
    object.update(cli::counts_json(one.slots, one.series.interval));
    list.push_back(std::move(object));
  }
  return cli::json_text(Json{{"command", "export"},
                             {"version", BF_VERSION},
                             {"store", flags.store},
                             {"exit", static_cast<int>(exit)},
                             {"rows", rows_of(done)},
                             {"series", std::move(list)}});
}

/// The plan of what the user selected of the store.
Result<ExportPlan> plan_of(const ExportFlags& flags, const cli::StoreReader& reader) {
  const auto selected = reader.select(flags.selection);
  if (!selected) return bf::fail(selected.error());
  if (selected->empty()) return bf::fail(Code::kUsage, "the store holds no series");
  return bf::exporter::plan_export(flags, *selected);
}

Result<Exit> work(const ExportFlags& flags, cli::Narrator& narrator) {
  if (flags.output.json && flags.target == "-") {
    return bf::fail(Code::kUsage, "--json and - both want stdout: write the export to a file");
  }
  const auto began = std::chrono::steady_clock::now();
  const auto reader = cli::StoreReader::open(flags.store);
  if (!reader) return bf::fail(reader.error());
  const auto range = cli::parse_range(flags.range, (*reader)->clock().wall_ms());
  if (!range) return bf::fail(range.error());
  const Result<ExportPlan> plan = plan_of(flags, **reader);
  if (!plan) return bf::fail(plan.error());
  narrator.note("store " + flags.store);

  Exporter exporter(**reader, *range);
  for (const ExportFile& file : plan->files) {
    if (plan->makes_folders) {
      const Result<void> made = cli::make_folders_of(file.path);
      if (!made) return bf::fail(made.error());
    }
    const Result<void> written = exporter.write_file(file, plan->layout, flags.force);
    if (!written && written.error().code() == Code::kCancelled) {
      return stop_signal == SIGTERM ? Exit::kTerminated : Exit::kInterrupted;
    }
    if (!written) return bf::fail(written.error());
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  narrate(exporter.done(), took.count(), narrator);
  const Exit exit = missing_of(exporter.done()) > 0 ? Exit::kMissing : Exit::kComplete;
  if (flags.output.json) {
    const Result<void> printed = cli::write_stdout(report_json(exporter.done(), flags, exit));
    if (!printed) return bf::fail(printed.error());
  }
  return exit;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, on_stop);
  std::signal(SIGTERM, on_stop);
  ExportFlags flags;
  cli::Program program;
  program.name = kName;
  program.summary = "Writes candles of a store to files or stdout.";
  program.version = std::string(kName) + " " BF_VERSION "\nstore format " +
                    std::to_string(bf::store::kFormatVersion);
  program.commands.push_back(bf::exporter::export_command(flags));
  return cli::run_program(program, argc, argv, [&flags](const cli::Invocation&) {
    return cli::with_narrator(kName, flags.output,
                              [&](cli::Narrator& narrator) { return work(flags, narrator); });
  });
}
