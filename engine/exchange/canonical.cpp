#include "engine/exchange/canonical.h"

#include <algorithm>
#include <array>

namespace bf::exchange {
namespace {

/// What the rules below would get wrong, or cannot know.
struct Override {
  std::string_view base;
  std::string_view coin;
  std::string_view multiplier;
};
constexpr std::array<Override, 3> kOverrides = {{
    {"1INCH", "1INCH", "1"},
    {"1MBABYDOGE", "BABYDOGE", "1000000"},  // Binance, which does not list the coin by itself
    {"SHIB1000", "SHIB", "1000"},           // Bybit, the one known case of a suffix
}};
constexpr std::array<std::string_view, 4> kPrefixes = {"1000", "10000", "100000", "1000000"};
constexpr std::string_view kMillion = "1M";
constexpr std::size_t kMillionLettersMin = 3;
constexpr std::size_t kDateDigits = 6;

bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// "BABYDOGE" of "1MBABYDOGE"; empty for anything else.
std::string_view behind_million(std::string_view base) noexcept {
  if (!base.starts_with(kMillion)) return {};
  const std::string_view rest = base.substr(kMillion.size());
  const bool letters = rest.size() >= kMillionLettersMin &&
                       std::all_of(rest.begin(), rest.begin() + kMillionLettersMin, is_letter);
  return letters ? rest : std::string_view();
}

/// The coin of a base whose multiplier was found out when its list was read.
std::string coin_of(const InstrumentTerms& terms) {
  CoinName name = split_multiplier(terms.base);
  if (name.multiplier == "1" && terms.multiplier == "1000000") {
    const std::string_view rest = behind_million(terms.base);
    if (!rest.empty()) return std::string(rest);
  }
  return std::move(name.coin);
}

bool is_asset(std::string_view name) noexcept {
  return !name.empty() && name.find_first_of("/:") == std::string_view::npos;
}

/// "2024-12-27" from "241227"; nullopt for what is no date.
std::optional<TimeMs> read_date(std::string_view digits) {
  if (digits.size() != kDateDigits || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return std::nullopt;
  }
  std::string date = "20";
  date.append(digits.substr(0, 2)).append("-").append(digits.substr(2, 2));
  const Result<TimeMs> day = parse_time(date.append("-").append(digits.substr(4)));
  if (!day) return std::nullopt;
  return *day;
}

tl::unexpected<Error> not_canonical(std::string_view text) {
  return fail(Code::kUsage, "\"" + printable(text) +
                                "\" is no canonical symbol: write BTC/USDT (spot), BTC/USDT:USDT "
                                "(perpetual) or BTC/USDT:USDT-241227 (expires on that day)");
}

}  // namespace

bool is_perpetual(std::string_view contract_type) {
  std::string lower(contract_type);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return lower.find("perpetual") != std::string::npos || lower.find("swap") != std::string::npos;
}

CoinName split_multiplier(std::string_view base, const CoinSet& listed) {
  for (const Override& known : kOverrides) {
    if (base == known.base) return {std::string(known.coin), std::string(known.multiplier)};
  }
  for (const std::string_view prefix : kPrefixes) {
    if (base.size() <= prefix.size() || !base.starts_with(prefix)) continue;
    if (!is_letter(base[prefix.size()])) continue;
    return {std::string(base.substr(prefix.size())), std::string(prefix)};
  }
  const std::string_view coin = behind_million(base);
  if (!coin.empty() && listed.contains(coin)) return {std::string(coin), "1000000"};
  return {std::string(base), "1"};
}

void set_multipliers(std::vector<InstrumentInfo>& instruments) {
  CoinSet listed;
  for (const InstrumentInfo& info : instruments) listed.insert(info.base_asset);
  for (InstrumentInfo& info : instruments) {
    info.multiplier = split_multiplier(info.base_asset, listed).multiplier;
  }
}

std::string CanonicalSymbol::text() const {
  std::string out = base + "/" + quote;
  if (settle.empty()) return out;
  out.append(":").append(settle);
  if (expiry == 0) return out;
  const std::string date = format_time(expiry);  // "2024-12-27T..."
  out.append("-").append(date, 2, 2).append(date, 5, 2).append(date, 8, 2);
  return out;
}

std::optional<CanonicalSymbol> canonical_symbol(const InstrumentTerms& terms) {
  if (!is_asset(terms.base) || !is_asset(terms.quote)) return std::nullopt;
  if (!terms.settle.empty() && !is_asset(terms.settle)) return std::nullopt;
  CanonicalSymbol symbol;
  symbol.base = coin_of(terms);
  symbol.quote = terms.quote;
  symbol.settle = terms.settle;
  // Of a perpetual it is the day on which trading ended, no part of its name.
  const bool expires = !terms.settle.empty() && !is_perpetual(terms.contract_type);
  if (expires && terms.delisted != 0) symbol.expiry = slot_begin(Interval::k1d, terms.delisted);
  return symbol;
}

std::optional<CanonicalSymbol> canonical_symbol(const InstrumentInfo& info) {
  InstrumentTerms terms;
  terms.base = info.base_asset;
  terms.quote = info.quote_asset;
  terms.settle = info.settle_asset;
  terms.contract_type = info.contract_type;
  terms.multiplier = info.multiplier;
  terms.delisted = info.delisted;
  return canonical_symbol(terms);
}

Result<CanonicalSymbol> parse_canonical(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return not_canonical(text);
  const std::size_t colon = std::min(text.find(':', slash), text.size());
  CanonicalSymbol symbol;
  symbol.base = text.substr(0, slash);
  symbol.quote = text.substr(slash + 1, colon - slash - 1);
  if (!is_asset(symbol.base) || !is_asset(symbol.quote)) return not_canonical(text);
  if (colon == text.size()) return symbol;
  std::string_view settle = text.substr(colon + 1);
  const std::size_t dash = settle.rfind('-');
  if (dash != std::string_view::npos) {
    const std::optional<TimeMs> day = read_date(settle.substr(dash + 1));
    if (!day) return not_canonical(text);
    symbol.expiry = *day;
    settle = settle.substr(0, dash);
  }
  symbol.settle = settle;
  if (!is_asset(symbol.settle)) return not_canonical(text);
  return symbol;
}

}  // namespace bf::exchange
