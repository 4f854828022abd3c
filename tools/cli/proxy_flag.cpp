#include "tools/cli/proxy_flag.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <set>

#include "tools/cli/run_flags.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

constexpr std::string_view kForm =
    "write URL, EXCHANGE=URL or EXCHANGE/MARKET=URL, such as binance=socks5h://127.0.0.1:1080; a "
    "comma in a password is %2C";

struct Entry {
  std::string source;  ///< "" for all
  std::string_view url;
};

bool is_source_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '-' || c == '_';
}

/// Splits "binance=URL". What stands before a '=' is only repeated where it is a name: it may be a part
/// of a password.
Result<Entry> parse_entry(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || text.find("://") < equals) return Entry{"", text};
  Entry entry{std::string(text.substr(0, equals)), text.substr(equals + 1)};
  if (!std::all_of(entry.source.begin(), entry.source.end(), is_source_byte)) {
    return fail(Code::kUsage, fmt::format("--proxy: {}", kForm));
  }
  if (entry.source == "all") {
    entry.source.clear();
    return entry;
  }
  const Result<void> known = check_source_name(entry.source, /*with_market=*/true);
  if (!known) return fail(known.error().at("--proxy"));
  return entry;
}

// The search for leaks attaches to the process, which one that cannot be dumped does not allow.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BF_SEEKS_LEAKS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define BF_SEEKS_LEAKS 1
#endif
#ifdef BF_SEEKS_LEAKS
constexpr bool kLeaksAreSought = true;
#else
constexpr bool kLeaksAreSought = false;
#endif

void hide_from_dumps(const net::ProxyPtr& proxy) {
  if (proxy && proxy->credentials && !kLeaksAreSought) ::prctl(PR_SET_DUMPABLE, 0);
}

/// The proxy that the first of `names` that is set says; null for none.
Result<net::ProxyPtr> from_environment(const Environment& environment,
                                       std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    const char* const value = environment(name);
    if (value == nullptr || *value == '\0') continue;
    Result<net::ProxyPtr> proxy = net::parse_proxy(value);
    if (!proxy) return fail(proxy.error().at(name));
    hide_from_dumps(*proxy);
    return proxy;
  }
  return net::ProxyPtr();
}

net::EnvironmentProxies environment_proxies(const Environment& environment) {
  net::EnvironmentProxies proxies;
  proxies.for_https = from_environment(environment, {"https_proxy", "HTTPS_PROXY"});
  proxies.for_http = from_environment(environment, {"http_proxy"});
  for (const char* const name : {"no_proxy", "NO_PROXY"}) {
    const char* const value = environment(name);
    if (value == nullptr || *value == '\0') continue;
    proxies.except = net::NoProxy(value);
    break;
  }
  return proxies;
}

}  // namespace

bool proxy_holds_secret(std::string_view value) {
  return value.find('@') != std::string_view::npos;
}

Result<net::ProxyChoice> choose_proxies(const std::vector<std::string>& entries,
                                        const Environment& environment) {
  net::ProxyChoice choice;
  std::set<std::string> named;
  for (const std::string& list : entries) {
    for (const std::string& text : split(list, ',')) {
      const Result<Entry> entry = parse_entry(text);
      if (!entry) return fail(entry.error());
      const std::string whose = entry->source.empty() ? "--proxy" : "--proxy " + entry->source;
      if (!named.insert(entry->source).second) {
        return fail(Code::kUsage, whose + ": given twice");
      }
      net::ProxyPtr proxy;
      if (entry->url != "direct") {
        Result<net::ProxyPtr> parsed = net::parse_proxy(entry->url);
        if (!parsed) return fail(parsed.error().at(whose));
        proxy = std::move(*parsed);
      }
      hide_from_dumps(proxy);
      choice.set(entry->source, std::move(proxy));
    }
  }
  choice.set_environment(environment_proxies(environment));
  return choice;
}

}  // namespace bf::cli
