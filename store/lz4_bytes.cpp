#include "store/lz4_bytes.h"

#include <lz4.h>

#include <cstring>

#include "store/base/assert.h"

namespace bf::store {

std::size_t append_packed(Bytes& out, std::span<const std::byte> raw) {
  BF_ASSERT(raw.size() <= static_cast<std::size_t>(LZ4_MAX_INPUT_SIZE));
  const std::size_t begin = out.size();
  if (raw.empty()) return 0;
  out.resize(begin + raw.size());
  // One byte less than the raw size is the room given: what does not fit in it is not worth packing.
  const int packed = LZ4_compress_default(
      reinterpret_cast<const char*>(raw.data()), reinterpret_cast<char*>(out.data() + begin),
      static_cast<int>(raw.size()), static_cast<int>(raw.size()) - 1);
  if (packed <= 0) {
    std::memcpy(out.data() + begin, raw.data(), raw.size());
    return raw.size();
  }
  out.resize(begin + static_cast<std::size_t>(packed));
  return static_cast<std::size_t>(packed);
}

bool plausible_sizes(std::uint64_t packed_size, std::uint64_t raw_size) noexcept {
  return packed_size <= raw_size && raw_size / 255 <= packed_size;
}

Result<void> unpack(std::span<const std::byte> packed, std::span<std::byte> raw) {
  if (packed.size() == raw.size()) {
    if (!raw.empty()) std::memcpy(raw.data(), packed.data(), raw.size());
    return {};
  }
  if (!plausible_sizes(packed.size(), raw.size()) ||
      raw.size() > static_cast<std::size_t>(LZ4_MAX_INPUT_SIZE)) {
    return fail(Code::kCorrupt, "packed and raw size contradict each other");
  }
  const int size = LZ4_decompress_safe(
      reinterpret_cast<const char*>(packed.data()), reinterpret_cast<char*>(raw.data()),
      static_cast<int>(packed.size()), static_cast<int>(raw.size()));
  if (size < 0 || static_cast<std::size_t>(size) != raw.size()) {
    return fail(Code::kCorrupt, "packed bytes do not unpack to their raw size");
  }
  return {};
}

}  // namespace bf::store
