#include "store/base/hard_link.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace bf {

Result<void> hard_link(const std::string& from, const std::string& to) {
  if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0) == 0) return {};
  return fail(errno_error("link " + from + " to " + to, errno));
}

}  // namespace bf
