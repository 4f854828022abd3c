// engine/net/http_connection.h
//
// One connection of an HttpClient: sends a request, reads its answer within bounds and deadlines, and
// knows afterwards whether another request may follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/net/http_client.h"
#include "engine/net/http_head.h"

namespace bf::net {

class HttpConnection {
 public:
  /// Bodies are read into memory of `spare_bodies` while there are some. `loop`, `stats` and
  /// `spare_bodies` outlive the connection.
  HttpConnection(async::Loop& loop, std::unique_ptr<Stream> stream, HttpStats& stats,
                 std::vector<std::string>& spare_bodies);

  /// Sends `wire` and reads one whole answer. `wire` outlives the task.
  /// Errors: as HttpClient::get; the connection is then good for close() alone.
  [[nodiscard]] Task<Result<HttpResponse>> exchange(std::string_view wire,
                                                    std::size_t body_bytes_max,
                                                    std::int64_t idle_ns,
                                                    std::int64_t total_deadline_ns,
                                                    CancelToken cancel);

  /// Whether a byte of the last exchange's answer has come.
  [[nodiscard]] bool answered() const noexcept { return answered_; }
  /// The last exchange ended well and left the connection clean and open.
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }
  /// The peer has closed, or sent what nobody asked for, since.
  [[nodiscard]] bool spoiled() { return stream_->has_unread(); }
  [[nodiscard]] Task<void> close() { return stream_->close(); }

  std::int64_t idle_since_ns = 0;  ///< kept by the pool

 private:
  /// Reads into `into`, within every deadline; 0 at the peer's end.
  [[nodiscard]] Task<Result<std::size_t>> read(std::span<char> into);
  /// Reads more behind what is buffered; false at the peer's end.
  [[nodiscard]] Task<Result<bool>> fill();
  [[nodiscard]] Task<Result<HttpHead>> read_head();
  [[nodiscard]] Task<Result<void>> read_body(const HttpHead& head, std::string& body);
  [[nodiscard]] Task<Result<void>> read_length(std::uint64_t length, std::string& body);
  [[nodiscard]] Task<Result<void>> read_chunks(std::string& body);
  [[nodiscard]] Task<Result<void>> read_until_close(std::string& body);
  [[nodiscard]] Result<void> decode_body(const HttpHead& head, std::string& body) const;
  [[nodiscard]] bool too_slow(std::size_t bytes);
  [[nodiscard]] Error timeout_error() const;

  [[nodiscard]] std::string_view buffered() const noexcept {
    return {buffer_.data() + begin_, end_ - begin_};
  }

  async::Loop& loop_;
  HttpStats& stats_;
  std::vector<std::string>& spare_bodies_;
  std::unique_ptr<Stream> stream_;
  std::vector<char> buffer_;  ///< grows to kHeaderBytesMax; what came is [begin_, end_)
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  // Of the exchange under way:
  CancelToken cancel_;
  std::size_t body_bytes_max_ = 0;
  std::int64_t idle_ns_ = 0;
  std::int64_t total_deadline_ns_ = 0;
  std::int64_t window_begin_ns_ = 0;  ///< of the rate floor
  std::size_t window_bytes_ = 0;
  bool answered_ = false;
  bool reusable_ = false;
};

}  // namespace bf::net
