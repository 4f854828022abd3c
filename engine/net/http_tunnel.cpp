#include "engine/net/http_tunnel.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/net/http_head.h"
#include "engine/net/proxy.h"
#include "engine/net/tunnel.h"

namespace bf::net {
namespace {

constexpr std::size_t kReadBytes = 4U << 10;
constexpr int kAuthenticationRequired = 407;
constexpr int kUnauthorized = 401;  // what tinyproxy says of a wrong password

/// "Proxy-Authorization: Basic ...", RFC 7617, with its line end.
std::string authorization_line(const ProxyCredentials& credentials) {
  const std::string& user = credentials.user.reveal();
  const std::string& password = credentials.password.reveal();
  std::string both;
  both.reserve(user.size() + 1 + password.size());
  both.append(user).append(":").append(password);
  const SecretText pair(std::move(both));
  const std::string& plain = pair.reveal();
  constexpr std::string_view kName = "Proxy-Authorization: Basic ";
  const std::size_t coded_bytes = (plain.size() + 2) / 3 * 4;
  std::string line;
  line.reserve(kName.size() + coded_bytes + 3);
  line.append(kName);
  line.resize(kName.size() + coded_bytes + 1);  // OpenSSL ends it with a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(line.data() + kName.size()),
                  reinterpret_cast<const unsigned char*>(plain.data()),
                  static_cast<int>(plain.size()));
  line.pop_back();
  return line.append("\r\n");
}

std::string connect_request(const Endpoint& to) {
  const bool numeric_v6 = to.host.find(':') != std::string::npos;
  const std::string host = numeric_v6 ? "[" + to.host + "]" : to.host;
  const std::string authority = host + ":" + std::to_string(to.port);
  const SecretText authorization(to.proxy->credentials ? authorization_line(*to.proxy->credentials)
                                                       : std::string());
  const std::string head = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority +
                           "\r\nUser-Agent: bf/" BF_VERSION "\r\n";
  std::string request;
  request.reserve(head.size() + authorization.reveal().size() + 2);
  return request.append(head).append(authorization.reveal()).append("\r\n");
}

/// Reads until `bytes` begins with a whole head, and takes that away.
Task<Result<HttpHead>> read_head(Stream& proxy, std::string& bytes, CancelToken cancel,
                                 std::int64_t deadline_ns) {
  static constexpr std::string_view kStart = "HTTP/1.";
  HeadScanner scanner;
  std::array<char, kReadBytes> buffer;  // NOLINT(*-member-init): read() fills what is used
  while (true) {
    const std::size_t start = std::min(bytes.size(), kStart.size());
    if (std::string_view(bytes).substr(0, start) != kStart.substr(0, start)) {
      co_return fail(Code::kProtocol, "it does not speak HTTP/1.1");
    }
    const Result<std::size_t> size = scanner.scan(bytes, kHeaderBytesMax);
    if (!size) co_return fail(size.error());
    if (*size > 0) {
      Result<HttpHead> head = parse_connect_head(std::string_view(bytes).substr(0, *size));
      bytes.erase(0, *size);
      co_return head;
    }
    const Result<std::size_t> got =
        co_await proxy.read(std::span<char>(buffer), cancel, deadline_ns);
    if (!got) co_return fail(got.error());
    if (*got == 0) {
      co_return fail(Code::kNetwork, bytes.empty()
                                         ? "it closed the connection without answering CONNECT"
                                         : "it closed the connection inside of its answer");
    }
    bytes.append(buffer.data(), *got);
  }
}

/// What a status other than 2xx means. The body behind it, a page for people, is not read.
Error refusal(int status, const Endpoint& to) {
  const std::string answer = "HTTP " + std::to_string(status);
  if (status == kAuthenticationRequired || status == kUnauthorized) {
    return credentials_error(*to.proxy, answer);
  }
  const std::string host = to.host + ":" + std::to_string(to.port);
  if (status / 100 == 5) {
    return Error(Code::kNetwork, "it could not connect to " + host + " (" + answer + ")");
  }
  return Error(Code::kBlocked, "it refuses to connect to " + host + " (" + answer + ")");
}

}  // namespace

Task<Result<std::string>> ask_http_proxy(Stream& proxy, Endpoint to, CancelToken cancel,
                                         std::int64_t deadline_ns) {
  const SecretText request(connect_request(to));
  const Result<void> sent =
      co_await proxy.write(std::span<const char>(request.reveal()), cancel, deadline_ns);
  if (!sent) co_return fail(sent.error());

  std::string bytes;
  Result<HttpHead> head = co_await read_head(proxy, bytes, cancel, deadline_ns);
  for (int interim = 0; head && head->status / 100 == 1; ++interim) {
    if (interim == kInterimResponsesMax) {
      co_return fail(Code::kProtocol, "more than 8 interim (1xx) answers");
    }
    head = co_await read_head(proxy, bytes, cancel, deadline_ns);
  }
  if (!head) co_return fail(head.error());
  if (head->status / 100 != 2) co_return fail(refusal(head->status, to));
  // Content-Length and Transfer-Encoding of a 2xx answer mean nothing (RFC 9110, 9.3.6): where a proxy
  // sends a page with it, that page is what the tunnel says, and no TLS peer or exchange talks so.
  co_return std::move(bytes);
}

}  // namespace bf::net
