#include "engine/net/http_server.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "engine/net/content_coding.h"
#include "engine/net/http_head.h"
#include "store/base/http_date.h"

namespace bf::net {
namespace {

using async::kNoDeadline;
using async::Wake;

constexpr std::size_t kBufferBytes = 32U << 10;
static_assert(kBufferBytes > kRequestHeadBytesMax);
/// Below this, head and body leave in one write; above it, the second write costs less than the copy.
constexpr std::size_t kOneWriteBytesMax = 32U << 10;
constexpr std::size_t kChunkBytes = 8U << 10;
constexpr std::int64_t kAcceptPauseNs = 100'000'000;

std::string_view reason_of(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 418:
      return "I'm a teapot";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

bool has_body(int status) noexcept { return status / 100 != 1 && status != 204 && status != 304; }

void append_chunked(std::string& out, std::string_view body) {
  std::array<char, 16> digits{};
  while (!body.empty()) {
    const std::string_view part = body.substr(0, kChunkBytes);
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), part.size(), 16).ptr;
    out.append(digits.data(), end).append("\r\n").append(part).append("\r\n");
    body.remove_prefix(part.size());
  }
  out.append("0\r\n\r\n");
}

/// One connection being served.
class Served {
 public:
  Served(async::Loop& loop, Stream& stream, HttpHandler& handler, std::uint64_t connection,
         CancelToken cancel)
      : loop_(loop),
        stream_(stream),
        handler_(handler),
        connection_(connection),
        cancel_(cancel),
        buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

  Task<Result<void>> run() {
    while (open_) {
      Result<HttpHead> head = co_await read_head();
      if (peer_gone_) co_return Result<void>();
      if (!head) {
        const Error& error = head.error();
        if (error.code() == Code::kProtocol) co_await refuse();
        co_return fail(error);
      }
      const Result<void> answered = co_await answer(std::move(*head));
      if (!answered) co_return fail(answered.error());
    }
    co_return Result<void>();
  }

 private:
  Task<Result<HttpHead>> read_head() {
    HeadScanner scanner;
    while (true) {
      const std::string_view bytes(buffer_.get() + begin_, end_ - begin_);
      const Result<std::size_t> size = scanner.scan(bytes, kRequestHeadBytesMax);
      if (!size) co_return fail(size.error());
      if (*size > 0) {
        Result<HttpHead> head = parse_request_head(bytes.substr(0, *size));
        begin_ += *size;
        if (head && head->framing != Framing::kNone) {
          co_return fail(Code::kProtocol, "a request with a body");
        }
        co_return head;
      }
      // Room for a whole head behind begin_, whatever was pipelined before it.
      std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      const std::span<char> room(buffer_.get() + end_, kBufferBytes - end_);
      const Result<std::size_t> read = co_await stream_.read(room, cancel_, kNoDeadline);
      if (!read) co_return fail(read.error());
      if (*read == 0) {
        peer_gone_ = true;
        co_return fail(Code::kNetwork, "the client has gone");
      }
      end_ += *read;
    }
  }

  Task<Result<void>> answer(HttpHead head) {
    const bool gzip_accepted = list_holds(head.header("accept-encoding").value_or(""), "gzip");
    const bool head_only = head.method == "HEAD";
    open_ = head.keep_alive;

    ServerRequest request;
    request.method = std::move(head.method);
    request.target = std::move(head.target);
    request.headers = std::move(head.headers);
    request.connection = connection_;
    ServerResponse response = co_await handler_.handle(std::move(request), cancel_);
    if (cancel_.cancelled()) co_return fail(CancelToken::error());

    if (response.delay_ns > 0) {
      const Wake wake = co_await loop_.sleep(response.delay_ns, cancel_);
      if (wake == Wake::kCancelled) co_return fail(CancelToken::error());
    }
    if (response.close) open_ = false;
    if (response.gzip && gzip_accepted) compress(response);
    const std::string_view body =
        response.shared_body ? std::string_view(*response.shared_body) : response.body;

    out_.clear();
    std::string_view behind;  // what follows out_ on the wire
    if (!response.raw.empty()) {
      behind = response.raw;
    } else {
      append_head(response, body.size());
      if (head_only || !has_body(response.status)) {
        // nothing follows
      } else if (response.chunked) {
        append_chunked(out_, body);
      } else if (out_.size() + body.size() <= kOneWriteBytesMax) {
        out_.append(body);
      } else {
        behind = body;
      }
    }
    if (response.bytes_per_second > 0) co_return co_await drip(behind, response.bytes_per_second);
    if (response.reset) stream_.reset_at_close();
    co_return co_await send(behind, response.cut_after, response.stall_after);
  }

  static void compress(ServerResponse& response) {
    const std::string_view plain =
        response.shared_body ? std::string_view(*response.shared_body) : response.body;
    std::string packed = gzip(plain);
    response.body = std::move(packed);
    response.shared_body = nullptr;
    response.headers.emplace_back("Content-Encoding", "gzip");
  }

