// bf-verify: reads a store and says whether it is whole, and what it lacks.

#include "store/store.h"
#include "tools/bf-verify/commands.h"

namespace {

namespace cli = bf::cli;
using cli::Command;
using cli::Flag;

constexpr const char* kName = "bf-verify";

constexpr const char* kExamples =
    "  bf-verify check\n"
    "  bf-verify gaps --exchange binance --symbol BTCUSDT\n"
    "  bf-verify diff --against archive --exchange binance --symbol BTCUSDT\n"
    "  bf-verify scrub --repair\n"
    "  bf-verify snapshot /backup/bf-2024-02-01\n";

constexpr const char* kCheckExamples =
    "  bf-verify check\n"
    "  bf-verify check --store /srv/bf --fail-on warning --json\n"
    "  bf-verify check --exchange binance --market um --symbol BTCUSDT\n";

constexpr const char* kGapsExamples =
    "  bf-verify gaps\n"
    "  bf-verify gaps --symbol BTCUSDT --from 2024-01-01 --to 2024-02-01\n"
    "  bf-verify gaps --from listing --json\n";

constexpr const char* kDiffExamples =
    "  bf-verify diff --against archive --exchange binance --market um --symbol BTCUSDT\n"
    "  bf-verify diff --against rest --days 7 --json\n"
    "  bf-verify diff --against okx --symbol BTC/USDT:USDT --tolerance-ticks 50 "
    "--tolerance-percent 100\n";

constexpr const char* kDiffNotes =
    "WHERE is the series' own exchange asked once more (rest), its archive (archive), or another\n"
    "exchange's instrument of the same canonical symbol (okx, okx/swap). Prices differ by ticks,\n"
    "volumes by percent of the larger one. Differences over the tolerances make exit 4. Nothing "
    "is\n"
    "written.\n\n";

constexpr const char* kScrubExamples =
    "  bf-verify scrub\n"
    "  bf-verify scrub --store /srv/bf --json\n"
    "  bf-verify scrub --repair && bf-engine run\n";

constexpr const char* kScrubNotes =
    "Without --repair nothing is written and no lock is taken: a run may go on meanwhile. A "
    "repair\n"
    "keeps each damaged file in a directory `quarantine` beside it; what was lost with it is then\n"
    "missing, and the next bf-engine run fetches it. Damage makes exit 6; with --repair, damage\n"
    "that could not be repaired.\n\n";

constexpr const char* kSnapshotExamples =
    "  bf-verify snapshot /srv/bf-2024-02-01\n"
    "  bf-verify snapshot --store /srv/bf /backup/bf\n";

constexpr const char* kSnapshotNotes =
    "The store may be written meanwhile. On the same file system the copy shares its segments "
    "with\n"
    "the store by hard links; on another one they are copied. DIR is a new directory, or an empty\n"
    "one; all of it is on the disk when the command ends.\n\n";

constexpr const char* kGapsNotes =
    "Without --from, a series is looked at from its first candle; without --to, up to now. "
    "Nothing\n"
    "is missing before a listing or after a delisting. With gaps, the exit code is 3.\n\n";

Command check_command(bf::verify::CheckFlags& flags) {
  Command command{"check",
                  "Verifies every checksum and every candle of a store.",
                  kCheckExamples,
                  cli::kExitCodesText,
                  {}};
  command.add(cli::selection_flags(flags.selection));
  command.add(
      {cli::store_flag(flags.store), Flag("fail-on", "LEVEL",
                                          "info, warning or error: findings that make exit 4 "
                                          "(default: error)",
                                          &flags.fail_on)});
  command.add(cli::output_flags(flags.output));
  return command;
}

Command gaps_command(bf::verify::GapsFlags& flags) {
  Command command{"gaps",
                  "Lists missing and provisionally absent ranges.",
                  kGapsExamples,
                  std::string(kGapsNotes) + cli::kExitCodesText,
                  {}};
  command.add(cli::selection_flags(flags.selection));
  command.add(cli::range_flags(flags.range));
  command.add(
      {cli::store_flag(flags.store),
       Flag("strict", "", "provisional absences count as missing (exit 3)", &flags.strict)});
  command.add(cli::output_flags(flags.output));
  return command;
}

Command diff_command(bf::verify::DiffFlags& flags) {
  Command command{"diff",
                  "Compares held candles with another source.",
                  kDiffExamples,
                  std::string(kDiffNotes) + cli::kExitCodesText,
                  {}};
  command.add(
      {Flag("against", "WHERE", "rest, archive, EXCHANGE or EXCHANGE/MARKET", &flags.against)});
  command.add(cli::selection_flags(flags.selection));
  command.add(cli::range_flags(flags.range));
  command.add({cli::store_flag(flags.store),
               Flag("tolerance-ticks", "N", "prices may differ by so many ticks (default: 0)",
                    &flags.tolerance_ticks),
               Flag("tolerance-percent", "N", "volumes may differ by so many percent (default: 0)",
                    &flags.tolerance_percent),
               Flag("limit", "N", "differences of a series to list (default: 20)", &flags.limit)});
  command.add(cli::network_flags(flags.network));
  command.add(cli::output_flags(flags.output));
  return command;
}

Command scrub_command(bf::verify::ScrubFlags& flags) {
  Command command{"scrub",
                  "Finds every damaged file, and repairs the store.",
                  kScrubExamples,
                  std::string(kScrubNotes) + cli::kExitCodesText,
                  {}};
  command.add(cli::selection_flags(flags.selection));
  command.add({cli::store_flag(flags.store),
               Flag("repair", "", "keep damaged files aside and make the rest whole", &flags.repair)
                   .only_on_command_line()});
  command.add(cli::output_flags(flags.output));
  return command;
}

Command snapshot_command(bf::verify::SnapshotFlags& flags) {
  Command command{"snapshot",
                  "Makes a consistent copy of a store, also of one that is being filled.",
                  kSnapshotExamples,
                  std::string(kSnapshotNotes) + cli::kExitCodesText,
                  {}};
  command.add({Flag("DIR", "", "where the copy goes: new or empty", &flags.directory).as_argument(),
               cli::store_flag(flags.store)});
  command.add(cli::output_flags(flags.output));
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  bf::verify::CheckFlags check;
  bf::verify::GapsFlags gaps;
  bf::verify::DiffFlags diff;
  bf::verify::ScrubFlags scrub;
  bf::verify::SnapshotFlags snapshot;
  cli::Program program;
  program.name = kName;
  program.summary = "Says whether a store is whole, and what it lacks.";
  program.examples = kExamples;
  program.version = std::string(kName) + " " BF_VERSION "\nstore format " +
                    std::to_string(bf::store::kFormatVersion);
  program.commands.push_back(check_command(check));
  program.commands.push_back(gaps_command(gaps));
  program.commands.push_back(diff_command(diff));
  program.commands.push_back(scrub_command(scrub));
  program.commands.push_back(snapshot_command(snapshot));
  return cli::run_program(program, argc, argv, [&](const cli::Invocation& asked) {
    const std::string& command = asked.command;
    if (command == "check") return bf::verify::check(check);
    if (command == "gaps") return bf::verify::gaps(gaps);
    if (command == "diff") return bf::verify::diff(diff);
    return command == "scrub" ? bf::verify::scrub(scrub) : bf::verify::snapshot(snapshot);
  });
}
