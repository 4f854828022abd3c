#include "engine/sim/archive_faults.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "engine/sim/zip_writer.h"
#include "store/base/assert.h"

namespace bf::sim {
namespace {

constexpr std::size_t kBombBytes = 8U << 20;

// Where the fields of a zip of one member lie, of make_zip().
constexpr std::string_view kCentralMagic("PK\x01\x02", 4);
constexpr std::string_view kEndMagic("PK\x05\x06", 4);
constexpr std::size_t kLocalChecksum = 14;
constexpr std::size_t kLocalSize = 22;
constexpr std::size_t kCentralChecksum = 16;
constexpr std::size_t kCentralPackedSize = 20;
constexpr std::size_t kCentralSize = 24;
constexpr std::size_t kEndMembers = 8;  // on this disk; the next two bytes: in all

void flip(std::string& bytes, std::size_t at) { bytes[at] = static_cast<char>(bytes[at] ^ 1); }

struct Damage {
  std::string_view name;
  void (*damage)(std::string& zip);
};
constexpr Damage kDamages[] = {
    {"cut", [](std::string& zip) { zip.resize(zip.size() / 2); }},
    {"no_directory", [](std::string& zip) { zip.resize(zip.rfind(kCentralMagic)); }},
    {"checksum",  // in both places that have it
     [](std::string& zip) {
       flip(zip, kLocalChecksum);
       flip(zip, zip.rfind(kCentralMagic) + kCentralChecksum);
     }},
    {"size",
     [](std::string& zip) {
       flip(zip, kLocalSize);
       flip(zip, zip.rfind(kCentralMagic) + kCentralSize);
     }},
    {"packed_size",
     [](std::string& zip) { flip(zip, zip.rfind(kCentralMagic) + kCentralPackedSize); }},
    {"directory_size",
     [](std::string& zip) { zip[zip.rfind(kCentralMagic) + kCentralSize + 3] = '\x7f'; }},
    {"data", [](std::string& zip) { flip(zip, zip.rfind(kCentralMagic) / 2); }},
    {"no_members",
     [](std::string& zip) {
       zip = zip.substr(zip.rfind(kEndMagic));
       std::fill(zip.begin() + kEndMembers, zip.end(), '\0');
     }},
    {"two_members",  // says the directory, which has one
     [](std::string& zip) {
       const std::size_t end = zip.rfind(kEndMagic);
       zip[end + kEndMembers] = zip[end + kEndMembers + 2] = 2;
     }},
    {"no_zip", [](std::string& zip) { zip = "<html>Service Unavailable</html>"; }},
};

struct Content {
  std::string_view name;
  std::string (*make)(std::string_view name, const std::string& csv);
};
constexpr Content kContents[] = {
    {"bomb", [](std::string_view name,
                const std::string&) { return make_zip(name, std::string(kBombBytes, '0')); }},
    {"other_name", [](std::string_view,
                      const std::string& csv) { return make_zip("../../../tmp/evil.csv", csv); }},
    {"csv_cut",
     [](std::string_view name, const std::string& csv) {
       return make_zip(name, csv.substr(0, csv.size() - 20));
     }},
    {"csv_empty", [](std::string_view name, const std::string&) { return make_zip(name, ""); }},
    {"csv_html",
     [](std::string_view name, const std::string&) { return make_zip(name, "<html></html>\n"); }},
    {"csv_nul",
     [](std::string_view name, const std::string& csv) {
       std::string with_nul = csv;
       with_nul[csv.size() / 2] = '\0';
       return make_zip(name, with_nul);
     }},
    {"csv_column_more",
     [](std::string_view name, const std::string& csv) {
       std::string more = csv;
       more.insert(more.size() - 1, ",0");
       return make_zip(name, more);
     }},
};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kDamages) + std::size(kContents)> names;
  std::size_t count = 0;
  for (const Damage& damage : kDamages) names[count++] = damage.name;
  for (const Content& content : kContents) names[count++] = content.name;
  return names;
}();

}  // namespace

std::span<const std::string_view> zip_faults() noexcept { return kNames; }

std::string damaged_zip(std::string_view fault, std::string_view name, const std::string& csv) {
  for (const Content& content : kContents) {
    if (content.name == fault) return content.make(name, csv);
  }
  std::string zip = make_zip(name, csv);
  for (const Damage& damage : kDamages) {
    if (damage.name == fault) damage.damage(zip);
  }
  return zip;
}

}  // namespace bf::sim
