#include "store/answer.h"

namespace bf::store {

std::string_view channel_name(Channel channel) noexcept {
  switch (channel) {
    case Channel::kRest:
      return "rest";
    case Channel::kArchiveDaily:
      return "archive-daily";
    case Channel::kArchiveMonthly:
      return "archive-monthly";
    case Channel::kStream:
      return "stream";
    case Channel::kImport:
      return "import";
  }
  return "unknown";
}

}  // namespace bf::store
