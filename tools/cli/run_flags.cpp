#include "tools/cli/run_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/exchange/market_api.h"
#include "engine/net/http.h"
#include "tools/cli/network_options.h"
#include "tools/cli/proxy_flag.h"
#include "tools/cli/text.h"

namespace bf::cli {
namespace {

constexpr std::int64_t kConcurrencyMax = 4'096;
constexpr std::int64_t kSeriesAtOnceMax = 1'024;
constexpr std::int64_t kMinFreeMibMax = 1'048'576;  // 1 TiB

void append(std::vector<Flag>& all, std::vector<Flag> group) {
  for (Flag& flag : group) all.push_back(std::move(flag));
}

/// How a run does its work, whatever it is asked for.
std::vector<Flag> work_flags(RunFlags& flags) {
  std::vector<Flag> all = {
      store_flag(flags.store),
      Flag("source", "NAME", "auto, rest or archive (default: auto)", &flags.source),
      Flag("fallback", "[WHERE=]LIST",
           "exchanges that fill what the own one lacks, in their order: okx,bybit, or "
           "blofin=okx,bybit",
           &flags.fallbacks),
      Flag("max-weight", "PERCENT", "share of the rate limit to use, such as 50%",
           &flags.max_weight),
      Flag("concurrency", "N", "requests in flight of a market (default: 64)", &flags.concurrency),
      Flag("series-at-once", "N", "series worked on at a time (default: 16)",
           &flags.series_at_once),
      Flag("min-free", "MIB", "room that the store's disk keeps (default: 256; 0: none)",
           &flags.min_free),
      Flag("allow-network-store", "", "write to a store on a network file system (nfs, smb, ...)",
           &flags.allow_network_store),
      Flag("strict", "", "provisional absences count as missing (exit 3)", &flags.strict),
      Flag("events", "json", "what happens as lines of JSON on stdout", &flags.events),
  };
  append(all, network_flags(flags.network));
  append(all, output_flags(flags.output));
  all.push_back(progress_flag(flags.output));
  return all;
}

}  // namespace

std::vector<Flag> network_flags(NetworkFlags& flags) {
  return {
      Flag("base-url", "WHERE=URL", "EXCHANGE[/MARKET]=URL of a mirror, test net or bf-sim",
           &flags.base_urls),
      Flag("archive-url", "WHERE=URL", "EXCHANGE=URL of the bulk archive", &flags.archive_urls),
      Flag("proxy", "[WHERE=]URL",
           "http://host:port (CONNECT) or socks5h://host:port, for all or one EXCHANGE[/MARKET]; "
           "direct: none (default: https_proxy, no_proxy)",
           &flags.proxies)
          .with_secrets(&proxy_holds_secret),
      Flag("ca-file", "FILE", "PEM roots to trust beside the system's", &flags.ca_file),
      Flag("state-dir", "DIR",
           "where bans are kept and rate limits shared (default: ~/.local/state/bf)",
           &flags.state_dir),
      Flag("allow-plain-http", "", "take http:// to hosts other than this one",
           &flags.allow_plain_http),
  };
}

std::vector<Flag> run_flags(RunFlags& flags) {
  std::vector<Flag> all = selection_flags(flags.selection);
  append(all, range_flags(flags.range));
  append(all, work_flags(flags));
  return all;
}

Flag lookback_flag(RunFlags& flags) {
  return Flag("lookback", "TIME", "how far back a fill goes: 7d, 36h, 30m (default: 7d)",
              &flags.lookback);
}

std::vector<Flag> fill_flags(RunFlags& flags) {
  std::vector<Flag> all = selection_flags(flags.selection);
  all.push_back(lookback_flag(flags));
  append(all, work_flags(flags));
  return all;
}

Result<void> check_source_name(const std::string& name, bool with_market) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos || !with_market) {
    const auto markets = exchange::markets_of(name);
    if (!markets) return fail(markets.error());
    return {};
  }
  const auto market = exchange::find_market(name.substr(0, slash), name.substr(slash + 1));
  if (!market) return fail(market.error());
  return {};
}

