// engine/net/tcp_stream.h
//
// A connected TCP socket as a Stream. Calls go to the kernel at once; libuv is asked only when the
// kernel has nothing (or no room), and stays watching for input between reads, which spares two system
// calls a read.
#pragma once

#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>

#include "engine/async/real_loop.h"
#include "engine/net/stream.h"

struct sockaddr;

namespace bf::net {

/// A non-blocking socket that libuv polls. What the callback needs lives in a heap object that libuv
/// gives back, so a PolledSocket may be destroyed at any time outside of a wait.
class PolledSocket {
 public:
  /// Takes `fd`, also when it fails. Errors: kNetwork.
  [[nodiscard]] static Result<PolledSocket> adopt(async::RealLoop& loop, int fd);
  PolledSocket(PolledSocket&& other) noexcept;
  PolledSocket& operator=(PolledSocket&&) = delete;
  ~PolledSocket();

  [[nodiscard]] int fd() const noexcept;
  [[nodiscard]] bool closed() const noexcept;

  /// Waits until a read (write) is worth trying. Errors: kCancelled (also by close()), kTimeout.
  [[nodiscard]] Task<Result<void>> readable(CancelToken cancel, std::int64_t deadline_ns);
  [[nodiscard]] Task<Result<void>> writable(CancelToken cancel, std::int64_t deadline_ns);

  /// Closes the descriptor; waits end with kCancelled, and have left when this returns.
  [[nodiscard]] Task<void> close();

 private:
  struct State;
  explicit PolledSocket(State* state) noexcept : state_(state) {}
  State* state_;
};

class TcpStream final : public Stream {
 public:
  explicit TcpStream(PolledSocket socket) : socket_(std::move(socket)) {}

  /// Connects to `address`. Errors: kCancelled, kTimeout, kNetwork (the system's reason).
  [[nodiscard]] static Task<Result<std::unique_ptr<Stream>>> connect(async::RealLoop& loop,
                                                                     sockaddr_storage address,
                                                                     CancelToken cancel,
                                                                     std::int64_t deadline_ns);

  Task<Result<std::size_t>> read(std::span<char> into, CancelToken cancel,
                                 std::int64_t deadline_ns) override;
  Task<Result<void>> write(std::span<const char> bytes, CancelToken cancel,
                           std::int64_t deadline_ns) override;
  Task<void> close() override { return socket_.close(); }
  void reset_at_close() noexcept override;
  bool has_unread() override;

 private:
  PolledSocket socket_;
};

/// An Error kNetwork for a failed call; running out of descriptors says so, with advice.
[[nodiscard]] Error socket_error(std::string_view what, int number);

/// Sends each small write at once: a request waits for no acknowledgement of the one before.
void disable_delay(int fd) noexcept;

}  // namespace bf::net
