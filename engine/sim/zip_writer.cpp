#include "engine/sim/zip_writer.h"

#include <libdeflate.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <new>

#include "store/base/assert.h"

namespace bf::sim {
namespace {

constexpr int kFastest = 1;
constexpr std::uint32_t kLocalMagic = 0x04034b50;
constexpr std::uint32_t kCentralMagic = 0x02014b50;
constexpr std::uint32_t kEndMagic = 0x06054b50;
constexpr std::uint16_t kVersionNeeded = 20;  // deflate
constexpr std::uint16_t kMethodDeflate = 8;
constexpr std::uint16_t kDosDate = (0U << 9U) | (1U << 5U) | 1U;  // 1980-01-01

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value & 0xffU);
  out += static_cast<char>(value >> 8U & 0xffU);
}

void put32(std::string& out, std::size_t value) {
  put16(out, value & 0xffffU);
  put16(out, value >> 16U);
}

std::string deflate(std::string_view content) {
  struct Free {
    void operator()(libdeflate_compressor* c) const noexcept { libdeflate_free_compressor(c); }
  };
  const std::unique_ptr<libdeflate_compressor, Free> compressor(
      libdeflate_alloc_compressor(kFastest));
  if (compressor == nullptr) throw std::bad_alloc();
  std::string packed(libdeflate_deflate_compress_bound(compressor.get(), content.size()), '\0');
  const std::size_t size = libdeflate_deflate_compress(
      compressor.get(), content.data(), content.size(), packed.data(), packed.size());
  BF_ASSERT(size > 0);
  packed.resize(size);
  return packed;
}

struct Member {
  std::string_view name;
  std::uint32_t crc;
  std::size_t packed_size;
  std::size_t size;
};

/// What the local header and the central directory say alike.
void put_member(std::string& out, const Member& member) {
  put16(out, kVersionNeeded);
  put16(out, 0);  // flags
  put16(out, kMethodDeflate);
  put16(out, 0);  // time of day
  put16(out, kDosDate);
  put32(out, member.crc);
  put32(out, member.packed_size);
  put32(out, member.size);
  put16(out, member.name.size());
  put16(out, 0);  // extra field
}

}  // namespace

std::string make_zip(std::string_view name, std::string_view content) {
  BF_ASSERT(content.size() < std::numeric_limits<std::uint32_t>::max());
  BF_ASSERT(name.size() <= std::numeric_limits<std::uint16_t>::max());
  const std::string packed = deflate(content);
  const Member member{name, libdeflate_crc32(0, content.data(), content.size()), packed.size(),
                      content.size()};
  std::string zip;
  put32(zip, kLocalMagic);
  put_member(zip, member);
  zip += name;
  zip += packed;

  const std::size_t directory = zip.size();
  put32(zip, kCentralMagic);
  put16(zip, kVersionNeeded);  // made by
  put_member(zip, member);
  put16(zip, 0);  // comment
  put16(zip, 0);  // disk
  put16(zip, 0);  // internal attributes
  put32(zip, 0);  // external attributes
  put32(zip, 0);  // offset of the local header
  zip += name;
  const std::size_t directory_size = zip.size() - directory;

  put32(zip, kEndMagic);
  put16(zip, 0);  // this disk
  put16(zip, 0);  // disk of the directory
  put16(zip, 1);  // members on this disk
  put16(zip, 1);  // members
  put32(zip, directory_size);
  put32(zip, directory);
  put16(zip, 0);  // comment
  return zip;
}

}  // namespace bf::sim
