#include "store/base/network_file_system.h"

#include <algorithm>
#include <array>

namespace bf {
namespace {

struct Known {
  std::uint64_t type;
  std::string_view name;
};

// linux/magic.h has the first of them; the rest are in their file systems' sources alone.
constexpr std::array kKnown = {
    Known{0x6969, "nfs"},        Known{0x517B, "smb"},       Known{0xFE534D42, "smb2"},
    Known{0xFF534D42, "cifs"},   Known{0x5346414F, "afs"},   Known{0x6B414653, "afs"},
    Known{0x73757245, "coda"},   Known{0x00C36400, "ceph"},  Known{0x01021997, "9p"},
    Known{0x013111A8, "ibrix"},  Known{0x7461636F, "ocfs2"}, Known{0x01161970, "gfs2"},
    Known{0x0BD00BD0, "lustre"},
};

}  // namespace

std::string_view network_file_system_name(std::uint64_t type) noexcept {
  const auto known =
      std::find_if(kKnown.begin(), kKnown.end(), [type](Known k) { return k.type == type; });
  return known == kKnown.end() ? std::string_view() : known->name;
}

}  // namespace bf
