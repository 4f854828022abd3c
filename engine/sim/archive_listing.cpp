#include "engine/sim/archive_listing.h"

#include <algorithm>
#include <vector>

namespace bf::sim {
namespace {

std::string_view archive_interval_text(Interval interval) noexcept {
  return interval_name(interval);  // "1mo", as the archive has it
}

/// Directories and files below one another, as if they were there; directories end in '/'.
class Tree {
 public:
  Tree(const Truth& truth, const SimArchive& archive, TimeMs now)
      : truth_(truth), archive_(archive), now_(now) {}

  /// The entries of `directory` ("" or ending in '/'), sorted by bytes.
  [[nodiscard]] std::vector<std::string> entries(std::string_view directory) const {
    if (directory.empty()) return {"data/"};
    if (directory == "data/") return {"futures/", "spot/"};
    if (directory == "data/futures/") return {"um/"};
    for (const Market market : {Market::kUm, Market::kSpot}) {
      const std::string_view root = market == Market::kUm ? "data/futures/um/" : "data/spot/";
      if (directory.starts_with(root)) return market_entries(market, directory.substr(root.size()));
    }
    return {};
  }

 private:
  /// Below "data/spot/" or "data/futures/um/": "monthly/klines/SYMBOL/INTERVAL/".
  [[nodiscard]] std::vector<std::string> market_entries(Market market,
                                                        std::string_view rest) const {
    if (rest.empty()) return {"daily/", "monthly/"};
    const bool monthly = rest.starts_with("monthly/");
    if (!monthly && !rest.starts_with("daily/")) return {};
    rest.remove_prefix(rest.find('/') + 1);
    if (rest.empty()) return {"klines/"};
    if (!rest.starts_with("klines/")) return {};
    rest.remove_prefix(rest.find('/') + 1);
    if (rest.empty()) return symbols(market);
    const std::string symbol(rest.substr(0, rest.find('/')));
    rest.remove_prefix(symbol.size() + 1);
    if (rest.empty()) return intervals(market, symbol);
    Interval interval = Interval::k1m;
    if (!parse_archive_interval(rest.substr(0, rest.find('/')), interval)) return {};
    return files(market, monthly, symbol, interval);
  }

  [[nodiscard]] std::vector<std::string> symbols(Market market) const {
    std::vector<std::string> names;
    for (const SimInstrument& instrument : truth_.instruments(market)) {
      if (instrument.life.from < now_) names.push_back(instrument.symbol + "/");
    }
    return names;
  }

  [[nodiscard]] std::vector<std::string> intervals(Market market, const std::string& symbol) const {
    std::vector<std::string> names;
    for (const Interval interval : truth_.intervals(market, symbol)) {
      names.push_back(std::string(archive_interval_text(interval)) + "/");
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  [[nodiscard]] std::vector<std::string> files(Market market, bool monthly,
                                               const std::string& symbol, Interval interval) const {
    const SimInstrument* const instrument = find_instrument(truth_, market, symbol);
    if (instrument == nullptr) return {};
    ArchivePath path;
    path.market = market;
    path.monthly = monthly;
    path.symbol = symbol;
    path.interval = interval;
    path.range.from = month_begin(instrument->life.from);
    const TimeMs end = std::min(instrument->life.to, now_);
    std::vector<std::string> names;
    while (path.range.from < end) {
      const TimeMs from = path.range.from;
      path.range.to = monthly ? next_month_begin(from) : from + kDayMs;
      if (archive_.exists(path, now_)) {
        std::string zip = symbol;
        zip.append("-").append(archive_interval_text(interval)).append("-");
        zip.append(format_time(from), 0, monthly ? 7 : 10).append(".zip");
        names.push_back(zip);
        names.push_back(zip + ".CHECKSUM");
      }
      path.range.from = path.range.to;
    }
    return names;
  }

  const Truth& truth_;
  const SimArchive& archive_;
  TimeMs now_;
};

struct Listing {
  std::string prefix;
  bool delimited = false;
  std::string marker;
  std::string xml;
  std::size_t keys = 0;
  std::string last;
  bool truncated = false;
};

void add(Listing& listing, const std::string& key, bool is_directory) {
  if (key <= listing.marker) return;
  if (listing.keys == kListingKeysMax) {
    listing.truncated = true;
    return;
  }
  ++listing.keys;
  listing.last = key;
  listing.xml += is_directory ? "<CommonPrefixes><Prefix>" : "<Contents><Key>";
  listing.xml += key;
  listing.xml += is_directory ? "</Prefix></CommonPrefixes>" : "</Key></Contents>";
}

void walk(const Tree& tree, const std::string& directory, Listing& listing) {
  for (const std::string& entry : tree.entries(directory)) {
    if (listing.truncated) return;
    const std::string key = directory + entry;
    const bool inside = key.starts_with(listing.prefix);
    if (!inside && !listing.prefix.starts_with(key)) continue;
    const bool is_directory = key.ends_with('/');
    const bool below_prefix = inside && key.size() > listing.prefix.size();
    if (is_directory && !(listing.delimited && below_prefix)) {
      walk(tree, key, listing);
    } else if (inside) {
      add(listing, key, is_directory);
    }
  }
}

}  // namespace

std::string listing_xml(const Truth& truth, const SimArchive& archive, const Query& query,
                        TimeMs now) {
  Listing listing;
  listing.prefix = query.parameter("prefix").value_or("");
  listing.delimited = query.parameter("delimiter").value_or("") == "/";
  listing.marker = query.parameter("marker").value_or("");
  walk(Tree(truth, archive, now), "", listing);
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>data.binance.vision</Name>"
      "<MaxKeys>1000</MaxKeys><IsTruncated>";
  xml += listing.truncated ? "true" : "false";
  xml += "</IsTruncated>";
  if (listing.truncated) xml += "<NextMarker>" + listing.last + "</NextMarker>";
  return xml + listing.xml + "</ListBucketResult>";
}

}  // namespace bf::sim
