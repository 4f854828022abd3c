// tests/net/tunnel_support.h
//
// Requests through scripted proxies, on a virtual clock.
#pragma once

#include <string>

#include "engine/net/proxy.h"
#include "tests/net/net_support.h"

namespace bf::net {

/// A request for http://exchange.test:80/page by way of `proxy`.
HttpRequest request_through(const std::string& proxy);

/// One request by way of `proxy`, which follows `script`.
Fetched fetch_through(const std::string& proxy, Script script);

/// Expects that the handshake failed with `code` and these words, that it names the proxy, shows no
/// credentials ("canary"), and leaves nothing behind.
void expect_no_tunnel(const Fetched& fetched, Code code, const std::string& words,
                      const std::string& what);

/// A script like `steps` in which the answer of the step `at` ends after `bytes`; then it stalls, or
/// closes.
Script cut(const Script& steps, std::size_t at, std::size_t bytes, bool stalls);

/// Every way to cut each answer of the handshake `steps`: closed, it fails with kNetwork at once;
/// stalled, with kTimeout at the connect deadline.
void expect_every_cut_noticed(const std::string& proxy, const Script& steps);

/// Cancels a request through `proxy` after each number of turns of the loop, until it succeeds first.
void expect_cancellable_everywhere(const std::string& proxy, const Script& steps);

}  // namespace bf::net