  void append_head(const ServerResponse& response, std::size_t body_bytes) {
    out_.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out_.append(reason_of(response.status)).append("\r\nDate: ");
    out_.append(format_http_date(loop_.clock().wall_ms())).append("\r\n");
    if (has_body(response.status)) {
      if (response.chunked) {
        out_.append("Transfer-Encoding: chunked\r\n");
      } else {
        out_.append("Content-Length: ").append(std::to_string(body_bytes)).append("\r\n");
      }
    }
    if (!open_) out_.append("Connection: close\r\n");
    for (const auto& [name, value] : response.headers) {
      out_.append(name).append(": ").append(value).append("\r\n");
    }
    out_.append("\r\n");
  }

  /// Writes out_, then `behind`, as far as the faults let it.
  Task<Result<void>> send(std::string_view behind, std::int64_t cut_after,
                          std::int64_t stall_after) {
    const bool cut = cut_after >= 0;
    std::string_view first = out_;
    const bool stall = !cut && stall_after >= 0 &&
                       static_cast<std::size_t>(stall_after) < first.size() + behind.size();
    if (cut || stall) {
      const auto limit = static_cast<std::size_t>(cut ? cut_after : stall_after);
      first = first.substr(0, limit);
      behind = behind.substr(0, limit - first.size());
      open_ = false;
    }
    if (!first.empty()) {
      const Result<void> sent =
          co_await stream_.write(std::span<const char>(first), cancel_, kNoDeadline);
      if (!sent) co_return fail(sent.error());
    }
    if (!behind.empty()) {
      const Result<void> sent =
          co_await stream_.write(std::span<const char>(behind), cancel_, kNoDeadline);
      if (!sent) co_return fail(sent.error());
    }
    if (!stall) co_return Result<void>();
    while (true) {  // until the client loses patience
      const std::span<char> ignored(buffer_.get(), kBufferBytes);
      const Result<std::size_t> read = co_await stream_.read(ignored, cancel_, kNoDeadline);
      if (!read) co_return fail(read.error());
      if (*read == 0) co_return Result<void>();
    }
  }

  /// As send() without cut or stall, so many bytes each second.
  Task<Result<void>> drip(std::string_view behind, std::int64_t bytes_per_second) {
    constexpr std::int64_t kSecondNs = 1'000'000'000;
    out_.append(behind);
    std::string_view rest = out_;
    while (true) {
      const std::string_view piece = rest.substr(0, static_cast<std::size_t>(bytes_per_second));
      const Result<void> sent =
          co_await stream_.write(std::span<const char>(piece), cancel_, kNoDeadline);
      if (!sent) co_return fail(sent.error());
      rest.remove_prefix(piece.size());
      if (rest.empty()) co_return Result<void>();
      const Wake wake = co_await loop_.sleep(kSecondNs, cancel_);
      if (wake == Wake::kCancelled) co_return fail(CancelToken::error());
    }
  }

  Task<void> refuse() {
    static constexpr std::string_view kBadRequest =
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const Result<void> sent =
        co_await stream_.write(std::span<const char>(kBadRequest), cancel_, kNoDeadline);
    (void)sent;  // the connection ends either way
  }

  async::Loop& loop_;
  Stream& stream_;
  HttpHandler& handler_;
  std::uint64_t connection_;
  CancelToken cancel_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;  ///< what came and was not used is [begin_, end_)
  std::size_t end_ = 0;
  std::string out_;
  bool open_ = true;
  bool peer_gone_ = false;
};

Task<Result<void>> accept_until_cancelled(async::Loop& loop, Listener& listener,
                                          HttpHandler& handler, async::TaskGroup& group) {
  std::uint64_t connections = 0;
  int failures = 0;
  while (true) {
    Result<std::unique_ptr<Stream>> stream = co_await listener.accept(group.token());
    if (stream) {
      failures = 0;
      ++connections;
      group.spawn(
          serve_connection_alone(loop, std::move(*stream), handler, connections, group.token()));
      continue;
    }
    if (stream.error().code() == Code::kCancelled) co_return Result<void>();
    if (++failures == kAcceptFailuresMax) co_return fail(stream.error());
    // Out of file descriptors, most likely: connections that end give some back.
    const Wake wake = co_await loop.sleep(kAcceptPauseNs, group.token());
    if (wake == Wake::kCancelled) co_return Result<void>();
  }
}

}  // namespace

Task<Result<void>> serve_connection(async::Loop& loop, std::unique_ptr<Stream> stream,
                                    HttpHandler& handler, std::uint64_t connection,
                                    CancelToken cancel) {
  Served served(loop, *stream, handler, connection, cancel);
  Result<void> ended = co_await served.run();
  co_await stream->close();
  if (!ended && ended.error().code() == Code::kCancelled) co_return Result<void>();
  co_return ended;
}

Task<Result<void>> serve_connection_alone(async::Loop& loop, std::unique_ptr<Stream> stream,
                                          HttpHandler& handler, std::uint64_t connection,
                                          CancelToken cancel) {
  const Result<void> served =
      co_await serve_connection(loop, std::move(stream), handler, connection, cancel);
  (void)served;  // the peer sees it as well, and it is the peer's
  co_return Result<void>();
}

Task<Result<void>> serve(async::Loop& loop, Listener& listener, HttpHandler& handler,
                         CancelToken cancel) {
  async::TaskGroup group(loop, cancel);
  Result<void> ended = co_await accept_until_cancelled(loop, listener, handler, group);
  group.cancel();
  const Result<void> joined = co_await group.join();
  if (ended && !joined) co_return joined;
  co_return ended;
}

}  // namespace bf::net
