#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "store/base/file_system.h"
#include "store/repair.h"
#include "store/scrub.h"
#include "store/series_list.h"
#include "store/store_file.h"
#include "tools/bf-verify/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::verify {
namespace {

using cli::Exit;
using cli::Json;
using store::Finding;

constexpr const char* kProgram = "bf-verify";
/// Ranges that a line for people has; --json has all.
constexpr std::size_t kRangesShown = 3;

/// What came of one series, or of the files at the root.
struct Scrubbed {
  std::string name;  ///< empty for the root
  Interval interval = Interval::k1m;
  store::RepairReport report;
  std::string error;  ///< why it could not be examined or repaired
};

struct Scrub {
  std::vector<Scrubbed> parts;
  bool repair = false;

  [[nodiscard]] std::size_t damaged_things() const {
    std::size_t count = 0;
    for (const Scrubbed& part : parts) count += part.report.findings.size();
    return count;
  }
  [[nodiscard]] std::size_t errors() const {
    return static_cast<std::size_t>(std::count_if(
        parts.begin(), parts.end(), [](const Scrubbed& part) { return !part.error.empty(); }));
  }
  [[nodiscard]] Exit exit() const {
    // What was repaired is whole again; what was lost is missing, which is told by others.
    const bool whole = errors() == 0 && (repair || damaged_things() == 0);
    return whole ? Exit::kComplete : Exit::kStorage;
  }
};

std::int64_t slots_in(const RangeSet& ranges, Interval interval) {
  std::int64_t slots = 0;
  for (const TimeRange range : ranges.ranges()) slots += slot_count(interval, range);
  return slots;
}

std::string lost_text(const Finding& finding, Interval interval) {
  std::string text;
  const auto ranges = finding.lost.ranges();
  if (!ranges.empty()) {
    // What is lost of events whose coverage is lost as well is a range in which some lay.
    text = interval == Interval::kEvents
               ? std::string("; lost: events in ")
               : fmt::format("; lost: {} in ",
                             cli::format_counted(slots_in(finding.lost, interval), "slot"));
    for (std::size_t i = 0; i < std::min(ranges.size(), kRangesShown); ++i) {
      text += (i == 0 ? "" : ", ") + format_range(ranges[i]);
    }
    if (ranges.size() > kRangesShown) {
      text += fmt::format(
          " and {} more",
          cli::format_counted(static_cast<std::int64_t>(ranges.size() - kRangesShown), "range"));
    }
  }
  if (!finding.lost_is_known) text += "; what it held besides is not known";
  return text;
}

/// Errors name the file that they are of: that stands in front already.
std::string without_path(const Finding& finding) {
  const std::string prefix = finding.file + ": ";
  return finding.what.starts_with(prefix) ? finding.what.substr(prefix.size()) : finding.what;
}

std::string text_of(const Scrub& scrub) {
  std::string out;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::int64_t series = 0;
  for (const Scrubbed& part : scrub.parts) {
    if (!part.name.empty()) ++series;
    files += static_cast<std::int64_t>(part.report.files);
    bytes += static_cast<std::int64_t>(part.report.bytes);
    for (const Finding& finding : part.report.findings) {
      out += fmt::format("damaged: {}: {}{}\n", printable(finding.file), without_path(finding),
                         lost_text(finding, part.interval));
    }
    for (const Finding& note : part.report.notes) {
      out += fmt::format("note: {}: {}\n", printable(note.file), note.what);
    }
    for (const std::string& path : part.report.quarantined) {
      out += fmt::format("kept: {}\n", printable(path));
    }
    if (part.report.manifest_rebuilt && part.error.empty()) {
      out += fmt::format("rebuilt: the manifest of {}\n", printable(part.name));
    }
  }
  out +=
      fmt::format("{} series, {} ({}) read: {} damaged", series, cli::format_counted(files, "file"),
                  cli::format_bytes(bytes), scrub.damaged_things());
  if (scrub.errors() != 0) out += fmt::format(", {} not examined", scrub.errors());
  if (scrub.damaged_things() == 0) return out + "\n";
  if (!scrub.repair) return out + "; bf-verify scrub --repair puts it aside\n";
  return out + (scrub.errors() == 0 ? "; repaired: the next bf-engine run fetches what was lost\n"
                                    : "; not all of it is repaired\n");
}

Json finding_json(const Finding& finding) {
  Json lost = Json::array();
  for (const TimeRange range : finding.lost.ranges()) lost.push_back(cli::range_json(range));
  return Json{{"file", finding.file},
              {"what", without_path(finding)},
              {"lost", std::move(lost)},
              {"lost_is_known", finding.lost_is_known}};
}

Json part_json(const Scrubbed& part) {
  Json findings = Json::array();
  for (const Finding& finding : part.report.findings) findings.push_back(finding_json(finding));
  Json notes = Json::array();
  for (const Finding& note : part.report.notes) {
    notes.push_back(Json{{"file", note.file}, {"what", note.what}});
  }
  return Json{{"series", part.name.empty() ? Json(nullptr) : Json(part.name)},
              {"files", part.report.files},
              {"bytes", part.report.bytes},
              {"findings", std::move(findings)},
              {"notes", std::move(notes)},
              {"quarantined", part.report.quarantined},
              {"segments_rewritten", part.report.segments_rewritten},
              {"manifest_rebuilt", part.report.manifest_rebuilt},
              {"error", part.error.empty() ? Json(nullptr) : Json(part.error)}};
}

std::string json_of(const Scrub& scrub, const ScrubFlags& flags) {
  Json parts = Json::array();
  for (const Scrubbed& part : scrub.parts) parts.push_back(part_json(part));
  return cli::json_text(Json{{"command", "scrub"},
                             {"version", BF_VERSION},
                             {"store", flags.store},
                             {"exit", static_cast<int>(scrub.exit())},
                             {"repair", flags.repair},
                             {"damaged", scrub.damaged_things()},
                             {"errors", scrub.errors()},
                             {"parts", std::move(parts)}});
}

class Scrubber {
 public:
  Scrubber(FileSystem& files, cli::Narrator& narrator, bool repair)
      : files_(files), narrator_(narrator) {
    scrub_.repair = repair;
  }

