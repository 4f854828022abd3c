// tests/fuzz/log_fuzz.cpp
//
// Goal: no log, however hostile, does worse than an error. Method: a file is read as it is and with its
// checksums repaired; an input in pieces (log_pieces.h) becomes intact frames. Each is read, then
// recovered and sealed by a writer, and read again.
#include <cstring>

#include "store/base/assert.h"
#include "store/log.h"
#include "tests/fuzz/fuzz_store.h"
#include "tests/fuzz/log_pieces.h"

namespace bf::store::fuzz {
namespace {

void run_log(World& world, std::span<const std::byte> file) {
  world.put(log_name(world.manifest.log_epoch), file);
  world.put_manifest();
  const std::uint64_t before = read_all(world);
  const bool written = write_all(world);
  const std::uint64_t after = read_all(world);
  // What was recovered and sealed is sound: a writer never makes a damaged store.
  if (before != 0 && written) BF_ASSERT(after != 0);
}

LogIdentity identity(const World& world) {
  return LogIdentity{world.manifest.series_uuid, world.manifest.log_epoch};
}

/// With checksums and the first sequence as they should be.
void run_repaired(std::span<const std::byte> input, bool all_proven) {
  World world;
  Bytes repaired(input.begin(), input.end());
  repair_log(repaired, identity(world));
  FrameHeader first;
  if (repaired.size() >= sizeof(first)) std::memcpy(&first, repaired.data(), sizeof(first));
  world.manifest.log_first_sequence = first.sequence;
  // Where all of it was acknowledged, whatever is wrong in it is damage.
  if (all_proven) world.manifest.log_proven = repaired.size();
  run_log(world, repaired);
}

void run_file(std::span<const std::byte> input) {
  World world;
  run_log(world, input);
  run_repaired(input, /*all_proven=*/false);
  run_repaired(input, /*all_proven=*/true);
}

void run_pieces(std::span<const std::byte> input) {
  World world;
  const Bytes file = log_of_pieces(input, identity(world), world.manifest.log_first_sequence);
  run_log(world, file);
}

}  // namespace
}  // namespace bf::store::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bf::store;
  const auto input = std::as_bytes(std::span(data, size));
  constexpr std::string_view kMagic(kFrameMagic.data(), kFrameMagic.size());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with(kMagic)) {
    fuzz::run_file(input);
  } else {
    fuzz::run_pieces(input);
  }
  return 0;
}