Result<int> parse_percent(std::string_view flag, std::string_view text) {
  std::string_view digits = text;
  if (digits.ends_with('%')) digits.remove_suffix(1);
  int percent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || percent < 1 || percent > 100) {
    return fail(Code::kUsage,
                fmt::format("--{} {}: write a share from 1% to 100%", flag, printable(text)));
  }
  return percent;
}

Result<std::int64_t> parse_positive(std::string_view flag, std::string_view text,
                                    std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || value < 1 || value > max) {
    return fail(Code::kUsage, fmt::format("--{} {}: write a whole number from 1 to {}", flag,
                                          printable(text), max));
  }
  return value;
}

Result<std::map<std::string, std::string>> parse_urls(std::string_view flag,
                                                      const std::vector<std::string>& entries,
                                                      bool with_market, bool allow_plain_http) {
  std::map<std::string, std::string> urls;
  for (const std::string& list : entries) {
    for (const std::string& entry : split(list, ',')) {
      const std::size_t equals = entry.find('=');
      if (equals == std::string::npos) {
        return fail(Code::kUsage, fmt::format("--{}: write EXCHANGE{}=URL, such as "
                                              "binance=http://127.0.0.1:8080",
                                              flag, with_market ? "[/MARKET]" : ""));
      }
      const std::string name = entry.substr(0, equals);
      const Result<void> known = check_source_name(name, with_market);
      if (!known) return fail(known.error().at(fmt::format("--{}", flag)));
      const std::string address = entry.substr(equals + 1);
      const Result<net::Url> url = net::parse_url(address, allow_plain_http);
      if (!url) return fail(url.error().at(fmt::format("--{} {}", flag, printable(name))));
      urls[name] = address;
    }
  }
  return urls;
}

namespace {

/// Whether "okx" or "okx/swap", which is known, names a market with a list of instruments.
bool has_list(const std::string& source) {
  const auto markets = exchange::markets_of(source.substr(0, source.find('/')));
  return markets && std::any_of(markets->begin(), markets->end(), [](const auto* market) {
           return market->listing() != exchange::Listing::kNone;
         });
}

}  // namespace

Result<std::map<std::string, std::vector<std::string>>> parse_fallbacks(
    const std::vector<std::string>& entries) {
  std::map<std::string, std::vector<std::string>> fallbacks;
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    const bool of_one = equals != std::string::npos;
    const std::string where = of_one ? entry.substr(0, equals) : std::string("all");
    if (where != "all") {
      const Result<void> known = check_source_name(where, /*with_market=*/true);
      if (!known) return fail(known.error().at("--fallback"));
    }
    for (const std::string& source : split(of_one ? entry.substr(equals + 1) : entry, ',')) {
      const Result<void> known = check_source_name(source, /*with_market=*/true);
      if (!known) return fail(known.error().at("--fallback"));
      if (!has_list(source)) {
        return fail(Code::kUsage, fmt::format("--fallback {}: it has no list of instruments to "
                                              "match by",
                                              source));
      }
      if (source.substr(0, source.find('/')) == where.substr(0, where.find('/'))) {
        return fail(Code::kUsage,
                    fmt::format("--fallback {}: an exchange is not its own fallback", entry));
      }
      fallbacks[where].push_back(source);
    }
  }
  return fallbacks;
}

