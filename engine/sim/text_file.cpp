#include "engine/sim/text_file.h"

#include <libdeflate.h>

#include <cstdint>
#include <cstdio>
#include <memory>

#include "store/base/last_error.h"

namespace bf::sim {

Result<std::string> read_file(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return fail(LastError().at("open " + path));
  std::string bytes;
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  while (true) {
    const std::size_t size = bytes.size();
    if (size > kFileBytesMax) return fail(Code::kLimit, path + " is over 2 GiB");
    bytes.resize(size + kChunk);
    const std::size_t got = std::fread(bytes.data() + size, 1, kChunk, file.get());
    bytes.resize(size + got);
    if (got == kChunk) continue;
    if (std::ferror(file.get()) != 0) return fail(LastError().at("read " + path));
    return bytes;
  }
}

Result<std::string> gunzip(std::string_view bytes) {
  constexpr std::size_t kTrailer = 4;
  if (bytes.size() < 18) return fail(Code::kCorrupt, "not a gzip file: too short");
  // The last four bytes of a member tell the size of its content, modulo 4 GiB.
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < kTrailer; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - kTrailer + i]);
    size |= static_cast<std::uint32_t>(byte) << (8 * i);
  }
  if (size > kFileBytesMax) return fail(Code::kLimit, "gzip content is over 2 GiB");
  // Deflate packs at most 1032 bytes into one: whoever claims more lies, and gets no memory for it.
  constexpr std::size_t kRatioMax = 1'032;
  if (size > bytes.size() * kRatioMax) return fail(Code::kCorrupt, "not a sound gzip file");
  struct Free {
    void operator()(libdeflate_decompressor* d) const noexcept { libdeflate_free_decompressor(d); }
  };
  const std::unique_ptr<libdeflate_decompressor, Free> inflater(libdeflate_alloc_decompressor());
  if (inflater == nullptr) return fail(Code::kNoMemory, "no memory for a decompressor");
  std::string text(size, '\0');
  const libdeflate_result result = libdeflate_gzip_decompress(
      inflater.get(), bytes.data(), bytes.size(), text.data(), text.size(), nullptr);
  if (result != LIBDEFLATE_SUCCESS) return fail(Code::kCorrupt, "not a sound gzip file");
  return text;
}

}  // namespace bf::sim
