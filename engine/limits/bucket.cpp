#include "engine/limits/bucket.h"

#include "engine/limits/fixed_window.h"
#include "engine/limits/sliding_window.h"
#include "engine/limits/token_bucket.h"

namespace bf::limits {

std::unique_ptr<Bucket> make_bucket(const LimitRule& rule, int share_percent, std::int64_t now) {
  switch (rule.shape) {
    case Shape::kFixedWindow:
      return std::make_unique<FixedWindow>(rule, share_percent, now);
    case Shape::kSlidingWindow:
      return std::make_unique<SlidingWindow>(rule, share_percent);
    case Shape::kTokenBucket:
      return std::make_unique<TokenBucket>(rule, share_percent);
  }
  BF_ASSERT(false && "unknown shape");
  return nullptr;
}

}  // namespace bf::limits
