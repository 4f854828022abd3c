// bench/support/kline_bodies.h
//
// Answers of Binance's USD-M kline endpoint as the exchange sends them, of real candles: the same rows
// that bench/loopback.py serves.
#pragma once

#include <string>
#include <vector>

#include "store/base/result.h"

namespace bf::bench {

inline constexpr std::size_t kBodyRows = 1'000;
/// So many that no branch predictor learns them by heart.
inline constexpr std::size_t kBodies = 64;
/// Readable bytes behind a body, as parsers require.
inline constexpr std::size_t kBodyPadding = 64;

/// kBodies different bodies of kBodyRows rows, half of FILUSDT and half of NEARUSDT.
/// Errors: kIo; kProtocol where a fixture has not enough rows.
[[nodiscard]] Result<std::vector<std::string>> um_kline_bodies(const std::string& fixtures);

}  // namespace bf::bench
