#include "engine/net/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace bf::net {

using async::Wake;

struct PolledSocket::State {
  State(async::RealLoop& loop, int descriptor)
      : fd(descriptor), readers(loop), writers(loop), closers(loop) {}

  uv_poll_t poll{};
  int fd;
  int watched = 0;  ///< UV_READABLE, UV_WRITABLE
  bool closing = false;
  bool closed = false;     ///< libuv has given the handle back
  bool abandoned = false;  ///< nobody waits for that: the callback frees
  async::WaitQueue readers;
  async::WaitQueue writers;
  async::WaitQueue closers;

  void watch(int events) {
    if (events == watched) return;
    watched = events;
    if (events == 0) {
      uv_poll_stop(&poll);
    } else {
      uv_poll_start(&poll, events, on_event);
    }
  }

  static void on_event(uv_poll_t* handle, int status, int events) {
    State& state = *static_cast<State*>(handle->data);
    if (status < 0) {  // POLLERR: libuv has stopped; the next call on the socket says what it was
      state.watched = 0;
      state.readers.wake_all();
      state.writers.wake_all();
      return;
    }
    // Nobody waits for what is ready: stop, or the loop would spin on it.
    int wanted = state.watched;
    if ((events & UV_READABLE) != 0 && !state.readers.wake_one()) wanted &= ~UV_READABLE;
    if ((events & UV_WRITABLE) != 0) {
      state.writers.wake_all();
      wanted &= ~UV_WRITABLE;
    }
    state.watch(wanted);
  }

  void begin_close() noexcept {
    closing = true;
    uv_close(reinterpret_cast<uv_handle_t*>(&poll), [](uv_handle_t* handle) {
      State* const state = static_cast<State*>(handle->data);
      state->closed = true;
      if (state->abandoned) {
        delete state;
      } else {
        state->closers.wake_all();
      }
    });
    ::close(fd);
    readers.wake_all();
    writers.wake_all();
  }
};

Result<PolledSocket> PolledSocket::adopt(async::RealLoop& loop, int fd) {
  auto state = std::make_unique<State>(loop, fd);
  const int error = uv_poll_init(loop.uv(), &state->poll, fd);
  if (error != 0) {
    ::close(fd);
    return fail(socket_error("watch a socket", -error));
  }
  state->poll.data = state.get();
  return PolledSocket(state.release());
}

PolledSocket::PolledSocket(PolledSocket&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)) {}

PolledSocket::~PolledSocket() {
  if (state_ == nullptr) return;
  if (state_->closed) {
    delete state_;
    return;
  }
  state_->abandoned = true;
  if (!state_->closing) state_->begin_close();
}

int PolledSocket::fd() const noexcept { return state_->fd; }
bool PolledSocket::closed() const noexcept { return state_->closing; }

Task<Result<void>> PolledSocket::readable(CancelToken cancel, std::int64_t deadline_ns) {
  if (state_->closing) co_return fail(CancelToken::error());
  state_->watch(state_->watched | UV_READABLE);
  const Wake wake = co_await state_->readers.wait(cancel, deadline_ns);
  if (wake == Wake::kTimeout) co_return fail(Code::kTimeout, "the deadline passed");
  if (wake == Wake::kCancelled || state_->closing) co_return fail(CancelToken::error());
  co_return Result<void>();
}

Task<Result<void>> PolledSocket::writable(CancelToken cancel, std::int64_t deadline_ns) {
  if (state_->closing) co_return fail(CancelToken::error());
  state_->watch(state_->watched | UV_WRITABLE);
  const Wake wake = co_await state_->writers.wait(cancel, deadline_ns);
  if (wake == Wake::kTimeout) co_return fail(Code::kTimeout, "the deadline passed");
  if (wake == Wake::kCancelled || state_->closing) co_return fail(CancelToken::error());
  co_return Result<void>();
}

Task<void> PolledSocket::close() {
  if (!state_->closing) state_->begin_close();
  while (!state_->closed) {
    const Wake wake = co_await state_->closers.wait(CancelToken());
    (void)wake;
  }
}

Error socket_error(std::string_view what, int number) {
  std::string message(what);
  message.append(": ").append(std::generic_category().message(number));
  if (number == EMFILE || number == ENFILE) {
    message.append("; raise the limit (ulimit -n) or use fewer connections");
  }
  return Error(Code::kNetwork, std::move(message));
}

void disable_delay(int fd) noexcept {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Task<Result<std::unique_ptr<Stream>>> TcpStream::connect(async::RealLoop& loop,
                                                         sockaddr_storage address,
                                                         CancelToken cancel,
                                                         std::int64_t deadline_ns) {
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return fail(socket_error("open a socket", errno));
  disable_delay(fd);
  const socklen_t size = address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const int begun = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size);
  const int begin_error = begun == 0 ? 0 : errno;
  Result<PolledSocket> socket = PolledSocket::adopt(loop, fd);
  if (!socket) co_return fail(socket.error());
  auto stream = std::make_unique<TcpStream>(std::move(*socket));
  if (begin_error == 0) co_return std::move(stream);

  Result<void> ready = fail(socket_error("connect", begin_error));
  if (begin_error == EINPROGRESS) ready = co_await stream->socket_.writable(cancel, deadline_ns);
  if (ready) {
    int error = 0;
    socklen_t error_size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
    if (error == 0) co_return std::move(stream);
    ready = fail(socket_error("connect", error));
  }
  co_await stream->close();
  co_return fail(ready.error());
}

Task<Result<std::size_t>> TcpStream::read(std::span<char> into, CancelToken cancel,
                                          std::int64_t deadline_ns) {
  BF_ASSERT(!into.empty());
  while (true) {
    if (cancel.cancelled() || socket_.closed()) co_return fail(CancelToken::error());
    const ssize_t got = ::recv(socket_.fd(), into.data(), into.size(), 0);
    if (got >= 0) co_return static_cast<std::size_t>(got);
    const int error = errno;
    if (error == EINTR) continue;
    if (error != EAGAIN && error != EWOULDBLOCK) co_return fail(socket_error("read", error));
    const Result<void> ready = co_await socket_.readable(cancel, deadline_ns);
    if (!ready) co_return fail(ready.error());
  }
}

Task<Result<void>> TcpStream::write(std::span<const char> bytes, CancelToken cancel,
                                    std::int64_t deadline_ns) {
  while (!bytes.empty()) {
    if (cancel.cancelled() || socket_.closed()) co_return fail(CancelToken::error());
    const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    if (error != EAGAIN && error != EWOULDBLOCK) co_return fail(socket_error("write", error));
    const Result<void> ready = co_await socket_.writable(cancel, deadline_ns);
    if (!ready) co_return fail(ready.error());
  }
  co_return Result<void>();
}

void TcpStream::reset_at_close() noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool TcpStream::has_unread() {
  char byte = 0;
  const ssize_t got = ::recv(socket_.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace bf::net
