// store/base/result.h
//
// Errors are values: Result<T> holds a T or an Error. An Error has a code that programs act on and a
// message that people read; each layer adds in front what it alone knows (`at`), without losing what
// is below: "binance/um/BTCUSDT: GET /fapi/v1/klines: connection refused".
//
// Copies of an Error share its message: they cost no memory and never fail, so that a Result that holds
// one goes wherever nothing may be thrown, also when memory is out.
// Threads: as a shared_ptr to a constant; copies may be used on different threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace bf {

/// What happened, as far as a caller may want to act on it.
enum class Code : std::uint8_t {
  kInternal,     ///< a bug of ours that was contained
  kNoMemory,     ///< an allocation failed; the task that needed it ended
  kCancelled,    ///< the work was asked to stop
  kUsage,        ///< a flag, a configuration key or a name that the user gave is wrong
  kNotFound,     ///< a file, a series or an archive that is not there
  kUnknownName,  ///< the exchange does not know the symbol
  kIo,           ///< a system call on a file failed; errno is in the error
  kNoSpace,      ///< the disk or the quota is full; nothing was acknowledged
  kSyncFailed,   ///< fsync failed: what was written since the last one is not to be believed
  kLocked,       ///< another process holds the store
  kFormat,       ///< not one of our files, or of a newer version
  kCorrupt,      ///< a size, offset or checksum contradicts the bytes
  kLimit,        ///< a bound of ours was reached
  kNetwork,      ///< name resolution, connect, reset, end of stream in the middle
  kTimeout,      ///< a deadline passed
  kTls,          ///< a certificate or handshake was refused
  kProtocol,     ///< the peer's bytes are not the protocol, or not the shape that was promised
  kLimited,      ///< 429: the rate limit was broken; wait
  kBanned,       ///< 418 or a ban by other name: nothing may be sent before the end of it
  kBlocked,      ///< 403 or 451: this address or country is not served; not a matter of waiting
  kUnavailable,  ///< 5xx and maintenance: worth another try
  kRejected,     ///< the exchange refused the request for good (4xx)
  kDataQuality,  ///< data that contradicts itself: a checksum, an order, a unit
};

/// The code's name as it stands in reports, such as "no-space".
[[nodiscard]] std::string_view code_name(Code code) noexcept;

class [[nodiscard]] Error {
 public:
  /// Where there is no memory to keep the message, it is "out of memory"; the code stays.
  Error(Code code, std::string message) noexcept;

  [[nodiscard]] Code code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept;

  /// When it is worth trying again, ms since 1970 UTC; 0 where the error does not say.
  [[nodiscard]] std::int64_t retry_at_ms() const noexcept { return retry_at_ms_; }
  Error with_retry_at(std::int64_t ms) &&;

  /// The same error seen from one layer up: "context: message".
  [[nodiscard]] Error at(std::string_view context) const;

 private:
  std::shared_ptr<const std::string> message_;  ///< none: there was no memory for it
  std::int64_t retry_at_ms_ = 0;
  Code code_;
};
static_assert(std::is_nothrow_copy_constructible_v<Error> &&
              std::is_nothrow_copy_assignable_v<Error>);

/// An Error for a failed system call: "what: strerror(number)"; ENOSPC and EDQUOT are kNoSpace,
/// ENOENT is kNotFound, everything else kIo.
[[nodiscard]] Error errno_error(std::string_view what, int number);

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(error)`: the error, ready to become any Result.
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}
[[nodiscard]] inline tl::unexpected<Error> fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}

}  // namespace bf
