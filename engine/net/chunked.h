// engine/net/chunked.h
//
// The chunked transfer coding (RFC 9112, 7.1), decoded strictly: CR LF everywhere, hexadecimal sizes
// alone, bounded extensions and trailers. Our own, because llhttp's tolerance depends on how it was
// built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/base/result.h"

namespace bf::net {

class ChunkDecoder {
 public:
  /// `body_bytes_max` bounds what is appended to the output over the decoder's life.
  explicit ChunkDecoder(std::size_t body_bytes_max) : room_(body_bytes_max) {}

  /// Decodes `bytes`, appending to `body`; returns how many were used, fewer than all only when the
  /// message ended inside of them. After an error the decoder is not used again.
  /// Errors: kProtocol: malformed, or a bound was passed.
  [[nodiscard]] Result<std::size_t> feed(std::string_view bytes, std::string& body);

  /// The last chunk and the trailers have been read.
  [[nodiscard]] bool done() const noexcept { return state_ == State::kDone; }

 private:
  enum class State : std::uint8_t { kSizeLine, kData, kDataEnd, kTrailer, kDone };

  /// Takes a whole line (without CR LF) into line_; the bytes used.
  [[nodiscard]] Result<std::size_t> take_line(std::string_view bytes, bool& complete);
  [[nodiscard]] Result<void> size_line();
  [[nodiscard]] Result<void> trailer_line();

  State state_ = State::kSizeLine;
  std::string line_;
  std::uint64_t left_ = 0;    ///< of the chunk
  std::size_t room_;          ///< of the body
  std::int64_t excess_ = 0;   ///< framing bytes beyond a fair share of the data
  std::size_t trailers_ = 0;  ///< bytes of trailer lines
};

}  // namespace bf::net
