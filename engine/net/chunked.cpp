#include "engine/net/chunked.h"

#include <algorithm>
#include <charconv>

namespace bf::net {
namespace {

constexpr std::size_t kLineBytesMax = 4U << 10;
constexpr std::size_t kTrailerBytesMax = 16U << 10;
/// Framing may cost 16 bytes a chunk and twice the data; beyond that, so much in all. Without such a
/// bound a peer that sends one byte of data in 4 KiB of extensions never reaches the body's bound.
constexpr std::int64_t kExcessBytesMax = 16 << 10;
constexpr std::int64_t kChunkOverheadFree = 16;

tl::unexpected<Error> malformed(std::string_view why) {
  return fail(Code::kProtocol, "chunked body: " + std::string(why));
}

}  // namespace

Result<std::size_t> ChunkDecoder::feed(std::string_view bytes, std::string& body) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const auto part =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
      body.append(bytes, used, part);
      used += part;
      left_ -= part;
      if (left_ == 0) state_ = State::kDataEnd;
      continue;
    }
    bool complete = false;
    const Result<std::size_t> taken = take_line(bytes.substr(used), complete);
    if (!taken) return fail(taken.error());
    used += *taken;
    if (!complete) break;
    if (state_ == State::kDataEnd) {
      if (!line_.empty()) return malformed("no CR LF behind a chunk");
      state_ = State::kSizeLine;
    } else {
      const Result<void> read = state_ == State::kSizeLine ? size_line() : trailer_line();
      if (!read) return fail(read.error());
    }
    line_.clear();
  }
  return used;
}

Result<std::size_t> ChunkDecoder::take_line(std::string_view bytes, bool& complete) {
  const std::size_t lf = bytes.find('\n');
  complete = lf != std::string_view::npos;
  const std::size_t used = complete ? lf + 1 : bytes.size();
  if (line_.size() + used > kLineBytesMax) return malformed("a line of more than 4 KiB");
  line_.append(bytes, 0, used);
  if (state_ == State::kDataEnd && line_.front() != '\r') {
    return malformed("no CR LF behind a chunk");
  }
  if (!complete) return used;
  if (line_.size() < 2 || line_[line_.size() - 2] != '\r') {
    return malformed("a line ends in LF without CR");
  }
  line_.resize(line_.size() - 2);
  const bool control = std::any_of(line_.begin(), line_.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f';
  });
  if (control) return malformed("a control character");
  return used;
}

Result<void> ChunkDecoder::size_line() {
  const std::string_view line = line_;
  const std::string_view digits = line.substr(0, line.find(';'));
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, left_, 16);
  if (error != std::errc() || stop != end || digits.size() > 15) {
    return malformed("a chunk's size is \"" + std::string(digits.substr(0, 20)) + "\"");
  }
  if (left_ > room_) return malformed("larger than the bound of this request");
  room_ -= static_cast<std::size_t>(left_);
  const auto line_bytes = static_cast<std::int64_t>(line.size() + 2);
  excess_ += line_bytes - kChunkOverheadFree - 2 * static_cast<std::int64_t>(left_);
  excess_ = std::max<std::int64_t>(excess_, 0);
  if (excess_ > kExcessBytesMax) return malformed("more framing than data");
  state_ = left_ == 0 ? State::kTrailer : State::kData;
  return {};
}

Result<void> ChunkDecoder::trailer_line() {
  if (line_.empty()) {
    state_ = State::kDone;
    return {};
  }
  trailers_ += line_.size() + 2;
  if (trailers_ > kTrailerBytesMax) return malformed("more than 16 KiB of trailers");
  // Trailers are checked and dropped: nothing that bf reads may come behind the body.
  const std::size_t colon = line_.find(':');
  if (colon == 0 || colon == std::string::npos || line_.find_first_of(" \t") < colon) {
    return malformed("a malformed trailer");
  }
  return {};
}

}  // namespace bf::net
