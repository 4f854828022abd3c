// engine/limits/limit_rule.h
//
// A rate limit as an exchange documents it: data, declared by the exchange's files and kept by the
// RateLimiter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/base/time.h"

namespace bf::limits {

/// What a request costs against a rule of kWeight; every request costs 1 against kRequests.
enum class Unit : std::uint8_t { kWeight, kRequests };

enum class Shape : std::uint8_t {
  kFixedWindow,    ///< `capacity` in each [k * window, (k + 1) * window) of the exchange's clock
  kSlidingWindow,  ///< `capacity` in any `window`
  kTokenBucket,    ///< bursts of `capacity`, refilled evenly over `window`
};

struct LimitRule {
  std::string name;  ///< for reports: "weight per minute"
  Unit unit = Unit::kWeight;
  Shape shape = Shape::kFixedWindow;
  std::int64_t capacity = 0;
  DurationMs window_ms = kMinuteMs;
  /// The lower-case response header that tells what was used in the window; empty where there is none.
  std::string usage_header;
  /// Only requests of this endpoint count ("funding"); empty: all of the source do.
  std::string endpoint = {};

  friend bool operator==(const LimitRule&, const LimitRule&) = default;
};

using LimitRules = std::vector<LimitRule>;

}  // namespace bf::limits
