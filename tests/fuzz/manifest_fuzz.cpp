// tests/fuzz/manifest_fuzz.cpp
//
// Goal: no manifest, however hostile, does worse than an error. Method: it is read as it is and with
// its count and checksum repaired; what decodes is encoded to the same bytes, and the series is read and
// opened for writing with it.
#include <cstring>

#include "store/base/assert.h"
#include "tests/fuzz/fuzz_store.h"

namespace bf::store::fuzz {
namespace {

constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kCountAt = 56;
constexpr std::size_t kPathBytesAt = 60;

/// The count of entries that the length allows, and the checksum of it all.
void repair(Bytes& bytes) {
  if (bytes.size() < kHeaderBytes + sizeof(std::uint64_t)) return;
  std::uint32_t path_bytes = 0;
  std::memcpy(&path_bytes, bytes.data() + kPathBytesAt, sizeof(path_bytes));
  const std::size_t content = bytes.size() - sizeof(std::uint64_t);
  if (path_bytes <= content - kHeaderBytes) {
    const std::size_t entries = (content - kHeaderBytes - path_bytes) / sizeof(SegmentEntry);
    const auto count = static_cast<std::uint32_t>(entries);
    std::memcpy(bytes.data() + kCountAt, &count, sizeof(count));
    bytes.resize(kHeaderBytes + path_bytes + entries * sizeof(SegmentEntry) +
                 sizeof(std::uint64_t));
  }
  const auto covered = std::span(bytes).first(bytes.size() - sizeof(std::uint64_t));
  const std::uint64_t hash = checksum(covered, Place{{}, Unit::kManifest, 0, 0});
  std::memcpy(bytes.data() + covered.size(), &hash, sizeof(hash));
}

void run(std::span<const std::byte> bytes) {
  if (const Result<Manifest> manifest = decode_manifest(bytes, kSeries)) {
    const Bytes again = encode_manifest(*manifest, kSeries);
    BF_ASSERT(decode_manifest(again, kSeries) == *manifest);
  }
  World world;
  world.put(kManifestName, bytes);
  read_all(world);
  write_all(world);
}

}  // namespace
}  // namespace bf::store::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bf::store;
  const auto input = std::as_bytes(std::span(data, size));
  fuzz::run(input);
  Bytes repaired(input.begin(), input.end());
  fuzz::repair(repaired);
  fuzz::run(repaired);
  return 0;
}
