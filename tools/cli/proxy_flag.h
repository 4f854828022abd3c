// tools/cli/proxy_flag.h
//
// Which proxies a run goes through: --proxy, BF_PROXY or the file's `proxy`, and behind them what other
// programs take from the environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/net/proxy_choice.h"
#include "tools/cli/command_line.h"

namespace bf::cli {

/// Whether a value of --proxy has a user, which mostly comes with a password.
[[nodiscard]] bool proxy_holds_secret(std::string_view value);

/// What `entries` say ("URL", "all=URL", "binance=URL", "binance/um=direct"; also several, separated by
/// commas), and for the other sources the environment: https_proxy or HTTPS_PROXY for https, http_proxy
/// for http (in lower case alone: HTTP_PROXY is what a web server makes of a visitor's header), no_proxy
/// or NO_PROXY. Where a credential is among them, this process leaves no core dump.
/// Errors: kUsage: an exchange or market that is not known, a URL that cannot be read, two for one
///         source; never repeats a URL.
[[nodiscard]] Result<net::ProxyChoice> choose_proxies(const std::vector<std::string>& entries,
                                                      const Environment& environment);

}  // namespace bf::cli
