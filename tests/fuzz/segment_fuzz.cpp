// tests/fuzz/segment_fuzz.cpp
//
// Goal: no segment, however hostile, does worse than an error. Method: a file is opened as it is and
// with its checksums repaired; an input in pieces (segment_pieces.h) becomes two segments, which are read
// and compacted into one. Where there are pieces for one alone, both are of these.
#include <algorithm>

#include "store/base/assert.h"
#include "store/segment.h"
#include "tests/fuzz/fuzz_store.h"
#include "tests/fuzz/segment_pieces.h"

namespace bf::store::fuzz {
namespace {

constexpr std::uint32_t kFirstId = 1'000;  // golden segments supersede lower ones

void put_segment(World& world, std::span<const std::byte> file) {
  const SegmentEntry entry = entry_of(file);
  world.manifest.segments.push_back(entry);
  world.manifest.next_segment = std::max(world.manifest.next_segment, entry.id + 1);
  world.put(segment_name(entry.id), file);
  world.manifest.log_first_sequence = entry.last_sequence + 1;
}

void run_file(std::span<const std::byte> file) {
  World world;
  world.manifest.series_uuid = uuid_of(file);
  put_segment(world, file);
  world.put_manifest();
  read_all(world);
}

void run_pieces(std::span<const std::byte> input) {
  World world;
  const std::vector<Bytes> pieces = split(input);
  const auto first = std::span(pieces).first(std::min(pieces.size(), kSegmentPieces));
  const auto rest = std::span(pieces).subspan(first.size());
  const Uuid& uuid = world.manifest.series_uuid;
  put_segment(world, segment_of_pieces(first, uuid, kFirstId, 1));
  put_segment(world, segment_of_pieces(rest.empty() ? first : rest, uuid, kFirstId + 1, 2));
  world.put_manifest();
  const std::uint64_t before = read_all(world);
  const bool written = write_all(world);
  const std::uint64_t after = read_all(world);
  // Compaction changes nothing that a sound series says.
  if (before != 0 && written) BF_ASSERT(after == before);
}

}  // namespace
}  // namespace bf::store::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bf::store;
  const auto input = std::as_bytes(std::span(data, size));
  constexpr std::string_view kMagic(kSegmentMagic.data(), kSegmentMagic.size());
  const bool is_file =
      std::string_view(reinterpret_cast<const char*>(data), size).starts_with(kMagic);
  if (!is_file) {
    fuzz::run_pieces(input);
    return 0;
  }
  fuzz::run_file(input);
  Bytes repaired(input.begin(), input.end());
  fuzz::repair_segment(repaired);
  fuzz::run_file(repaired);
  return 0;
}
