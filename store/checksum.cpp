#include "store/checksum.h"

#include <xxhash.h>

#include <cstring>

#include "store/base/memory_guard.h"
#include "store/bytes.h"

namespace bf::store {

std::uint64_t checksum(std::span<const std::byte> bytes, const Place& place) noexcept {
  return digest(bytes, XXH3_64bits(&place, sizeof(place)));
}

std::uint64_t digest(std::span<const std::byte> bytes, std::uint64_t seed) noexcept {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

struct Digest::State {
  XXH3_state_t* xxh = XXH3_createState();
};

void Digest::Free::operator()(State* state) const noexcept {
  XXH3_freeState(state->xxh);
  delete state;
}

Digest::Digest() : state_(new State) {
  if (state_->xxh == nullptr) throw_no_memory();
  XXH3_64bits_reset(state_->xxh);
}

void Digest::add(std::span<const std::byte> bytes) noexcept {
  XXH3_64bits_update(state_->xxh, bytes.data(), bytes.size());
}

std::uint64_t Digest::value() const noexcept { return XXH3_64bits_digest(state_->xxh); }

Uuid make_uuid(const Uuid& parent, std::string_view name, std::int64_t wall_ms,
               std::int64_t steady_ns) noexcept {
  const std::array<std::int64_t, 2> times = {wall_ms, steady_ns};
  const std::uint64_t seed = digest(bytes_of(parent), digest(bytes_of(times), 0));
  const XXH128_hash_t hash = XXH3_128bits_withSeed(name.data(), name.size(), seed);
  Uuid uuid;
  std::memcpy(uuid.data(), &hash, uuid.size());
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0F) | 0x80);  // version 8
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);  // variant of RFC 9562
  return uuid;
}

}  // namespace bf::store
