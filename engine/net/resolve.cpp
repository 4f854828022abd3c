#include "engine/net/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

namespace bf::net {
namespace {

using async::Wake;

constexpr unsigned char kLoopbackV4 = 127;  // 127.0.0.0/8

/// Owned by the waiter until its callback has run; by libuv when the waiter has left before.
struct Request {
  explicit Request(async::Loop& loop) : waiters(loop) {}
  uv_getaddrinfo_t uv{};
  async::WaitQueue waiters;
  int status = 0;
  bool ended = false;
  bool abandoned = false;
};

void on_resolved(uv_getaddrinfo_t* uv, int status, addrinfo* /*in uv->addrinfo as well*/) {
  Request* const request = static_cast<Request*>(uv->data);
  request->status = status;
  request->ended = true;
  if (!request->abandoned) {
    request->waiters.wake_all();
    return;
  }
  uv_freeaddrinfo(uv->addrinfo);
  delete request;
}

/// Leaves the request to whoever still needs it.
struct LeaveRequest {
  void operator()(Request* request) const noexcept {
    if (request->ended) {
      uv_freeaddrinfo(request->uv.addrinfo);
      delete request;
      return;
    }
    request->abandoned = true;
    // Not started yet: then its callback comes soon. Started: the thread cannot be stopped.
    uv_cancel(reinterpret_cast<uv_req_t*>(&request->uv));
  }
};

void set_port(sockaddr_storage& address, std::uint16_t port) noexcept {
  if (address.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(port);
  }
}

bool is_private_v4(std::uint32_t address) noexcept {
  const auto in = [address](std::uint32_t network, unsigned bits) {
    return (address >> (32 - bits)) == (network >> (32 - bits));
  };
  return in(0x00000000, 8) || in(0x7f000000, 8) || in(0x0a000000, 8) || in(0xac100000, 12) ||
         in(0xc0a80000, 16) || in(0xa9fe0000, 16);
}

}  // namespace

bool is_host_name(std::string_view host) noexcept {
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_this_machine(const std::string& host) noexcept {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  sockaddr_storage address{};
  if (!parse_address(host, 0, address)) return false;
  if (address.ss_family == AF_INET) {
    return reinterpret_cast<const unsigned char*>(
               &reinterpret_cast<const sockaddr_in&>(address).sin_addr)[0] == kLoopbackV4;
  }
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == kLoopbackV4);
}

bool parse_address(const std::string& host, std::uint16_t port,
                   sockaddr_storage& address) noexcept {
  address = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    address.ss_family = AF_INET;
  } else if (uv_ip6_addr(host.c_str(), port, &v6) == 0) {  // knows zones ("fe80::1%eth0")
    address.ss_family = AF_INET6;
  } else {
    return false;
  }
  set_port(address, port);
  return true;
}

std::string format_address(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool v4 = address.ss_family == AF_INET;
  const auto& in4 = reinterpret_cast<const sockaddr_in&>(address);
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
  inet_ntop(address.ss_family,
            v4 ? static_cast<const void*>(&in4.sin_addr) : static_cast<const void*>(&in6.sin6_addr),
            text.data(), text.size());
  const std::string port = std::to_string(ntohs(v4 ? in4.sin_port : in6.sin6_port));
  std::string formatted(v4 ? "" : "[");
  return formatted.append(text.data()).append(v4 ? ":" : "]:").append(port);
}

bool is_private_address(const sockaddr_storage& address) noexcept {
  if (address.ss_family == AF_INET) {
    return is_private_v4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  }
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    std::uint32_t v4 = 0;
    std::memcpy(&v4, &v6.s6_addr[12], sizeof v4);
    return is_private_v4(ntohl(v4));
  }
  return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6) ||
         (v6.s6_addr[0] & 0xfeU) == 0xfcU;
}

Task<Result<std::vector<sockaddr_storage>>> resolve(async::RealLoop& loop, std::string host,
                                                    std::uint16_t port, CancelToken cancel,
                                                    std::int64_t deadline_ns) {
  std::vector<sockaddr_storage> addresses;
  if (!is_host_name(host)) {
    co_return fail(Code::kUsage, "not a host name (1 to 253 visible ASCII characters)");
  }
  sockaddr_storage numeric{};
  if (parse_address(host, port, numeric)) {
    addresses.push_back(numeric);
    co_return addresses;
  }

  std::unique_ptr<Request, LeaveRequest> request(new Request(loop));
  request->uv.data = request.get();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const int begun =
      uv_getaddrinfo(loop.uv(), &request->uv, on_resolved, host.c_str(), nullptr, &hints);
  if (begun != 0) {
    request->ended = true;  // libuv knows nothing of it
    co_return fail(Code::kNetwork, std::string("resolve the name: ") + uv_strerror(begun));
  }
  while (!request->ended) {
    const Wake wake = co_await request->waiters.wait(cancel, deadline_ns);
    if (wake == Wake::kTimeout) co_return fail(Code::kTimeout, "the name was not resolved in time");
    if (wake == Wake::kCancelled) co_return fail(CancelToken::error());
  }
  if (request->status != 0) {
    co_return fail(Code::kNetwork,
                   std::string("resolve the name: ") + uv_strerror(request->status));
  }
  for (const addrinfo* info = request->uv.addrinfo; info != nullptr; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    if (addresses.size() == kAddressesMax) break;
    sockaddr_storage address{};
    std::memcpy(&address, info->ai_addr, std::min<std::size_t>(info->ai_addrlen, sizeof address));
    set_port(address, port);
    addresses.push_back(address);
  }
  if (addresses.empty()) co_return fail(Code::kNetwork, "the name has no address");
  co_return addresses;
}

}  // namespace bf::net
