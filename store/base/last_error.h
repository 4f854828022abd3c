// store/base/last_error.h
//
// The errno of the system call before: kept at once, because what makes the message may change it. (malloc
// may set errno also where it succeeds, and does where it has to look for another heap.)
//
//   if (::fsync(file) != 0) return fail(LastError().at("fsync " + name));
//
// An object is sequenced before the arguments of its member function, those of one call are not.
#pragma once

#include <cerrno>
#include <string_view>

#include "store/base/result.h"

namespace bf {

class LastError {
 public:
  LastError() noexcept : number_(errno) {}
  /// errno_error() of it.
  [[nodiscard]] Error at(std::string_view what) const { return errno_error(what, number_); }

 private:
  int number_;
};

}  // namespace bf
