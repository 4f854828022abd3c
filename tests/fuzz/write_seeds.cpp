// tests/fuzz/write_seeds.cpp
//
// Writes the seeds of each fuzz target: the files of the golden stores as they are, and in pieces.
// Usage: fuzz_seeds GOLDEN_DIRECTORY SEED_DIRECTORY
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "store/base/assert.h"
#include "store/instrument_ledger.h"
#include "tests/fuzz/log_pieces.h"
#include "tests/fuzz/segment_pieces.h"

namespace bf::store::fuzz {
namespace {

namespace fs = std::filesystem;

Bytes read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void write(const fs::path& path, std::span<const std::byte> bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  BF_ASSERT(file.good());
}

void write_seeds_of(const fs::path& path, const std::string& name, const fs::path& seeds) {
  const Bytes bytes = read(path);
  if (path.extension() == ".seg") {
    write(seeds / "segment" / (name + ".file"), bytes);
    write(seeds / "segment" / (name + ".pieces"), join(pieces_of_segment(bytes)));
  } else if (path.extension() == ".log") {
    write(seeds / "log" / (name + ".file"), bytes);
    write(seeds / "log" / (name + ".pieces"), pieces_of_log(bytes));
  } else if (path.filename() == "MANIFEST") {
    write(seeds / "manifest" / name, bytes);
  } else if (path.filename() == "gaps") {
    write(seeds / "gap_cache" / name, bytes);
  }
}

/// Two segments that overlap: small ones, so that runs stay fast.
void write_pair(const fs::path& golden, const fs::path& seeds) {
  const fs::path directory = kSeries.path();
  std::vector<Bytes> pieces =
      pieces_of_segment(read(golden / "exceptions" / directory / "0001.seg"));
  const std::vector<Bytes> other =
      pieces_of_segment(read(golden / "compacted" / directory / "0014.seg"));
  pieces.insert(pieces.end(), other.begin(), other.end());
  write(seeds / "segment" / "pair.pieces", join(pieces));
}

/// A ledger with a change, a delisting and a full list.
Bytes ledger() {
  SimFileSystem files;
  auto ledger = InstrumentLedger::open(files);
  BF_ASSERT(ledger);
  InstrumentFacts facts;
  facts.instrument = kSeries.instrument;
  facts.status = "TRADING";
  facts.listed = 1'567'965'420'000;
  facts.price_tick = "0.10";
  BF_ASSERT(ledger->record(1'700'000'000'000, {&facts, 1}));
  facts.status = "BREAK";
  facts.delisted = 1'800'000'000'000;
  BF_ASSERT(ledger->record_list(1'700'000'001'000, "binance", "um", {&facts, 1}));
  const auto file = files.open("instruments", FileSystem::Open::kRead);
  BF_ASSERT(file);
  Bytes bytes((*file)->size().value());
  BF_ASSERT((*file)->pread(bytes, 0));
  return bytes;
}

}  // namespace
}  // namespace bf::store::fuzz

int main(int argc, char** argv) {
  using namespace bf::store::fuzz;
  if (argc != 3) {
    std::fputs("usage: fuzz_seeds GOLDEN_DIRECTORY SEED_DIRECTORY\n", stderr);
    return 2;
  }
  const fs::path golden = argv[1];
  const fs::path seeds = argv[2];
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(golden)) {
    if (!entry.is_regular_file()) continue;
    const fs::path relative = fs::relative(entry.path(), golden);
    const std::string store = relative.begin()->string();
    write_seeds_of(entry.path(), store + "-" + entry.path().filename().string(), seeds);
  }
  write_pair(golden, seeds);
  write(seeds / "ledger" / "ledger", ledger());
  return 0;
}
