// tools/bf-verify/commands.h
//
// The commands of bf-verify. Each prints its report and returns the exit code that it stands for.
#pragma once

#include "tools/cli/program.h"
#include "tools/cli/run_flags.h"
#include "tools/cli/selection.h"
#include "tools/cli/time_spec.h"

namespace bf::verify {

struct CheckFlags {
  cli::OutputFlags output;
  cli::SelectionFlags selection;
  std::string store{cli::kDefaultStore};
  std::string fail_on = "error";
};
/// Reads everything: checksums, structure, conflicts and the candles themselves.
[[nodiscard]] cli::Exit check(const CheckFlags& flags);

struct GapsFlags {
  cli::OutputFlags output;
  cli::SelectionFlags selection;
  cli::RangeFlags range;
  std::string store{cli::kDefaultStore};
  bool strict = false;
};
/// Lists what is missing and what is absent provisionally, from the gap index alone.
[[nodiscard]] cli::Exit gaps(const GapsFlags& flags);

struct DiffFlags {
  cli::OutputFlags output;
  cli::SelectionFlags selection;
  cli::RangeFlags range;
  cli::NetworkFlags network;
  std::string store{cli::kDefaultStore};
  std::string against;
  std::string tolerance_ticks = "0";
  std::string tolerance_percent = "0";
  std::string limit = "20";
};
/// Compares what is held with another source, and writes nothing.
[[nodiscard]] cli::Exit diff(const DiffFlags& flags);

struct ScrubFlags {
  cli::OutputFlags output;
  cli::SelectionFlags selection;
  std::string store{cli::kDefaultStore};
  bool repair = false;
};
/// Examines every file, and with --repair puts aside what is damaged.
[[nodiscard]] cli::Exit scrub(const ScrubFlags& flags);

struct SnapshotFlags {
  cli::OutputFlags output;
  std::string store{cli::kDefaultStore};
  std::string directory;
};
/// Copies a store that may be written meanwhile, by hard links where it can.
[[nodiscard]] cli::Exit snapshot(const SnapshotFlags& flags);

}  // namespace bf::verify
