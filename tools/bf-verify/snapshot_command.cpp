#include <fmt/format.h>

#include <filesystem>

#include "store/base/file_system.h"
#include "store/base/hard_link.h"
#include "store/store_copy.h"
#include "tools/bf-verify/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/store_access.h"
#include "tools/cli/text.h"

namespace bf::verify {
namespace {

using cli::Exit;
using cli::Json;

constexpr const char* kProgram = "bf-verify";

/// Whether `path` lies in `directory` or is it; as far as either can be told.
bool lies_in(const std::string& path, const std::string& directory) {
  std::error_code error;
  const auto root = std::filesystem::canonical(directory, error);
  if (error) return false;
  const auto inner = std::filesystem::weakly_canonical(path, error);
  if (error) return false;
  const auto relative = inner.lexically_relative(root);
  return !relative.empty() && *relative.begin() != "..";
}

Result<std::unique_ptr<FileSystem>> open_empty(const SnapshotFlags& flags) {
  const std::string name = printable(flags.directory);
  if (lies_in(flags.directory, flags.store)) {
    return fail(Code::kUsage, name + " lies in the store itself: name a directory beside it");
  }
  auto files = open_file_system(flags.directory, /*create=*/true);
  if (!files) return files;
  const auto entries = (*files)->list("");
  if (!entries) return fail(entries.error());
  if (!entries->empty()) {
    return fail(Code::kUsage, name + " is not empty: name a directory that is, or a new one");
  }
  return files;
}

std::string text_of(const store::StoreCopy& copy, const SnapshotFlags& flags) {
  const auto counted = [](std::uint64_t count, const char* noun) {
    return cli::format_counted(static_cast<std::int64_t>(count), noun);
  };
  std::string out = fmt::format("{} series, {} ({}) in {}: ", copy.series,
                                counted(copy.segments_linked + copy.segments_copied, "segment"),
                                cli::format_bytes(static_cast<std::int64_t>(copy.bytes)),
                                printable(flags.directory));
  if (copy.segments_copied == 0) return out + "hard links, no space taken but for logs\n";
  return out + fmt::format("{} copied byte by byte: no hard links from there to here\n",
                           counted(copy.segments_copied, "segment"));
}

std::string json_of(const store::StoreCopy& copy, const SnapshotFlags& flags) {
  return cli::json_text(Json{{"command", "snapshot"},
                             {"version", BF_VERSION},
                             {"store", flags.store},
                             {"exit", static_cast<int>(Exit::kComplete)},
                             {"directory", flags.directory},
                             {"series", copy.series},
                             {"segments_linked", copy.segments_linked},
                             {"segments_copied", copy.segments_copied},
                             {"bytes", copy.bytes}});
}

Result<Exit> work(const SnapshotFlags& flags, cli::Narrator& narrator) {
  if (flags.directory.empty()) {
    return fail(Code::kUsage, "no directory is named: bf-verify snapshot DIR");
  }
  const auto from = open_file_system(flags.store, /*create=*/false);
  if (!from && from.error().code() == Code::kNotFound) return fail(cli::no_store(flags.store));
  if (!from) return fail(from.error());
  if (const auto reader = cli::StoreReader::open(flags.store); !reader) return fail(reader.error());
  const auto to = open_empty(flags);
  if (!to) return fail(to.error());
  narrator.note("store " + flags.store);
  const store::LinkFile link = [&flags](const std::string& path) {
    return hard_link(flags.store + "/" + path, flags.directory + "/" + path);
  };
  const Result<store::StoreCopy> copy = store::copy_store(**from, **to, link);
  if (!copy) {
    return fail(copy.error().at(printable(flags.directory) + " is no whole copy, remove it"));
  }
  const Result<void> printed =
      cli::write_stdout(flags.output.json ? json_of(*copy, flags) : text_of(*copy, flags));
  if (!printed) return fail(printed.error());
  return Exit::kComplete;
}

}  // namespace

Exit snapshot(const SnapshotFlags& flags) {
  return cli::with_narrator(kProgram, flags.output,
                            [&](cli::Narrator& narrator) { return work(flags, narrator); });
}

}  // namespace bf::verify
