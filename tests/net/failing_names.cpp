// The C library's resolver, of which one name's server always fails. libuv calls it, and the linker gives a
// program's own function to its libraries.
#include <dlfcn.h>
#include <netdb.h>

#include <string_view>

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found);
int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  if (node != nullptr && std::string_view(node) == "server-fails.invalid") return EAI_AGAIN;
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, found);
}