Result<std::string> state_directory(const std::string& given, const Environment& environment) {
  if (!given.empty()) return given;
  const char* const state_home = environment("XDG_STATE_HOME");
  if (state_home != nullptr && *state_home == '/') return std::string(state_home) + "/bf";
  const char* const home = environment("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.local/state/bf";
  return fail(Code::kUsage,
              "there is no place to keep bans and to share rate limits: HOME is not set; give "
              "--state-dir DIR");
}

namespace {

/// What run_flags and fill_flags share.
Result<void> set_work_options(const RunFlags& flags, backfill::RunOptions& options) {
  const auto source = plan::parse_source_choice(flags.source);
  if (!source) return fail(source.error().at("--source"));
  options.source = *source;
  auto fallbacks = parse_fallbacks(flags.fallbacks);
  if (!fallbacks) return fail(fallbacks.error());
  options.fallbacks = std::move(*fallbacks);
  const Result<void> share = set_max_weight(flags.max_weight, options);
  if (!share) return fail(share.error());
  const auto concurrency = parse_positive("concurrency", flags.concurrency, kConcurrencyMax);
  if (!concurrency) return fail(concurrency.error());
  options.concurrency = *concurrency;
  const auto at_once = parse_positive("series-at-once", flags.series_at_once, kSeriesAtOnceMax);
  if (!at_once) return fail(at_once.error());
  options.series_at_once = *at_once;
  if (flags.min_free == "0") {
    options.free_bytes_min = 0;
  } else {
    const auto min_free = parse_positive("min-free", flags.min_free, kMinFreeMibMax);
    if (!min_free) return fail(min_free.error());
    options.free_bytes_min = static_cast<std::uint64_t>(*min_free) << 20U;
  }

  options.allow_plain_http = flags.network.allow_plain_http;
  auto base_urls = parse_urls("base-url", flags.network.base_urls, true, options.allow_plain_http);
  if (!base_urls) return fail(base_urls.error());
  options.base_urls = std::move(*base_urls);
  auto archive_urls =
      parse_urls("archive-url", flags.network.archive_urls, false, options.allow_plain_http);
  if (!archive_urls) return fail(archive_urls.error());
  options.archive_urls = std::move(*archive_urls);
  return {};
}

}  // namespace

Result<backfill::RunOptions> run_options(const RunFlags& flags, TimeMs now) {
  backfill::RunOptions options;
  Result<RunSelection> selection = resolve_selection(flags.selection);
  if (!selection) return fail(selection.error());
  options.selections = std::move(selection->selections);
  options.kind = selection->kind;
  options.interval = selection->interval;

  const Result<SpecRange> range = parse_range(flags.range, now);
  if (!range) return fail(range.error());
  if (!range->from) {
    return fail(Code::kUsage, "say from when: --days 90, --from 2024-01-01 or --from listing");
  }
  options.from = *range->from;
  options.to = range->to;

  const Result<void> set = set_work_options(flags, options);
  if (!set) return fail(set.error());
  return options;
}

Result<backfill::RunOptions> fill_options(const RunFlags& flags) {
  const Result<DurationMs> lookback = parse_lookback(flags.lookback);
  if (!lookback) return fail(lookback.error());
  backfill::RunOptions options;
  options.from = TimeSpec{TimeSpec::From::kNow, -*lookback};
  const Result<void> set = set_work_options(flags, options);
  if (!set) return fail(set.error());
  return options;
}

std::vector<backfill::Selection> held_selections(const std::vector<Series>& series,
                                                 const store::Store& store,
                                                 std::vector<std::string>& skipped) {
  std::map<std::pair<std::string, std::string>, backfill::Selection> by_market;
  for (const Series& one : series) {
    const Instrument& instrument = one.instrument;
    const auto api = exchange::find_market(instrument.exchange, instrument.market);
    if (!api || !(*api)->serves(one.kind, one.interval)) {
      const std::string why =
          api ? instrument.exchange + "/" + instrument.market + " does not serve it"
              : api.error().message();
      skipped.push_back(one.name() + ": " + why);
      continue;
    }
    backfill::Selection& selection = by_market[{instrument.exchange, instrument.market}];
    selection.exchange = instrument.exchange;
    selection.market = instrument.market;
    std::vector<std::string>& symbols = selection.symbols;
    if (std::find(symbols.begin(), symbols.end(), instrument.symbol) == symbols.end()) {
      symbols.push_back(instrument.symbol);
    }
    // One that cannot be read is asked for whole: opening it says what is wrong.
    const Result<store::GapIndex> gaps = store.gaps(one);
    const bool empty = !gaps || gaps->held().empty();
    selection.held.push_back({one, empty ? kTimeMin : gaps->held().ranges().front().from});
  }
  std::vector<backfill::Selection> selections;
  for (auto& [market, selection] : by_market) selections.push_back(std::move(selection));
  return selections;
}

}  // namespace bf::cli
