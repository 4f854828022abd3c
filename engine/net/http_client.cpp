#include "engine/net/http_client.h"

#include <algorithm>
#include <utility>

#include "engine/net/http_connection.h"
#include "engine/net/proxy.h"

namespace bf::net {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
/// Bodies whose memory is kept for others: as many as are parsed in one turn of the loop, and no archive's.
constexpr std::size_t kSpareBodiesMax = 8;
constexpr std::size_t kSpareBytesMax = 1U << 20;

bool is_token(std::string_view text) noexcept {
  static constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

bool breaks_a_line(char c) noexcept { return c == '\r' || c == '\n' || c == '\0'; }

/// The one place where text becomes a request's bytes: nothing in it may add a line.
Result<std::string> request_bytes(const HttpRequest& request, const HttpClientOptions& options) {
  const std::string& target = request.target;
  const bool printable =
      std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!target.starts_with('/') || !printable) {
    return fail(Code::kUsage,
                "a request's target begins with '/' and is percent-encoded ASCII without spaces");
  }
  std::string bytes("GET ");
  bytes.append(target).append(" HTTP/1.1\r\nHost: ");
  const Endpoint& endpoint = request.endpoint;
  const bool numeric_v6 = endpoint.host.find(':') != std::string::npos;
  bytes.append(numeric_v6 ? "[" : "").append(endpoint.host).append(numeric_v6 ? "]" : "");
  if (endpoint.port != (endpoint.tls ? 443 : 80)) {
    bytes.append(":").append(std::to_string(endpoint.port));
  }
  const std::string& user_agent =
      request.user_agent.empty() ? options.user_agent : request.user_agent;
  bytes.append("\r\nUser-Agent: ").append(user_agent);
  bytes.append("\r\nAccept-Encoding: ").append(options.gzip ? "gzip" : "identity").append("\r\n");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || std::any_of(value.begin(), value.end(), breaks_a_line)) {
      // The value may be a secret: it is not shown.
      return fail(Code::kUsage, "a request header has a name or value that no header can have");
    }
    bytes.append(name).append(": ").append(value).append("\r\n");
  }
  bytes.append("\r\n");
  const bool host_breaks = std::any_of(endpoint.host.begin(), endpoint.host.end(),
                                       [](char c) { return c <= ' ' || c == '\x7f'; });
  if (host_breaks || std::any_of(user_agent.begin(), user_agent.end(), breaks_a_line)) {
    return fail(Code::kUsage, "host or user agent holds a control character");
  }
  return bytes;
}

/// What errors say was asked: without the query, which may hold secrets.
std::string asked(const HttpRequest& request) {
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  return std::string("GET ").append(request.endpoint.name()).append(path);
}

/// The same for what happened on a connection: a proxy may be the reason.
std::string asked_through(const HttpRequest& request) {
  const ProxyPtr& proxy = request.endpoint.proxy;
  return proxy ? asked(request) + " through proxy " + proxy->name() : asked(request);
}

}  // namespace

/// How one attempt on one connection ended.
struct HttpClient::Attempt {
  Attempt(Result<HttpResponse> r, bool answer_began)
      : response(std::move(r)), answered(answer_began) {}
  Result<HttpResponse> response;
  bool
      answered;  ///< a byte of an answer came: the request may have been counted, and is not repeated
};

HttpClient::HttpClient(Transport& transport, HttpClientOptions options)
    : transport_(transport), options_(std::move(options)) {}

HttpClient::~HttpClient() { BF_ASSERT(idle_count_ == 0); }

