#include "engine/exchange/multiplier.h"

#include <algorithm>

namespace bf::exchange {
namespace {

bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

std::string multiplier_of(std::string_view base_asset) {
  constexpr std::string_view kPowers[] = {"1000", "10000", "100000", "1000000"};
  constexpr std::size_t kMillionCoinLettersMin = 3;
  // The only one that is known to stand behind the name: other names end in digits by themselves.
  if (base_asset == "SHIB1000") return "1000";
  for (const std::string_view power : kPowers) {
    if (base_asset.starts_with(power) && base_asset.size() > power.size() &&
        is_letter(base_asset[power.size()])) {
      return std::string(power);
    }
  }
  if (base_asset.starts_with("1M")) {
    const std::string_view coin = base_asset.substr(2);
    if (coin.size() >= kMillionCoinLettersMin && std::all_of(coin.begin(), coin.end(), is_letter)) {
      return "1000000";
    }
  }
  return "1";
}

}  // namespace bf::exchange
