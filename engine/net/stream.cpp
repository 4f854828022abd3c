#include "engine/net/stream.h"

#include "engine/net/proxy.h"

namespace bf::net {

std::string Endpoint::name() const {
  const bool numeric_v6 = host.find(':') != std::string::npos;
  std::string text(tls ? "https://" : "http://");
  if (numeric_v6) text.push_back('[');
  text.append(host);
  if (numeric_v6) text.push_back(']');
  return text.append(":").append(std::to_string(port));
}

std::string Endpoint::route() const {
  const std::string way = proxy ? proxy->name() : "direct";
  return host + ":" + std::to_string(port) + " " + way;
}

}  // namespace bf::net
