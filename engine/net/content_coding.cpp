#include "engine/net/content_coding.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "engine/net/http.h"
#include "store/base/memory_guard.h"

namespace bf::net {
namespace {

constexpr std::size_t kMemberBytesMin = 18;         // header 10, trailer 8
constexpr std::size_t kRatioFreeBytes = 64U << 10;  // so much cannot hurt, whatever the ratio
constexpr int kFastLevel = 1;

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const noexcept { libdeflate_free_decompressor(d); }
};
struct FreeCompressor {
  void operator()(libdeflate_compressor* c) const noexcept { libdeflate_free_compressor(c); }
};

libdeflate_decompressor* decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> instance(
      libdeflate_alloc_decompressor());
  if (!instance) throw_no_memory();
  return instance.get();
}

libdeflate_compressor* compressor() {
  thread_local const std::unique_ptr<libdeflate_compressor, FreeCompressor> instance(
      libdeflate_alloc_compressor(kFastLevel));
  if (!instance) throw_no_memory();
  return instance.get();
}

/// The uncompressed size that the member's last four bytes claim.
std::size_t claimed_size(std::string_view member) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    size |= std::size_t{static_cast<unsigned char>(member[member.size() - 4 + i])} << (8 * i);
  }
  return size;
}

}  // namespace

Result<std::string> gunzip(std::string_view bytes, std::size_t bytes_max) {
  if (bytes.size() < kMemberBytesMin) return fail(Code::kProtocol, "gzip body: cut short");
  // The claim is only believed within the bounds, and a member that does not fill it exactly fails.
  const std::size_t size = claimed_size(bytes);
  if (size > bytes_max) {
    return fail(Code::kProtocol, "gzip body: damaged, or of more than " +
                                     std::to_string(bytes_max) + " bytes when decompressed");
  }
  if (size > std::max(kRatioFreeBytes, kInflateRatioMax * bytes.size())) {
    return fail(Code::kProtocol, "gzip body: damaged, or compressed more than " +
                                     std::to_string(kInflateRatioMax) + " times");
  }
  std::string out;
  out.reserve(size + kBodyPadding);
  out.resize(size);
  std::size_t in_used = 0;
  std::size_t out_used = 0;
  const libdeflate_result result = libdeflate_gzip_decompress_ex(
      decompressor(), bytes.data(), bytes.size(), out.data(), size, &in_used, &out_used);
  if (result != LIBDEFLATE_SUCCESS || out_used != size) {
    return fail(Code::kProtocol, "gzip body: damaged or cut");
  }
  if (in_used != bytes.size()) {
    return fail(Code::kProtocol, "gzip body: bytes behind the end of the member");
  }
  return out;
}

std::string gzip(std::string_view bytes) {
  std::string out;
  out.resize(libdeflate_gzip_compress_bound(compressor(), bytes.size()));
  const std::size_t size =
      libdeflate_gzip_compress(compressor(), bytes.data(), bytes.size(), out.data(), out.size());
  out.resize(size);
  return out;
}

}  // namespace bf::net