Task<Result<HttpResponse>> HttpClient::get(HttpRequest request, CancelToken cancel) {
  if (cancel.cancelled()) co_return fail(CancelToken::error());
  const Result<std::string> wire = request_bytes(request, options_);
  if (!wire) co_return fail(wire.error());
  const std::int64_t deadline = transport_.loop().now_ns() + options_.timeouts.total_ms * kNsPerMs;

  ConnectionPtr kept;
  if (!request.fresh) kept = co_await take_idle(request.endpoint);
  if (kept) {
    Attempt first = co_await attempt(request, *wire, std::move(kept), deadline, cancel);
    if (first.response) co_return std::move(first.response);
    const Code code = first.response.error().code();
    const bool closed = code == Code::kNetwork || code == Code::kTls;
    if (first.answered || !closed)
      co_return fail(first.response.error().at(asked_through(request)));
    // The server closed it while it was idle, which both sides may: that is no failure of the request.
    ++stats_.reconnects;
    if (!request.resend) co_return HttpResponse();
  }
  Result<ConnectionPtr> fresh = co_await connect(request.endpoint, deadline, cancel);
  if (!fresh) co_return fail(fresh.error().at(asked(request)));
  Attempt last = co_await attempt(request, *wire, std::move(*fresh), deadline, cancel);
  if (!last.response) co_return fail(last.response.error().at(asked_through(request)));
  co_return std::move(last.response);
}

Task<HttpClient::Attempt> HttpClient::attempt(const HttpRequest& request, std::string_view wire,
                                              ConnectionPtr connection,
                                              std::int64_t total_deadline_ns, CancelToken cancel) {
  // `request` and `wire` live in the frame of get(), which awaits this.
  Result<HttpResponse> response = co_await connection->exchange(
      wire, request.body_bytes_max, options_.timeouts.idle_ms * kNsPerMs, total_deadline_ns,
      cancel);
  const bool answered = connection->answered();
  if (response && connection->reusable()) {
    co_await keep_idle(request.endpoint, std::move(connection));
  } else {
    co_await connection->close();
  }
  co_return Attempt(std::move(response), answered);
}

Task<Result<HttpClient::ConnectionPtr>> HttpClient::connect(Endpoint endpoint,
                                                            std::int64_t total_deadline_ns,
                                                            CancelToken cancel) {
  const std::int64_t deadline = std::min(
      total_deadline_ns, transport_.loop().now_ns() + options_.timeouts.connect_ms * kNsPerMs);
  Result<std::unique_ptr<Stream>> stream =
      co_await transport_.connect(std::move(endpoint), cancel, deadline);
  if (!stream) co_return fail(stream.error());
  ++stats_.connections;
  co_return std::make_unique<HttpConnection>(transport_.loop(), std::move(*stream), stats_,
                                             spare_bodies_);
}

Task<HttpClient::ConnectionPtr> HttpClient::take_idle(Endpoint endpoint) {
  const std::int64_t oldest = transport_.loop().now_ns() - options_.idle_connection_ms * kNsPerMs;
  while (true) {
    // Looked up anew each round: others run while a stale connection is closed.
    const auto found = idle_.find(endpoint);
    if (found == idle_.end()) co_return nullptr;
    ConnectionPtr connection = std::move(found->second.back());
    found->second.pop_back();
    if (found->second.empty()) idle_.erase(found);
    --idle_count_;
    if (connection->idle_since_ns >= oldest && !connection->spoiled()) co_return connection;
    co_await connection->close();
  }
}

Task<void> HttpClient::keep_idle(Endpoint endpoint, ConnectionPtr connection) {
  connection->idle_since_ns = transport_.loop().now_ns();
  idle_[std::move(endpoint)].push_back(std::move(connection));
  ++idle_count_;
  while (idle_count_ > options_.idle_connections_max) {
    const ConnectionPtr oldest = take_oldest_idle();
    co_await oldest->close();
  }
}

void HttpClient::recycle(HttpResponse response) {
  const bool fits = response.body.capacity() <= kSpareBytesMax;
  if (fits && spare_bodies_.size() < kSpareBodiesMax) {
    spare_bodies_.push_back(std::move(response.body));
  }
}

HttpClient::ConnectionPtr HttpClient::take_oldest_idle() {
  const auto oldest =
      std::min_element(idle_.begin(), idle_.end(), [](const auto& a, const auto& b) {
        return a.second.front()->idle_since_ns < b.second.front()->idle_since_ns;
      });
  ConnectionPtr connection = std::move(oldest->second.front());
  oldest->second.erase(oldest->second.begin());
  if (oldest->second.empty()) idle_.erase(oldest);
  --idle_count_;
  return connection;
}

Task<void> HttpClient::close() {
  while (idle_count_ > 0) {
    const ConnectionPtr connection = take_oldest_idle();
    co_await connection->close();
  }
}

}  // namespace bf::net
