#include "engine/net/socks5.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/net/proxy.h"
#include "engine/net/tunnel.h"

namespace bf::net {
namespace {

// Of RFC 1928.
constexpr char kVersion = 5;
constexpr char kNoAuthentication = 0;
constexpr char kUserPassword = 2;
constexpr char kNoMethod = '\xff';
constexpr char kConnect = 1;
constexpr char kIpv4 = 1;
constexpr char kDomain = 3;
constexpr char kIpv6 = 4;
constexpr unsigned char kNotAllowed = 2;
constexpr unsigned char kCommandUnknown = 7;
constexpr unsigned char kAddressTypeUnknown = 8;
// Of RFC 1929.
constexpr char kPasswordVersion = 1;

constexpr std::size_t kAnswerBytesMax = 255 + 2;  // a length, a name and a port

std::string hex_byte(char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  return {'0', 'x', kDigits[value >> 4U], kDigits[value & 15U]};
}

/// What the proxy says of why it did not connect; RFC 1928, 6.
std::string_view reply_text(unsigned char reply) {
  constexpr std::array<std::string_view, 9> kTexts = {"",
                                                      "general failure",
                                                      "not allowed by its rules",
                                                      "network unreachable",
                                                      "host unreachable",
                                                      "connection refused",
                                                      "TTL expired",
                                                      "command not supported",
                                                      "address type not supported"};
  return reply < kTexts.size() ? kTexts[reply] : "unknown reply";
}

Error reply_error(char reply, const Endpoint& to) {
  const auto value = static_cast<unsigned char>(reply);
  const bool for_good =
      value == kNotAllowed || value == kCommandUnknown || value == kAddressTypeUnknown;
  std::string message(for_good ? "it refuses to connect to " : "it could not connect to ");
  message.append(to.host).append(":").append(std::to_string(to.port));
  message.append(" (SOCKS reply ").append(hex_byte(reply)).append(": ");
  message.append(reply_text(value)).append(")");
  return Error(for_good ? Code::kBlocked : Code::kNetwork, std::move(message));
}

/// Fills `into`, which outlives the task.
Task<Result<void>> read_exactly(Stream& proxy, std::span<char> into, CancelToken cancel,
                                std::int64_t deadline_ns) {
  while (!into.empty()) {
    const Result<std::size_t> got = co_await proxy.read(into, cancel, deadline_ns);
    if (!got) co_return fail(got.error());
    if (*got == 0) co_return fail(Code::kNetwork, "it closed the connection during the handshake");
    into = into.subspan(*got);
  }
  co_return Result<void>();
}

/// Sends `message`, which outlives the task, and reads the two bytes that each step is answered with.
Task<Result<std::array<char, 2>>> ask(Stream& proxy, std::span<const char> message,
                                      CancelToken cancel, std::int64_t deadline_ns) {
  const Result<void> sent = co_await proxy.write(message, cancel, deadline_ns);
  if (!sent) co_return fail(sent.error());
  std::array<char, 2> answer{};
  const Result<void> got =
      co_await read_exactly(proxy, std::span<char>(answer), cancel, deadline_ns);
  if (!got) co_return fail(got.error());
  co_return answer;
}

std::string password_message(const ProxyCredentials& credentials) {
  const std::string& user = credentials.user.reveal();
  const std::string& password = credentials.password.reveal();
  std::string message;
  message.reserve(3 + user.size() + password.size());
  message.push_back(kPasswordVersion);
  message.push_back(static_cast<char>(user.size()));
  message.append(user);
  message.push_back(static_cast<char>(password.size()));
  return message.append(password);
}

/// Agrees on a method, and shows the credentials where it asks for them. `which` outlives the task.
Task<Result<void>> authenticate(Stream& stream, const Proxy& which, CancelToken cancel,
                                std::int64_t deadline_ns) {
  std::string hello({kVersion, 1, kNoAuthentication});
  if (which.credentials) hello.assign({kVersion, 2, kNoAuthentication, kUserPassword});
  const Result<std::array<char, 2>> method =
      co_await ask(stream, std::span<const char>(hello), cancel, deadline_ns);
  if (!method) co_return fail(method.error());
  if ((*method)[0] != kVersion) co_return fail(Code::kProtocol, "it does not speak SOCKS5");
  if ((*method)[1] == kNoMethod) {
    co_return fail(credentials_error(which, "no acceptable SOCKS method"));
  }
  if ((*method)[1] == kNoAuthentication) co_return Result<void>();
  if ((*method)[1] != kUserPassword || !which.credentials) {
    co_return fail(Code::kProtocol, "it chose the SOCKS method " + hex_byte((*method)[1]) +
                                        ", which nobody offered");
  }
  const SecretText message(password_message(*which.credentials));
  const Result<std::array<char, 2>> status =
      co_await ask(stream, std::span<const char>(message.reveal()), cancel, deadline_ns);
  if (!status) co_return fail(status.error());
  if ((*status)[0] != kPasswordVersion) {
    co_return fail(Code::kProtocol, "its answer to user and password is not of RFC 1929");
  }
  if ((*status)[1] != 0) {
    co_return fail(credentials_error(which, "SOCKS status " + hex_byte((*status)[1])));
  }
  co_return Result<void>();
}

/// CONNECT: an address as it is, a name as a name.
std::string connect_message(const Endpoint& to) {
  std::string message({kVersion, kConnect, 0});
  std::array<char, sizeof(in6_addr)> address{};
  if (inet_pton(AF_INET, to.host.c_str(), address.data()) == 1) {
    message.push_back(kIpv4);
    message.append(address.data(), sizeof(in_addr));
  } else if (inet_pton(AF_INET6, to.host.c_str(), address.data()) == 1) {
    message.push_back(kIpv6);
    message.append(address.data(), sizeof(in6_addr));
  } else {
    message.push_back(kDomain);
    message.push_back(static_cast<char>(to.host.size()));  // at most 253
    message.append(to.host);
  }
  message.push_back(static_cast<char>(to.port >> 8U));
  message.push_back(static_cast<char>(to.port & 255U));
  return message;
}

/// Reads the rest of the answer: the address that the proxy connected from, which nobody needs.
Task<Result<void>> skip_bound_address(Stream& proxy, CancelToken cancel, std::int64_t deadline_ns) {
  std::array<char, kAnswerBytesMax> bytes{};
  const std::span<char> room(bytes);
  const Result<void> type = co_await read_exactly(proxy, room.first(2), cancel, deadline_ns);
  if (!type) co_return type;
  std::size_t rest = 0;
  if (bytes[1] == kIpv4) {
    rest = sizeof(in_addr) + 2;
  } else if (bytes[1] == kIpv6) {
    rest = sizeof(in6_addr) + 2;
  } else if (bytes[1] == kDomain) {
    const Result<void> size = co_await read_exactly(proxy, room.first(1), cancel, deadline_ns);
    if (!size) co_return size;
    rest = static_cast<unsigned char>(bytes[0]) + std::size_t{2};
  } else {
    co_return fail(Code::kProtocol, "its answer has an address of type " + hex_byte(bytes[1]));
  }
  co_return co_await read_exactly(proxy, room.first(rest), cancel, deadline_ns);
}

}  // namespace

Task<Result<void>> ask_socks5_proxy(Stream& proxy, Endpoint to, CancelToken cancel,
                                    std::int64_t deadline_ns) {
  const Result<void> known = co_await authenticate(proxy, *to.proxy, cancel, deadline_ns);
  if (!known) co_return known;
  const std::string message = connect_message(to);
  const Result<std::array<char, 2>> reply =
      co_await ask(proxy, std::span<const char>(message), cancel, deadline_ns);
  if (!reply) co_return fail(reply.error());
  if ((*reply)[0] != kVersion) co_return fail(Code::kProtocol, "it does not speak SOCKS5");
  // Some proxies end the connection right behind a refusal, without its address.
  if ((*reply)[1] != 0) co_return fail(reply_error((*reply)[1], to));
  co_return co_await skip_bound_address(proxy, cancel, deadline_ns);
}

}  // namespace bf::net
