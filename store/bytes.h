// store/bytes.h
//
// Reading and writing of the format's small parts: little-endian integers, LEB128 varints, zigzag,
// strings with a length. A ByteReader never reads past its bytes: the first read that would makes it
// fail for good, and everything it returns from then on is zero or empty. So a parser reads a whole
// record and asks ok() once, but always before a count decides an allocation (see count()).
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bf::store {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Bytes = std::vector<std::byte>;

[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

/// The bytes of a plain struct of the format.
template <class T>
[[nodiscard]] std::span<const std::byte> bytes_of(const T& value) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}

inline void append_bytes(Bytes& out, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::size_t at = out.size();
  out.resize(at + bytes.size());
  std::memcpy(out.data() + at, bytes.data(), bytes.size());
}

class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  template <std::integral T>
  void fixed(T value) {
    append_bytes(out_, bytes_of(value));
  }
  void varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<std::byte>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::byte>(value));
  }
  void signed_varint(std::int64_t value) { varint(zigzag(value)); }
  void bytes(std::span<const std::byte> bytes) { append_bytes(out_, bytes); }
  void string(std::string_view text) {
    varint(text.size());
    append_bytes(out_, std::as_bytes(std::span(text.data(), text.size())));
  }

 private:
  Bytes& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <std::integral T>
  [[nodiscard]] T fixed() {
    T value = 0;
    const auto from = take(sizeof(T));
    if (ok_) std::memcpy(&value, from.data(), sizeof(T));
    return value;
  }
  [[nodiscard]] std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = fixed<std::uint8_t>();
      // The tenth byte has room for one bit alone.
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return ok_ ? value : 0;
    }
    ok_ = false;
    return 0;
  }
  [[nodiscard]] std::int64_t signed_varint() { return unzigzag(varint()); }
  /// A varint that says how many things of at least `bytes_each` bytes follow: fails when the rest
  /// cannot hold them, so that nothing is allocated for what is not there.
  [[nodiscard]] std::size_t count(std::size_t bytes_each) {
    const std::uint64_t value = varint();
    if (value > remaining() / bytes_each) ok_ = false;
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }
  [[nodiscard]] std::span<const std::byte> take(std::size_t size) {
    if (!ok_ || size > remaining()) {
      ok_ = false;
      return {};
    }
    const auto taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }
  [[nodiscard]] std::string string(std::size_t size_max) {
    const std::size_t size = count(1);
    if (size > size_max) ok_ = false;
    const auto text = take(size);
    return std::string(reinterpret_cast<const char*>(text.data()), text.size());
  }

  void fail() noexcept { ok_ = false; }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  /// Whether all was read, and well.
  [[nodiscard]] bool finished() const noexcept { return ok_ && remaining() == 0; }
  [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - at_; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace bf::store