  /// Errors: those that leave nothing to look at.
  Result<void> root() {
    const auto found =
        scrub_.repair ? store::repair_root(files_, clock_) : store::scrub_root(files_);
    if (!found) return fail(found.error());
    Scrubbed part;
    part.report.findings = found->findings;
    part.report.notes = found->notes;
    part.report.quarantined = found->quarantined;
    scrub_.parts.push_back(std::move(part));
    return {};
  }

  void series(const Series& series) {
    Scrubbed part;
    part.name = series.name();
    part.interval = series.interval;
    Result<store::RepairReport> report = scrub_.repair ? repair(series) : examine(series);
    if (report) {
      part.report = std::move(*report);
    } else {
      part.error = report.error().message();
      narrator_.error(part.name + ": " + part.error);
    }
    scrub_.parts.push_back(std::move(part));
  }

  [[nodiscard]] const Scrub& scrub() const { return scrub_; }

 private:
  Result<store::RepairReport> examine(const Series& series) {
    Result<store::Examined> found = store::examine_series(files_, series);
    if (!found) return fail(found.error());
    store::RepairReport report;
    report.findings = std::move(found->findings);
    report.notes = std::move(found->notes);
    report.files = found->files;
    report.bytes = found->bytes;
    return report;
  }

  Result<store::RepairReport> repair(const Series& series) {
    const Result<store::Uuid> uuid = store::read_store_file(files_);
    if (!uuid) return fail(uuid.error());
    return store::repair_series({files_, clock_, *uuid, synced_directories_}, series);
  }

  FileSystem& files_;
  cli::Narrator& narrator_;
  SystemClock clock_;
  std::set<std::string> synced_directories_;
  Scrub scrub_;
};

Result<Exit> work(const ScrubFlags& flags, cli::Narrator& narrator) {
  const auto files = open_file_system(flags.store, /*create=*/false);
  if (!files && files.error().code() == Code::kNotFound) return fail(cli::no_store(flags.store));
  if (!files) return fail(files.error());
  auto held = store::list_series(**files, store::SeriesWith::kAnyOfOurs);
  if (!held) return fail(held.error());
  const auto store_file = store::read_store_file(**files);
  const bool none = !store_file && store_file.error().code() == Code::kNotFound && held->empty();
  if (none) return fail(cli::no_store(flags.store));
  // A ledger that cannot be read is a finding of the scrub, and knows no canonical symbols.
  const auto ledger = store::InstrumentLedger::open(**files);
  const cli::CanonicalNames names =
      ledger ? cli::canonical_names(*ledger) : [](const Instrument&) { return std::string(); };
  const auto selected = cli::select_series(flags.selection, std::move(*held), names);
  if (!selected) return fail(selected.error());
  narrator.note("store " + flags.store);

  std::unique_ptr<FileLock> lock;
  if (flags.repair) {
    auto taken = (*files)->lock(store::kLockName, "bf-verify scrub --repair");
    if (!taken) return fail(taken.error());
    lock = std::move(*taken);
  }
  Scrubber scrubber(**files, narrator, flags.repair);
  if (const Result<void> root = scrubber.root(); !root) return fail(root.error());
  for (const Series& series : *selected) scrubber.series(series);
  const Scrub& scrub = scrubber.scrub();
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? json_of(scrub, flags) : text_of(scrub));
  if (!printed) return fail(printed.error());
  return scrub.exit();
}

}  // namespace

Exit scrub(const ScrubFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::verify
