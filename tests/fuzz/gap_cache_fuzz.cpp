// tests/fuzz/gap_cache_fuzz.cpp
//
// Goal: no gap cache, however hostile, does worse than to count for nothing. Method: the file is read as
// it is; then its bytes are taken as the body of one whose header fits.
#include <cstring>

#include "store/gap_cache.h"
#include "store/store.h"
#include "tests/fuzz/fuzz_store.h"

namespace bf::store::fuzz {
namespace {

constexpr std::size_t kHeaderBytes = 32;

void run(std::span<const std::byte> file) {
  World world;
  world.put(kGapCacheName, file);
  if (const auto gaps = read_gap_cache(world.files, kSeries, world.manifest)) {
    static_cast<void>(gaps->count({0, kTimeMax}));
    static_cast<void>(gaps->states({0, kTimeMax}));
    static_cast<void>(gaps->to_fetch({0, kTimeMax}, world.clock.wall_ms()));
  }
  read_all(world);
}

/// A cache with this body: for the manifest of an empty series.
Bytes with_header(std::span<const std::byte> body) {
  const World world;
  const Place place{world.manifest.series_uuid, Unit::kGaps, 0, 0};
  Bytes file;
  ByteWriter out(file);
  out.bytes(std::as_bytes(std::span("BFGC", 4)));
  out.fixed(kFormatVersion);
  out.fixed(checksum(std::as_bytes(std::span(world.manifest.segments)), place));
  out.fixed(static_cast<std::uint32_t>(body.size()));
  out.fixed(static_cast<std::uint32_t>(body.size()));
  out.fixed(digest(body, checksum(file, place)));
  out.bytes(body);
  return file;
}

}  // namespace
}  // namespace bf::store::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bf::store;
  const auto input = std::as_bytes(std::span(data, size));
  fuzz::run(input);
  fuzz::run(fuzz::with_header(input));
  if (size > fuzz::kHeaderBytes) fuzz::run(fuzz::with_header(input.subspan(fuzz::kHeaderBytes)));
  return 0;
}
