#include "engine/net/http_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/net/chunked.h"
#include "engine/net/content_coding.h"

namespace bf::net {
namespace {

/// A first read takes the head and a small body; a large body's rest is read straight into its string.
constexpr std::size_t kFirstReadBytes = 16U << 10;
/// A body's string grows by doubling from here: what a header claims is not allocated on its word.
constexpr std::size_t kBodyStepBytes = 1U << 20;
constexpr std::int64_t kRateWindowNs = 20'000'000'000;
constexpr std::size_t kRateWindowBytesMin = 20U << 10;  // 1 KiB/s

}  // namespace

HttpConnection::HttpConnection(async::Loop& loop, std::unique_ptr<Stream> stream, HttpStats& stats,
                               std::vector<std::string>& spare_bodies)
    : loop_(loop),
      stats_(stats),
      spare_bodies_(spare_bodies),
      stream_(std::move(stream)),
      buffer_(kFirstReadBytes) {}

Task<Result<HttpResponse>> HttpConnection::exchange(std::string_view wire,
                                                    std::size_t body_bytes_max,
                                                    std::int64_t idle_ns,
                                                    std::int64_t total_deadline_ns,
                                                    CancelToken cancel) {
  BF_ASSERT(begin_ == end_);
  cancel_ = cancel;
  body_bytes_max_ = body_bytes_max;
  idle_ns_ = idle_ns;
  total_deadline_ns_ = total_deadline_ns;
  window_begin_ns_ = loop_.now_ns();
  window_bytes_ = 0;
  answered_ = false;
  reusable_ = false;

  ++stats_.requests;
  const std::int64_t write_deadline = std::min(total_deadline_ns_, loop_.now_ns() + idle_ns_);
  const Result<void> sent =
      co_await stream_->write(std::span<const char>(wire), cancel_, write_deadline);
  if (!sent) {
    if (sent.error().code() == Code::kTimeout) co_return fail(timeout_error());
    co_return fail(sent.error());
  }
  stats_.bytes_out += wire.size();

  Result<HttpHead> head = co_await read_head();
  for (int interim = 0; head && head->status / 100 == 1; ++interim) {
    if (interim == kInterimResponsesMax) {
      co_return fail(Code::kProtocol, "more than 8 interim (1xx) answers");
    }
    head = co_await read_head();
  }
  if (!head) co_return fail(head.error());

  HttpResponse response;
  const Result<void> body = co_await read_body(*head, response.body);
  if (!body) co_return fail(body.error());
  const Result<void> decoded = decode_body(*head, response.body);
  if (!decoded) co_return fail(decoded.error());
  response.body.reserve(response.body.size() + kBodyPadding);
  response.status = head->status;
  response.headers = std::move(head->headers);
  // Bytes behind the answer belong to nobody: the connection goes, the answer is whole.
  reusable_ = head->keep_alive && begin_ == end_;
  co_return response;
}

Task<Result<std::size_t>> HttpConnection::read(std::span<char> into) {
  const std::int64_t deadline = std::min(total_deadline_ns_, loop_.now_ns() + idle_ns_);
  const Result<std::size_t> bytes = co_await stream_->read(into, cancel_, deadline);
  if (!bytes) {
    if (bytes.error().code() == Code::kTimeout) co_return fail(timeout_error());
    co_return fail(bytes.error());
  }
  if (*bytes > 0) answered_ = true;
  stats_.bytes_in += *bytes;
  if (too_slow(*bytes)) {
    co_return fail(Code::kTimeout, "the answer came at less than 1 KiB/s for 20 s");
  }
  co_return *bytes;
}

bool HttpConnection::too_slow(std::size_t bytes) {
  window_bytes_ += bytes;
  const std::int64_t now = loop_.now_ns();
  if (now - window_begin_ns_ < kRateWindowNs) return false;
  if (window_bytes_ < kRateWindowBytesMin) return true;
  window_begin_ns_ = now;
  window_bytes_ = 0;
  return false;
}

Error HttpConnection::timeout_error() const {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  if (loop_.now_ns() >= total_deadline_ns_) {
    return Error(Code::kTimeout, "no whole answer within the time for one request");
  }
  return Error(Code::kTimeout, "not a byte for " + std::to_string(idle_ns_ / kNsPerMs) + " ms");
}

Task<Result<bool>> HttpConnection::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0 && end_ == buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  // A head that long is rare: not every connection has room for it.
  if (end_ == buffer_.size()) buffer_.resize(kHeaderBytesMax);
  BF_ASSERT(end_ < buffer_.size());
  const std::size_t room = std::min(buffer_.size() - end_, kFirstReadBytes);
  const Result<std::size_t> bytes = co_await read(std::span<char>(buffer_.data() + end_, room));
  if (!bytes) co_return fail(bytes.error());
  end_ += *bytes;
  co_return *bytes > 0;
}

