// Plain models of servers that count requests as they arrive, each by one kind of limit. Written
// without any of the limiter's code, so that both can only agree by being right.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>

#include "engine/limits/limit_rule.h"

namespace bf::limits {

/// Times are ns on the server's own clock.
class ModelServer {
 public:
  virtual ~ModelServer() = default;
  /// Counts `cost`; false where the limit is broken by it (a 429).
  virtual bool arrive(std::int64_t now, std::int64_t cost) = 0;
  [[nodiscard]] virtual std::int64_t used() const = 0;
};

class ModelFixedWindow final : public ModelServer {
 public:
  explicit ModelFixedWindow(const LimitRule& rule) : rule_(rule) {}
  bool arrive(std::int64_t now, std::int64_t cost) override {
    const std::int64_t index = now / (rule_.window_ms * 1'000'000);
    if (index != index_) used_ = 0;
    index_ = index;
    used_ += cost;
    return used_ <= rule_.capacity;
  }
  [[nodiscard]] std::int64_t used() const override { return used_; }

 private:
  LimitRule rule_;
  std::int64_t index_ = 0;
  std::int64_t used_ = 0;
};

class ModelSlidingWindow final : public ModelServer {
 public:
  explicit ModelSlidingWindow(const LimitRule& rule) : rule_(rule) {}
  bool arrive(std::int64_t now, std::int64_t cost) override {
    counted_.push_back({now, cost});
    used_ += cost;
    while (counted_.front().at < now - rule_.window_ms * 1'000'000) {
      used_ -= counted_.front().cost;
      counted_.pop_front();
    }
    return used_ <= rule_.capacity;
  }
  [[nodiscard]] std::int64_t used() const override { return used_; }

 private:
  struct Counted {
    std::int64_t at;
    std::int64_t cost;
  };
  LimitRule rule_;
  std::deque<Counted> counted_;
  std::int64_t used_ = 0;
};

/// Tokens are kept in parts of 1 / window, so that nothing is rounded.
class ModelTokenBucket final : public ModelServer {
 public:
  explicit ModelTokenBucket(const LimitRule& rule)
      : rule_(rule), window_(rule.window_ms * 1'000'000), tokens_(rule.capacity * window_) {}
  bool arrive(std::int64_t now, std::int64_t cost) override {
    const std::int64_t full = rule_.capacity * window_;
    tokens_ = std::min(full, tokens_ + std::min(now - last_, window_) * rule_.capacity);
    last_ = now;
    tokens_ -= cost * window_;
    return tokens_ >= 0;
  }
  [[nodiscard]] std::int64_t used() const override { return rule_.capacity - tokens_ / window_; }

 private:
  LimitRule rule_;
  std::int64_t window_;
  std::int64_t tokens_;
  std::int64_t last_ = 0;
};

inline std::unique_ptr<ModelServer> model_of(const LimitRule& rule) {
  if (rule.shape == Shape::kFixedWindow) return std::make_unique<ModelFixedWindow>(rule);
  if (rule.shape == Shape::kSlidingWindow) return std::make_unique<ModelSlidingWindow>(rule);
  return std::make_unique<ModelTokenBucket>(rule);
}

}  // namespace bf::limits
