#include "engine/exchange/binance.h"

#include "engine/exchange/percent.h"
#include "store/base/assert.h"

namespace bf::exchange::binance {
namespace {

std::string klines_query(std::string_view path, std::string_view key, std::string_view symbol,
                         Interval interval) {
  const std::string_view spelled = rest_interval(interval);
  BF_ASSERT(!spelled.empty());
  std::string target(path);
  target.append("?").append(key).append("=");
  append_percent_encoded(target, symbol);
  target.append("&interval=").append(spelled);
  return target;
}

}  // namespace

std::string_view rest_interval(Interval interval) noexcept {
  switch (interval) {
    case Interval::k10m:
    case Interval::k3h:
    case Interval::kEvents:
      return {};
    case Interval::k1mo:
      return "1M";
    default:
      return interval_name(interval);
  }
}

std::string_view archive_interval(Interval interval) noexcept {
  return interval == Interval::k1mo ? "1mo" : rest_interval(interval);
}

std::uint32_t weight_of(std::span<const PageBand> bands, std::int64_t rows) noexcept {
  BF_ASSERT(rows >= 1 && !bands.empty() && rows <= bands.back().rows_max);
  for (const PageBand& band : bands) {
    if (rows <= band.rows_max) return band.weight;
  }
  return bands.back().weight;
}

std::string klines_target(std::string_view path, std::string_view key, std::string_view symbol,
                          Interval interval, TimeRange window, std::int64_t limit) {
  std::string target = klines_query(path, key, symbol, interval);
  target.append("&startTime=").append(std::to_string(window.from));
  target.append("&endTime=").append(std::to_string(window.to - 1));
  target.append("&limit=").append(std::to_string(limit));
  return target;
}

std::string next_kline_target(std::string_view path, std::string_view key, std::string_view symbol,
                              Interval interval, TimeMs from) {
  std::string target = klines_query(path, key, symbol, interval);
  target.append("&startTime=").append(std::to_string(from)).append("&limit=1");
  return target;
}

}  // namespace bf::exchange::binance