Task<Result<HttpHead>> HttpConnection::read_head() {
  static constexpr std::string_view kStart = "HTTP/1.";
  HeadScanner scanner;
  while (true) {
    // What is not HTTP (a TLS alert, another protocol) may never send the end of a head.
    const std::string_view bytes = buffered();
    const std::size_t start = std::min(bytes.size(), kStart.size());
    if (bytes.substr(0, start) != kStart.substr(0, start)) {
      co_return fail(Code::kProtocol, "the peer does not speak HTTP/1.1");
    }
    const Result<std::size_t> size = scanner.scan(bytes, kHeaderBytesMax);
    if (!size) co_return fail(size.error());
    if (*size > 0) {
      Result<HttpHead> head = parse_response_head(bytes.substr(0, *size));
      begin_ += *size;
      co_return head;
    }
    const Result<bool> more = co_await fill();
    if (!more) co_return fail(more.error());
    if (!*more) {
      co_return fail(Code::kNetwork, begin_ == end_
                                         ? "the connection was closed before an answer"
                                         : "the connection was closed inside of the header");
    }
  }
}

Task<Result<void>> HttpConnection::read_body(const HttpHead& head, std::string& body) {
  if (head.framing == Framing::kLength) return read_length(head.content_length, body);
  if (head.framing == Framing::kChunked) return read_chunks(body);
  if (head.framing == Framing::kClose) return read_until_close(body);
  return read_length(0, body);
}

Task<Result<void>> HttpConnection::read_length(std::uint64_t length, std::string& body) {
  if (length > body_bytes_max_) {
    co_return fail(Code::kProtocol, "the answer has " + std::to_string(length) +
                                        " bytes; the bound for this request is " +
                                        std::to_string(body_bytes_max_));
  }
  const auto whole = static_cast<std::size_t>(length);
  std::size_t have = std::min(whole, end_ - begin_);
  if (!spare_bodies_.empty()) {
    body = std::move(spare_bodies_.back());
    spare_bodies_.pop_back();
  }
  // What a string gains is cleared: a spare one mostly gains nothing, for pages are alike.
  const auto make_room = [&body](std::size_t size) {
    if (body.size() >= size) return;
    body.reserve(size + kBodyPadding);
    body.resize(size);
  };
  make_room(std::min(whole, std::max(have, kBodyStepBytes)));
  std::memcpy(body.data(), buffer_.data() + begin_, have);
  begin_ += have;
  while (have < whole) {
    if (have == body.size()) make_room(std::min(whole, 2 * have));
    const std::size_t room = std::min(body.size(), whole) - have;
    const Result<std::size_t> bytes = co_await read(std::span<char>(body.data() + have, room));
    if (!bytes) co_return fail(bytes.error());
    if (*bytes == 0) {
      co_return fail(Code::kNetwork, "the connection was closed after " + std::to_string(have) +
                                         " of " + std::to_string(whole) + " bytes");
    }
    have += *bytes;
  }
  body.resize(whole);
  co_return Result<void>();
}

Task<Result<void>> HttpConnection::read_chunks(std::string& body) {
  ChunkDecoder decoder(body_bytes_max_);
  while (true) {
    const Result<std::size_t> used = decoder.feed(buffered(), body);
    if (!used) co_return fail(used.error());
    begin_ += *used;
    if (decoder.done()) co_return Result<void>();
    const Result<bool> more = co_await fill();
    if (!more) co_return fail(more.error());
    if (!*more) co_return fail(Code::kNetwork, "the connection was closed inside of the body");
  }
}

Task<Result<void>> HttpConnection::read_until_close(std::string& body) {
  while (true) {
    if (end_ - begin_ > body_bytes_max_ - body.size()) {
      co_return fail(Code::kProtocol,
                     "the answer has more than " + std::to_string(body_bytes_max_) + " bytes");
    }
    body.append(buffered());
    begin_ = end_;
    const Result<bool> more = co_await fill();
    if (!more) co_return fail(more.error());
    if (!*more) co_return Result<void>();
  }
}

Result<void> HttpConnection::decode_body(const HttpHead& head, std::string& body) const {
  std::string_view coding;
  for (const auto& [name, value] : head.headers) {
    if (name != "content-encoding") continue;
    if (!coding.empty()) return fail(Code::kProtocol, "two Content-Encoding headers");
    coding = value;
  }
  if (coding.empty() || head.framing == Framing::kNone) return {};
  // A list of two codings is neither of these names; "x-gzip" has not been sent for decades.
  const bool one = coding.find(',') == std::string_view::npos;
  if (one && list_holds(coding, "identity")) return {};
  if (!one || !list_holds(coding, "gzip")) {
    return fail(Code::kProtocol, "Content-Encoding is \"" + std::string(coding.substr(0, 40)) +
                                     "\"; gzip was asked for");
  }
  Result<std::string> plain = gunzip(body, body_bytes_max_);
  if (!plain) return fail(plain.error());
  body = std::move(*plain);
  return {};
}

}  // namespace bf::net
