#include "engine/net/tunnel.h"

#include <string>
#include <utility>

#include "engine/net/http_tunnel.h"
#include "engine/net/prefixed_stream.h"
#include "engine/net/resolve.h"
#include "engine/net/socks5.h"

namespace bf::net {

Error credentials_error(const Proxy& proxy, std::string_view answer) {
  std::string message(proxy.credentials ? "the proxy refuses the user or the password ("
                                        : "the proxy wants a user and a password (");
  message.append(answer).append("): give them in BF_PROXY=").append(proxy.name());
  message.insert(message.find("://") + 3, "USER:PASSWORD@");
  return Error(Code::kUsage, message.append(", or in bf.toml with mode 0600"));
}

Task<Result<std::unique_ptr<Stream>>> open_tunnel(std::unique_ptr<Stream> below, Endpoint endpoint,
                                                  CancelToken cancel, std::int64_t deadline_ns) {
  BF_ASSERT(endpoint.proxy);
  const ProxyPtr proxy = endpoint.proxy;
  Result<std::string> early;  // of the tunnel, though it came with the proxy's answer
  if (!is_host_name(endpoint.host)) {
    early = fail(Code::kUsage, "not a host name (1 to 253 visible ASCII characters)");
  } else if (proxy->kind == ProxyKind::kHttp) {
    early = co_await ask_http_proxy(*below, endpoint, cancel, deadline_ns);
  } else {
    const Result<void> asked = co_await ask_socks5_proxy(*below, endpoint, cancel, deadline_ns);
    if (!asked) early = fail(asked.error());
  }
  if (!early) {
    co_await below->close();
    const Code code = early.error().code();
    if (code == Code::kCancelled) co_return fail(early.error());
    Error error = early.error();
    if (code == Code::kTimeout) error = Error(code, "the proxy did not answer in time");
    co_return fail(error.at("proxy " + proxy->name()));
  }
  if (early->empty()) co_return std::move(below);
  co_return std::make_unique<PrefixedStream>(std::move(*early), std::move(below));
}

}  // namespace bf::net
