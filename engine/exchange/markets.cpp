// Every market that this build knows. A new one is its file pair and a line here.
#include <algorithm>
#include <array>
#include <string>

#include "engine/exchange/binance_archive.h"
#include "engine/exchange/binance_spot.h"
#include "engine/exchange/binance_um.h"
#include "engine/exchange/bitunix_futures.h"
#include "engine/exchange/blofin_swap.h"
#include "engine/exchange/bybit.h"
#include "engine/exchange/deribit_futures.h"
#include "engine/exchange/market_api.h"
#include "engine/exchange/okx.h"
#include "engine/exchange/yahoo_chart.h"

namespace bf::exchange {
namespace {

struct MarketEntry {
  const MarketApi* api;
  const ArchiveApi* archive;
};

/// In the order of preference within an exchange: its default first.
const auto& entries() {
  static const BinanceUm binance_um;
  static const BinanceSpot binance_spot;
  static const BinanceArchive um_archive(BinanceArchive::Market::kUm);
  static const BinanceArchive spot_archive(BinanceArchive::Market::kSpot);
  static const Okx okx_swap(Okx::Market::kSwap);
  static const Okx okx_futures(Okx::Market::kFutures);
  static const Okx okx_spot(Okx::Market::kSpot);
  static const Bybit bybit_linear(Bybit::Category::kLinear);
  static const Bybit bybit_inverse(Bybit::Category::kInverse);
  static const Bybit bybit_spot(Bybit::Category::kSpot);
  static const BlofinSwap blofin_swap;
  static const BitunixFutures bitunix_futures;
  static const DeribitFutures deribit_futures;
  static const YahooChart yahoo_chart;
  static const std::array<MarketEntry, 12> all = {{
      {&binance_um, &um_archive},
      {&binance_spot, &spot_archive},
      {&okx_swap, nullptr},
      {&okx_futures, nullptr},
      {&okx_spot, nullptr},
      {&bybit_linear, nullptr},
      {&bybit_inverse, nullptr},
      {&bybit_spot, nullptr},
      {&blofin_swap, nullptr},
      {&bitunix_futures, nullptr},
      {&deribit_futures, nullptr},
      {&yahoo_chart, nullptr},
  }};
  return all;
}

/// How many single-character edits turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

/// `unknown exchange "binanse"; did you mean "binance"? Known: binance`.
Error unknown_name(std::string_view what, std::string_view name,
                   const std::vector<std::string_view>& known) {
  constexpr std::size_t kNameBytesMax = 32;  // longer ones are nobody's slip
  constexpr std::size_t kEditsMax = 2;
  std::string_view closest;
  std::size_t fewest = kEditsMax + 1;
  std::string list;
  for (const std::string_view candidate : known) {
    list.append(list.empty() ? "" : " ").append(candidate);
    if (name.size() > kNameBytesMax) continue;
    const std::size_t edits = edit_distance(name, candidate);
    // At least one byte must be right: "" is not close to "um".
    if (edits < fewest && edits < candidate.size()) {
      fewest = edits;
      closest = candidate;
    }
  }
  std::string message = "unknown " + std::string(what) + " \"" + printable(name, 64) + "\"";
  if (!closest.empty()) message.append("; did you mean \"").append(closest).append("\"?");
  message.append(closest.empty() ? "; known: " : " Known: ").append(list);
  return Error(Code::kUsage, std::move(message));
}

}  // namespace

Result<std::vector<const MarketApi*>> markets_of(std::string_view exchange) {
  std::vector<const MarketApi*> markets;
  std::vector<std::string_view> known;
  for (const MarketEntry& entry : entries()) {
    const std::string_view name = entry.api->exchange();
    if (name == exchange) markets.push_back(entry.api);
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
  if (markets.empty()) return fail(unknown_name("exchange", exchange, known));
  return markets;
}

Result<const MarketApi*> find_market(std::string_view exchange, std::string_view market) {
  const Result<std::vector<const MarketApi*>> markets = markets_of(exchange);
  if (!markets) return fail(markets.error());
  std::vector<std::string_view> known;
  for (const MarketApi* const api : *markets) {
    if (api->market() == market) return api;
    known.push_back(api->market());
  }
  return fail(unknown_name("market of " + std::string(exchange), market, known));
}

std::vector<const MarketApi*> all_markets() {
  std::vector<const MarketApi*> markets;
  for (const MarketEntry& entry : entries()) markets.push_back(entry.api);
  return markets;
}

const ArchiveApi* find_archive(std::string_view exchange, std::string_view market) {
  for (const MarketEntry& entry : entries()) {
    if (entry.api->exchange() == exchange && entry.api->market() == market) return entry.archive;
  }
  return nullptr;
}

}  // namespace bf::exchange
