#include "engine/net/stream.h"

namespace bf::net {

std::string Endpoint::name() const {
  const bool numeric_v6 = host.find(':') != std::string::npos;
  std::string text(tls ? "https://" : "http://");
  if (numeric_v6) text.push_back('[');
  text.append(host);
  if (numeric_v6) text.push_back(']');
  return text.append(":").append(std::to_string(port));
}

}  // namespace bf::net
