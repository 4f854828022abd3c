#include "store/base/hard_link.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/base/last_error.h"

namespace bf {

Result<void> hard_link(const std::string& from, const std::string& to) {
  if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0) == 0) return {};
  return fail(LastError().at("link " + from + " to " + to));
}

}  // namespace bf
