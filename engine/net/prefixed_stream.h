// engine/net/prefixed_stream.h
//
// A stream of which some bytes were read already, by someone who had to look for the end of what was
// his.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "engine/net/stream.h"

namespace bf::net {

class PrefixedStream final : public Stream {
 public:
  /// Reads give `prefix` first, then what `below` gives.
  PrefixedStream(std::string prefix, std::unique_ptr<Stream> below)
      : prefix_(std::move(prefix)), below_(std::move(below)) {}

  Task<Result<std::size_t>> read(std::span<char> into, CancelToken cancel,
                                 std::int64_t deadline_ns) override {
    if (taken_ == prefix_.size()) return below_->read(into, cancel, deadline_ns);
    return read_prefix(into, cancel);
  }
  Task<Result<void>> write(std::span<const char> bytes, CancelToken cancel,
                           std::int64_t deadline_ns) override {
    return below_->write(bytes, cancel, deadline_ns);
  }
  Task<void> close() override {
    closed_ = true;
    return below_->close();
  }
  bool has_unread() override { return taken_ < prefix_.size() || below_->has_unread(); }

 private:
  Task<Result<std::size_t>> read_prefix(std::span<char> into, CancelToken cancel) {
    if (cancel.cancelled() || closed_) co_return fail(CancelToken::error());
    const std::size_t bytes = std::min(into.size(), prefix_.size() - taken_);
    std::memcpy(into.data(), prefix_.data() + taken_, bytes);
    taken_ += bytes;
    co_return bytes;
  }

  std::string prefix_;
  std::size_t taken_ = 0;
  std::unique_ptr<Stream> below_;
  bool closed_ = false;
};

}  // namespace bf::net
