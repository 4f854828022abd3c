// engine/net/proxy_choice.h
//
// Which proxy a connection goes through: what the user said for its source, for all sources, or what
// the environment says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/net/proxy.h"

namespace bf::net {

/// A no_proxy list: the hosts that no proxy of the environment is used for. Entries are separated by
/// commas or blanks:
///   *                             every host
///   example.com, .example.com     this host and those below it; not notexample.com
///   example.com:8443, [::1]:80    with this port alone
///   192.0.2.1, 10.0.0.0/8, ::1    addresses and their networks; names are not resolved for it
class NoProxy {
 public:
  NoProxy() = default;
  /// What cannot be read of `list` covers nothing.
  explicit NoProxy(std::string_view list);
  [[nodiscard]] bool covers(const std::string& host, std::uint16_t port) const;

 private:
  struct Rule {
    std::string host;          ///< lower case, without a leading dot; "*" for all; or an address
    std::uint16_t port = 0;    ///< 0: any
    unsigned prefix_bits = 0;  ///< of an address that is a network; 0: this address alone
  };
  [[nodiscard]] static std::optional<Rule> parse_rule(std::string_view entry);
  std::vector<Rule> rules_;
};

/// As the environment gives them; a URL that cannot be read is an error only where it would be used.
struct EnvironmentProxies {
  Result<ProxyPtr> for_https = ProxyPtr();
  Result<ProxyPtr> for_http = ProxyPtr();
  NoProxy except;
};

class ProxyChoice {
 public:
  /// For a source ("binance/um"), its exchange ("binance") or, with "", all of them; null: directly.
  void set(std::string source, ProxyPtr proxy) { chosen_[std::move(source)] = std::move(proxy); }
  void set_environment(EnvironmentProxies proxies) { environment_ = std::move(proxies); }

  /// For a connection of `source` ("binance/um") to `to`. What was set goes before the environment,
  /// also for loopback; a proxy of the environment never gets a connection to this machine.
  /// Errors: kUsage: the environment's URL cannot be read; names its variable.
  [[nodiscard]] Result<ProxyPtr> choose(std::string_view source, const Endpoint& to) const;

 private:
  std::map<std::string, ProxyPtr, std::less<>> chosen_;
  EnvironmentProxies environment_;
};

}  // namespace bf::net
