#include "engine/limits/fixed_window.h"

namespace bf::limits {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000 * kNsPerMs;
/// While the server's count of a window is unknown, so much of it (1/8) may be in flight: other
/// programs behind our address may have used the rest.
constexpr std::int64_t kBlindPart = 8;

}  // namespace

void FixedWindow::turn(std::int64_t now) noexcept {
  const std::int64_t index = now / window_;
  if (index == index_) return;
  if (index < index_) {
    // Our estimate of the exchange's clock was set back. Over the turn just taken: this window waits
    // for it to come again. Further: what is counted stays counted, in the window where we are.
    if (index_ - index > 1) index_ = index;
    return;
  }
  own_ = index == index_ + 1 ? carried_ : 0;
  carried_ = 0;
  reported_ = 0;
  unreported_ = own_;
  unreported_at_ = now;
  reported_here_ = false;
  index_ = index;
}

bool FixedWindow::fits_blindly(std::int64_t cost) const noexcept {
  if (!reports_ || reported_here_ || in_flight_ == 0) return true;
  // Before the first report of all, after a restart perhaps, one request alone finds out.
  return ever_reported_ && in_flight_ + cost <= capacity_ / kBlindPart;
}

bool FixedWindow::fits(std::int64_t cost) const noexcept {
  const std::int64_t coming = in_flight_ + cost;
  return own_ + coming <= allowed_ && answered_use() + coming <= capacity_ && fits_blindly(cost);
}

std::int64_t FixedWindow::leaves_at(std::int64_t now, std::int64_t cost) {
  turn(now);
  const std::int64_t open = index_ * window_ + guard_;
  if (now < open) return open;
  return fits(cost) ? now : open + window_;
}

std::int64_t FixedWindow::used(std::int64_t now) {
  turn(now);
  return answered_use() + in_flight_;
}

std::int64_t FixedWindow::window_of_date(std::int64_t now, const Answer& answer) const noexcept {
  const std::int64_t date = answer.server_time;
  // A Date that contradicts our clock by more than its own second is a proxy's, or wrong.
  const bool plausible = date >= answer.sent_at - guard_ - kNsPerSecond && date <= now + guard_;
  // Seconds can only be told apart by windows that begin on them.
  if (date < 0 || !plausible || window_ % kNsPerSecond != 0) return -1;
  return date / window_;
}

void FixedWindow::count_unreported(std::int64_t now, std::int64_t cost) noexcept {
  unreported_ += cost;
  unreported_at_ = now;
}

void FixedWindow::forget_reports() {
  reports_ = has_header_;
  ever_reported_ = false;
}

void FixedWindow::save(std::vector<std::int64_t>& out) const {
  out.insert(out.end(), {reports_ ? 1 : 0, ever_reported_ ? 1 : 0, reported_here_ ? 1 : 0, index_,
                         own_, carried_, reported_, unreported_, reported_at_, unreported_at_});
}

bool FixedWindow::load(std::span<const std::int64_t> saved, std::int64_t /*now*/) {
  constexpr std::size_t kFlags = 3;
  constexpr std::size_t kIndexAt = 3;
  constexpr std::size_t kInstantsAt = 8;
  constexpr std::size_t kWords = 10;
  if (saved.size() != kWords) return false;
  for (std::size_t i = 0; i < kWords; ++i) {
    std::int64_t most = i < kFlags ? 1 : i < kInstantsAt ? kCountMax : kInstantMax;
    if (i == kIndexAt) most = kInstantMax / window_;
    if (saved[i] < 0 || saved[i] > most) return false;
  }
  reports_ = saved[0] != 0;
  ever_reported_ = saved[1] != 0;
  reported_here_ = saved[2] != 0;
  index_ = saved[kIndexAt];
  own_ = saved[4];
  carried_ = saved[5];
  reported_ = saved[6];
  unreported_ = saved[7];
  reported_at_ = saved[8];
  unreported_at_ = saved[9];
  return true;
}

void FixedWindow::answered(std::int64_t now, const Answer& answer) {
  turn(now);
  in_flight_ -= answer.cost;
  const bool sent_here = answer.sent_at / window_ == index_;
  const std::int64_t date_window = answer.heard ? window_of_date(now, answer) : -1;
  if (!sent_here && date_window != -1 && date_window < index_) return;  // counted before the turn

  own_ += answer.cost;
  const bool may_have_turned = now >= (index_ + 1) * window_ - guard_;
  if (may_have_turned && date_window != index_) carried_ += answer.cost;

  if (answer.reported < 0) {
    if (answer.heard && !ever_reported_) reports_ = false;
    count_unreported(now, answer.cost);
    return;
  }
  reports_ = ever_reported_ = true;
  if (!sent_here || date_window > index_) {
    // The report may be of the window before or behind this one.
    count_unreported(now, answer.cost);
    return;
  }
  reported_here_ = true;
  if (answer.reported < reported_ && answer.sent_at >= reported_at_) {
    // It left when the higher count had been heard, so the server's count went backwards: by which
    // of several counters it will judge is unknown.
    count_unreported(now, answer.cost);
    return;
  }
  if (answer.reported > reported_) {
    reported_ = answer.reported;
    reported_at_ = now;
  }
  // This request left when the unreported ones were back: the server had counted them by then.
  if (answer.sent_at > unreported_at_) unreported_ = 0;
}

}  // namespace bf::limits
