#include "store/base/result.h"

#include <cerrno>
#include <new>
#include <system_error>

namespace bf {

std::string_view code_name(Code code) noexcept {
  switch (code) {
    case Code::kInternal:
      return "internal";
    case Code::kNoMemory:
      return "no-memory";
    case Code::kCancelled:
      return "cancelled";
    case Code::kUsage:
      return "usage";
    case Code::kNotFound:
      return "not-found";
    case Code::kUnknownName:
      return "unknown-name";
    case Code::kIo:
      return "io";
    case Code::kNoSpace:
      return "no-space";
    case Code::kSyncFailed:
      return "sync-failed";
    case Code::kLocked:
      return "locked";
    case Code::kFormat:
      return "format";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kLimit:
      return "limit";
    case Code::kNetwork:
      return "network";
    case Code::kTimeout:
      return "timeout";
    case Code::kTls:
      return "tls";
    case Code::kProtocol:
      return "protocol";
    case Code::kLimited:
      return "limited";
    case Code::kBanned:
      return "banned";
    case Code::kBlocked:
      return "blocked";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kRejected:
      return "rejected";
    case Code::kDataQuality:
      return "data-quality";
  }
  return "unknown";
}

Error::Error(Code code, std::string message) noexcept : code_(code) {
  try {
    message_ = std::make_shared<const std::string>(std::move(message));
  } catch (const std::bad_alloc&) {
    message_.reset();  // an error has to be told most of all when memory is out
  }
}

const std::string& Error::message() const noexcept {
  static const std::string none = "out of memory";  // short: it takes no memory itself
  return message_ ? *message_ : none;
}

Error Error::with_retry_at(std::int64_t ms) && {
  retry_at_ms_ = ms;
  return std::move(*this);
}

Error Error::at(std::string_view context) const {
  std::string message;
  message.reserve(context.size() + 2 + this->message().size());
  message.append(context).append(": ").append(this->message());
  return Error(code_, std::move(message)).with_retry_at(retry_at_ms_);
}

Error errno_error(std::string_view what, int number) {
  Code code = Code::kIo;
  if (number == ENOSPC || number == EDQUOT) code = Code::kNoSpace;
  if (number == ENOENT) code = Code::kNotFound;
  std::string message(what);
  message.append(": ").append(std::generic_category().message(number));
  return Error(code, std::move(message));
}

}  // namespace bf
