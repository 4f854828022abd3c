// The life that damages the store, and the one that repairs it.
#include "tests/kill/repairs.h"

namespace bf::store::crash {

Finding damage(const Places& places) {
  damage_store(places.store, make_script().pages);
  return {};
}

Finding repair(const Places& places, const Said& said) {
  const auto files = open_file_system(places.store, /*create=*/false);
  if (!files) return files.error().message();
  Repairs repairs(**files, make_script().pages);
  Finding finding = repairs.repair_all();
  if (finding.empty()) finding = repairs.check(said, StoreOptions::Mode::kRead);
  if (finding.empty()) finding = repairs.check(said, StoreOptions::Mode::kWrite);
  if (finding.empty()) finding = repairs.fetch_again(/*says=*/true);
  if (finding.empty()) finding = repairs.check(said, StoreOptions::Mode::kRead);
  return finding.empty() ? say_hashes(**files) : finding;
}

}  // namespace bf::store::crash
