// engine/async/cancel.h
//
// Cancellation: a CancelSource is asked once to stop, and everything that waits with one of its tokens
// wakes with kCancelled. Sources form a tree: cancelling one cancels those below it.
//
// Threads: one, that of the Loop. A source outlives its tokens' use; a token is copied freely.
#pragma once

#include "store/base/assert.h"
#include "store/base/result.h"

namespace bf::async {

class CancelSource;

/// Something to be told of a cancellation: linked into a source while it waits.
class CancelListener {
 public:
  CancelListener() = default;
  CancelListener(const CancelListener&) = delete;
  CancelListener& operator=(const CancelListener&) = delete;
  virtual ~CancelListener() { unlink(); }
  /// Called once, already unlinked.
  virtual void on_cancel() noexcept = 0;

  void unlink() noexcept {
    if (previous_ == nullptr) return;
    previous_->next_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }

 private:
  friend class CancelSource;
  CancelListener* previous_ = nullptr;
  CancelListener* next_ = nullptr;
};

class CancelToken {
 public:
  /// Never cancelled: for clean-up that must finish.
  CancelToken() = default;

  [[nodiscard]] bool cancelled() const noexcept;
  /// An Error kCancelled to return when cancelled() is seen.
  [[nodiscard]] static Error error() { return Error(Code::kCancelled, "cancelled"); }
  /// Links `listener` until it is unlinked. Requires: !cancelled().
  void listen(CancelListener& listener) const noexcept;

 private:
  friend class CancelSource;
  explicit CancelToken(CancelSource* source) : source_(source) {}
  CancelSource* source_ = nullptr;
};

class CancelSource final : private CancelListener {
 public:
  /// Cancelled with `parent` (at once if it is cancelled already).
  explicit CancelSource(CancelToken parent = {}) {
    if (parent.cancelled()) {
      cancelled_ = true;
    } else {
      parent.listen(*this);
    }
  }
  ~CancelSource() override { BF_ASSERT(head_.next_ == nullptr); }

  [[nodiscard]] CancelToken token() noexcept { return CancelToken(this); }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }
  /// Tells every listener, in no promised order. The second call does nothing.
  void cancel() noexcept {
    cancelled_ = true;
    unlink();
    while (head_.next_ != nullptr) {
      CancelListener* const listener = head_.next_;
      listener->unlink();
      listener->on_cancel();
    }
  }

 private:
  friend class CancelToken;
  struct Head final : CancelListener {
    void on_cancel() noexcept override {}
  };
  void on_cancel() noexcept override { cancel(); }
  void link(CancelListener& listener) noexcept {
    listener.previous_ = &head_;
    listener.next_ = head_.next_;
    if (head_.next_ != nullptr) head_.next_->previous_ = &listener;
    head_.next_ = &listener;
  }

  Head head_;
  bool cancelled_ = false;
};

inline bool CancelToken::cancelled() const noexcept {
  return source_ != nullptr && source_->cancelled();
}
inline void CancelToken::listen(CancelListener& listener) const noexcept {
  if (source_ == nullptr) return;
  BF_ASSERT(!source_->cancelled());
  source_->link(listener);
}

}  // namespace bf::async
