#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "tools/bf-engine/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/program.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::engine {
namespace {

using backfill::Exit;
using cli::Json;

constexpr const char* kProgram = "bf-engine";

struct SeriesCompaction {
  Series series;
  store::CompactionReport report;
  std::string failure;  ///< why it stays as it is; empty when all went well
};

/// A store that is there, open for writing.
struct WritableStore {
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<store::Store> store;
};

Result<WritableStore> open_store(const CompactFlags& flags, const Clock& clock) {
  WritableStore open;
  Result<std::unique_ptr<FileSystem>> files = open_file_system(flags.store, /*create=*/false);
  if (!files) return fail(files.error());
  store::StoreOptions options;
  options.mode = store::StoreOptions::Mode::kWrite;
  options.holder = kProgram;
  options.allow_network = flags.allow_network_store;
  auto opened = store::Store::open(**files, clock, options);
  if (!opened) return fail(opened.error());
  open.files = std::move(*files);
  open.store = std::move(*opened);
  return open;
}

SeriesCompaction compact_series(store::Store& store, const Series& series) {
  SeriesCompaction done;
  done.series = series;
  const auto writer = store.writer(series);
  if (!writer) {
    done.failure = writer.error().message();
    return done;
  }
  const Result<store::CompactionReport> report = (*writer)->compact();
  if (report) {
    done.report = *report;
  } else {
    done.failure = report.error().message();
  }
  const Result<void> closed = (*writer)->close();
  if (!closed && done.failure.empty()) done.failure = closed.error().message();
  return done;
}

std::string change_text(std::uint64_t before, std::uint64_t after) {
  return fmt::format("{} -> {}", cli::format_count(static_cast<std::int64_t>(before)),
                     cli::format_count(static_cast<std::int64_t>(after)));
}

std::string report_text(const std::vector<SeriesCompaction>& all) {
  if (all.empty()) return "the store holds no series\n";
  cli::TextTable table({"series", "spans", "segments", "bytes"});
  std::int64_t spans = 0;
  std::int64_t saved = 0;
  for (const SeriesCompaction& done : all) {
    const store::CompactionReport& report = done.report;
    spans += static_cast<std::int64_t>(report.spans);
    saved += static_cast<std::int64_t>(report.bytes_before) -
             static_cast<std::int64_t>(report.bytes_after);
    table.add({printable(done.series.name()),
               cli::format_count(static_cast<std::int64_t>(report.spans)),
               change_text(report.segments_before, report.segments_after),
               change_text(report.bytes_before, report.bytes_after)});
  }
  return table.text() + fmt::format("{} of {} series compacted, {} less\n",
                                    cli::format_counted(spans, "span"),
                                    cli::format_count(static_cast<std::int64_t>(all.size())),
                                    cli::format_bytes(std::max<std::int64_t>(saved, 0)));
}

std::string report_json(const std::vector<SeriesCompaction>& all, const std::string& store,
                        Exit exit) {
  Json list = Json::array();
  for (const SeriesCompaction& done : all) {
    const store::CompactionReport& report = done.report;
    list.push_back({{"series", done.series.name()},
                    {"spans", report.spans},
                    {"spans_left", report.spans_left},
                    {"segments_before", report.segments_before},
                    {"segments_after", report.segments_after},
                    {"bytes_before", report.bytes_before},
                    {"bytes_after", report.bytes_after},
                    {"failure", done.failure.empty() ? Json(nullptr) : Json(done.failure)}});
  }
  return cli::json_text(Json{{"command", "compact"},
                             {"version", BF_VERSION},
                             {"store", store},
                             {"exit", static_cast<int>(exit)},
                             {"series", std::move(list)}});
}

Result<std::vector<Series>> select(const CompactFlags& flags) {
  const auto reader = cli::StoreReader::open(flags.store);
  if (!reader) return fail(reader.error());
  return (*reader)->select(flags.selection);
}

Result<Exit> work(const CompactFlags& flags, cli::Narrator& narrator) {
  const auto selected = select(flags);
  if (!selected) return fail(selected.error());
  const SystemClock clock;
  const Result<WritableStore> open = open_store(flags, clock);
  if (!open) return fail(open.error().at("cannot open the store " + printable(flags.store)));
  narrator.note("store " + flags.store);

  std::vector<SeriesCompaction> all;
  Exit exit = Exit::kComplete;
  for (const Series& series : *selected) {
    all.push_back(compact_series(*open->store, series));
    if (all.back().failure.empty()) continue;
    exit = Exit::kStorage;
    narrator.error(all.back().failure);
  }
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? report_json(all, flags.store, exit) : report_text(all));
  if (!printed) return fail(printed.error());
  return exit;
}

}  // namespace

Exit compact(const CompactFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::engine
