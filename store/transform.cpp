#include "store/transform.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "store/base/processor.h"
#include "store/bytes.h"

namespace bf::store {
namespace {

BF_INLINE std::uint64_t u(std::int64_t value) noexcept { return static_cast<std::uint64_t>(value); }
BF_INLINE std::int64_t s(std::uint64_t value) noexcept { return static_cast<std::int64_t>(value); }

/// 10^exponent and 10^-exponent as the doubles nearest to them.
constexpr std::array kTens = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::array kTenths = {1e0,   1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,
                                1e-8,  1e-9,  1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15,
                                1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-21, 1e-22};

/// What a product of volume and price mantissas is to be multiplied by to be a quote volume's.
double turnover_factor(const Siblings& siblings, int quote_scale) noexcept {
  const int exponent =
      quote_scale - siblings.scale(Column::kVolume) - siblings.scale(Column::kClose);
  const auto digits = static_cast<std::size_t>(exponent < 0 ? -exponent : exponent);
  if (digits >= kTens.size()) return 0;
  return exponent < 0 ? kTenths[digits] : kTens[digits];
}

/// Towards zero; 0 for what no int64 holds.
BF_INLINE std::int64_t whole(double value) noexcept {
  constexpr double kLimit = 9.2e18;
  return value > -kLimit && value < kLimit ? static_cast<std::int64_t>(value) : 0;
}

/// Bits of the whole part of a number: from the exponent alone.
BF_INLINE std::uint8_t width_of(double value) noexcept {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  const auto exponent = static_cast<int>(bits >> 52U & 0x7FFU) - 1022;
  return static_cast<std::uint8_t>(std::clamp(exponent, 0, 64));
}
BF_INLINE std::uint8_t width_of(std::int64_t value) noexcept {
  return static_cast<std::uint8_t>(std::bit_width(u(value)));
}

/// Predictions of row i, for the transforms that have one.
struct PreviousClose {
  explicit PreviousClose(const Siblings& siblings) : close(siblings[Column::kClose]) {}
  BF_INLINE std::uint64_t operator()(std::size_t i) const noexcept {
    return u(close[i == 0 ? 0 : i - 1]);
  }
  const std::int64_t* close;
};

struct BodyTop {
  explicit BodyTop(const Siblings& siblings)
      : open(siblings[Column::kOpen]), close(siblings[Column::kClose]) {}
  BF_INLINE std::uint64_t operator()(std::size_t i) const noexcept {
    return u(std::max(open[i], close[i]));
  }
  const std::int64_t* open;
  const std::int64_t* close;
};

struct BodyBottom {
  explicit BodyBottom(const Siblings& siblings)
      : open(siblings[Column::kOpen]), close(siblings[Column::kClose]) {}
  BF_INLINE std::uint64_t operator()(std::size_t i) const noexcept {
    return u(std::min(open[i], close[i]));
  }
  const std::int64_t* open;
  const std::int64_t* close;
};

/// The volume at the mean of the four prices.
struct Turnover {
  explicit Turnover(const Siblings& siblings)
      : open(siblings[Column::kOpen]),
        high(siblings[Column::kHigh]),
        low(siblings[Column::kLow]),
        close(siblings[Column::kClose]),
        volume(siblings[Column::kVolume]),
        factor(turnover_factor(siblings, siblings.scale(Column::kQuoteVolume)) * 0.25) {}
  BF_INLINE std::uint64_t operator()(std::size_t i) const noexcept {
    const std::int64_t prices = s(u(open[i]) + u(high[i]) + u(low[i]) + u(close[i]));
    const double product = static_cast<double>(volume[i]) * static_cast<double>(prices);
    return u(whole(product * factor));
  }
  const std::int64_t* open;
  const std::int64_t* high;
  const std::int64_t* low;
  const std::int64_t* close;
  const std::int64_t* volume;
  double factor;
};

struct HalfVolume {
  explicit HalfVolume(const Siblings& siblings) : volume(siblings[Column::kVolume]) {}
  BF_INLINE std::uint64_t operator()(std::size_t i) const noexcept { return u(volume[i] >> 1); }
  const std::int64_t* volume;
};

/// What takers bought, at the mean price of all trades.
struct TakerTurnover {
  explicit TakerTurnover(const Siblings& siblings)
      : volume(siblings[Column::kVolume]),
        quote(siblings[Column::kQuoteVolume]),
        taker(siblings[Column::kTakerBuyBase]) {}
  BF_INLINE std::uint64_t operator()(std::size_t i) const noexcept {
    if (volume[i] == 0) return 0;
    const double price = static_cast<double>(quote[i]) / static_cast<double>(volume[i]);
    return u(whole(static_cast<double>(taker[i]) * price));
  }
  const std::int64_t* volume;
  const std::int64_t* quote;
  const std::int64_t* taker;
};

/// Calls `with` with the prediction of the transform; false for a transform that has none.
template <class With>
BF_INLINE bool with_prediction(Transform transform, const Siblings& siblings, With with) {
  switch (transform) {
    case Transform::kPreviousClose:
      with(PreviousClose(siblings));
      return true;
    case Transform::kTurnover:
      with(Turnover(siblings));
      return true;
    case Transform::kHalfVolume:
      with(HalfVolume(siblings));
      return true;
    case Transform::kTakerTurnover:
      with(TakerTurnover(siblings));
      return true;
    case Transform::kOffset:
    case Transform::kDelta:
    case Transform::kAboveBody:
    case Transform::kBelowBody:
      return false;
  }
  return false;
}

/// high - low.
struct Range {
  explicit Range(const Siblings& siblings)
      : high(siblings[Column::kHigh]), low(siblings[Column::kLow]) {}
  BF_INLINE double operator()(std::size_t i) const noexcept {
    return static_cast<double>(s(u(high[i]) - u(low[i])));
  }
  const std::int64_t* high;
  const std::int64_t* low;
};

BF_INLINE void run_to_residuals(const TransformFields& fields, std::span<const std::int64_t> values,
                                const Siblings& siblings, std::span<std::uint64_t> residuals) {
  const std::size_t rows = values.size();
  const std::int64_t* const from = values.data();
  std::uint64_t* const to = residuals.data();
  const auto zigzag_from = [&](const auto& prediction) __attribute__((always_inline)) {
    for (std::size_t i = 0; i < rows; ++i) to[i] = zigzag(s(u(from[i]) - prediction(i)));
  };
  if (with_prediction(fields.transform, siblings, zigzag_from)) return;
  if (fields.transform == Transform::kDelta) {
    to[0] = 0;
    for (std::size_t i = 1; i < rows; ++i) {
      to[i] = zigzag(s(u(from[i]) - u(from[i - 1]) - u(fields.step)));
    }
  } else if (fields.transform == Transform::kAboveBody) {
    const BodyTop top(siblings);
    for (std::size_t i = 0; i < rows; ++i) to[i] = u(from[i]) - top(i);
  } else if (fields.transform == Transform::kBelowBody) {
    const BodyBottom bottom(siblings);
    for (std::size_t i = 0; i < rows; ++i) to[i] = bottom(i) - u(from[i]);
  } else {
    for (std::size_t i = 0; i < rows; ++i) to[i] = u(from[i]) - u(fields.base);
  }
}

BF_INLINE void run_from_residuals(const TransformFields& fields,
                                  std::span<const std::uint64_t> residuals,
                                  const Siblings& siblings, std::span<std::int64_t> values) {
  const std::size_t rows = values.size();
  const std::uint64_t* from = residuals.data();
  std::int64_t* to = values.data();
  const auto add_to = [&](const auto& prediction) __attribute__((always_inline)) {
    for (std::size_t i = 0; i < rows; ++i) to[i] = s(prediction(i) + u(unzigzag(from[i])));
  };
  if (with_prediction(fields.transform, siblings, add_to)) return;
  if (fields.transform == Transform::kDelta) {
    std::uint64_t value = u(fields.base);
    to[0] = s(value);
    for (std::size_t i = 1; i < rows; ++i) {
      value += u(unzigzag(from[i])) + u(fields.step);
      to[i] = s(value);
    }
  } else if (fields.transform == Transform::kAboveBody) {
    const BodyTop top(siblings);
    for (std::size_t i = 0; i < rows; ++i) to[i] = s(top(i) + from[i]);
  } else if (fields.transform == Transform::kBelowBody) {
    const BodyBottom bottom(siblings);
    for (std::size_t i = 0; i < rows; ++i) to[i] = s(bottom(i) - from[i]);
  } else {
    for (std::size_t i = 0; i < rows; ++i) to[i] = s(u(fields.base) + from[i]);
  }
}

BF_INLINE void run_expected_widths(Context context, const Siblings& siblings,
                                   std::span<std::uint8_t> widths) {
  const std::size_t rows = widths.size();
  std::uint8_t* const to = widths.data();
  const std::int64_t* const volume = siblings[Column::kVolume];
  const std::int64_t* const trades = siblings[Column::kTrades];
  const Range range(siblings);
  switch (context) {
    case Context::kNone:
      return;
    case Context::kTrades:
      for (std::size_t i = 0; i < rows; ++i) to[i] = width_of(trades[i]);
      return;
    case Context::kVolume:
      for (std::size_t i = 0; i < rows; ++i) to[i] = width_of(volume[i]);
      return;
    case Context::kRange: {
      const double factor = turnover_factor(siblings, siblings.scale(Column::kQuoteVolume));
      for (std::size_t i = 0; i < rows; ++i) {
        const double product = static_cast<double>(volume[i]) * range(i);
        to[i] = width_of(product * factor);
      }
      return;
    }
    case Context::kTakerRange: {
      const double factor = turnover_factor(siblings, siblings.scale(Column::kTakerBuyQuote));
      const std::int64_t* taker = siblings[Column::kTakerBuyBase];
      for (std::size_t i = 0; i < rows; ++i) {
        const std::int64_t rest = s(u(volume[i]) - u(taker[i]));
        const double product = static_cast<double>(std::min(taker[i], rest)) * range(i);
        to[i] = width_of(product * factor);
      }
      return;
    }
  }
}

}  // namespace

bool Siblings::have(ColumnSet columns) const noexcept {
  for (std::size_t i = 1; i < kColumnCount; ++i) {
    if (columns.contains(static_cast<Column>(i)) && values[i] == nullptr) return false;
  }
  return true;
}

ColumnSet dependencies(Transform transform) noexcept {
  // By the numbers of the transforms.
  static constexpr std::array<ColumnSet, static_cast<std::size_t>(kLastTransform) + 1> kLeansOn = {
      ColumnSet{},
      ColumnSet{},
      ColumnSet{Column::kClose},
      ColumnSet{Column::kOpen, Column::kClose},
      ColumnSet{Column::kOpen, Column::kClose},
      ColumnSet{Column::kOpen, Column::kHigh, Column::kLow, Column::kClose, Column::kVolume},
      ColumnSet{Column::kVolume},
      ColumnSet{Column::kVolume, Column::kQuoteVolume, Column::kTakerBuyBase}};
  return kLeansOn[static_cast<std::size_t>(transform)];
}

ColumnSet dependencies(Context context) noexcept {
  static constexpr std::array<ColumnSet, static_cast<std::size_t>(kLastContext) + 1> kLeansOn = {
      ColumnSet{}, ColumnSet{Column::kTrades}, ColumnSet{Column::kVolume},
      ColumnSet{Column::kHigh, Column::kLow, Column::kClose, Column::kVolume},
      ColumnSet{Column::kHigh, Column::kLow, Column::kClose, Column::kVolume,
                Column::kTakerBuyBase}};
  return kLeansOn[static_cast<std::size_t>(context)];
}

void to_residuals(const TransformFields& fields, std::span<const std::int64_t> values,
                  const Siblings& siblings, std::span<std::uint64_t> residuals) {
  static const auto run = best_lanes<&run_to_residuals>();
  run(fields, values, siblings, residuals);
}

void from_residuals(const TransformFields& fields, std::span<const std::uint64_t> residuals,
                    const Siblings& siblings, std::span<std::int64_t> values) {
  static const auto run = best_lanes<&run_from_residuals>();
  run(fields, residuals, siblings, values);
}

void expected_widths(Context context, const Siblings& siblings, std::span<std::uint8_t> widths) {
  static const auto run = best_lanes<&run_expected_widths>();
  run(context, siblings, widths);
}

}  // namespace bf::store
