// tools/bf-export/options.h
//
// The flags of bf-export, and where each series of an export goes.
#pragma once

#include <string>
#include <vector>

#include "store/base/series.h"
#include "tools/cli/export_format.h"
#include "tools/cli/program.h"
#include "tools/cli/selection.h"
#include "tools/cli/time_spec.h"

namespace bf::exporter {

struct ExportFlags {
  cli::OutputFlags output;
  cli::SelectionFlags selection;
  cli::RangeFlags range;
  std::string store{cli::kDefaultStore};
  std::string target;
  std::string format;
  std::string columns;
  std::string gaps = "omit";
  std::string resample;
  std::string time = "ms";
  bool force = false;
};
[[nodiscard]] cli::Command export_command(ExportFlags& flags);

/// One file of an export, and the series in it, in order.
struct ExportFile {
  std::string path;
  std::vector<Series> series;
};

struct ExportPlan {
  cli::ExportLayout layout;  ///< without columns where the user named none
  std::vector<ExportFile> files;
  bool makes_folders = false;  ///< the target is a folder or a pattern: what leads to it is made
};

/// TARGET is a file, "-", a folder (one file a series in it), or a path with {exchange}, {market},
/// {symbol}, {kind}, {interval} (one file for each different path).
/// Errors: kUsage: a format that cannot be told, or an unknown {word}.
[[nodiscard]] Result<ExportPlan> plan_export(const ExportFlags& flags,
                                             const std::vector<Series>& series);

/// The columns that are written when none are named: `series` first where a file holds several, all
/// that the market of the first series has, `state` with --gaps flag and --resample.
[[nodiscard]] std::vector<cli::ExportColumn> default_columns(const ExportFile& file,
                                                             const cli::ExportLayout& layout);

}  // namespace bf::exporter
