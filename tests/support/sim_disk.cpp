#include "tests/support/sim_disk.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "store/base/assert.h"

namespace bf::test {
namespace {

// A block that is written many times between two syncs keeps that many of its states.
constexpr std::size_t kVersionsMax = 8;

}  // namespace

std::uint64_t Random::next() noexcept {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

/// How likely one power loss keeps things, in percent: a seed draws its own, so that some crashes lose
/// nearly all and others nearly nothing.
struct SimDisk::Odds {
  unsigned newest = 0;   ///< a block holds what was written last
  unsigned damaged = 0;  ///< else: its unsynced bytes are zero or garbage
  unsigned name = 0;     ///< a change of names is kept

  static Odds draw(std::uint64_t seed, Random& random) {
    if (seed < 4)
      return {seed == 1 || seed == 2 ? 100U : 0U, 0, seed == 1 || seed == 3 ? 100U : 0U};
    constexpr unsigned kLevels[] = {0, 20, 50, 80, 100};
    const auto level = [&] { return kLevels[random.below(5)]; };
    return {level(), level(), level()};
  }
};

bool SimDisk::Node::all_durable() const {
  return changes.empty() && lengths.empty() &&
         std::all_of(blocks.begin(), blocks.end(),
                     [](const Block& block) { return block.versions.empty(); });
}

SimDisk::SimDisk(std::size_t block_size) : block_size_(block_size) {
  nodes_[kRoot] = std::make_shared<Node>();
  nodes_[kRoot]->directory = true;
}

const SimDisk::Node& SimDisk::node(Id id) const {
  const auto at = nodes_.find(id);
  BF_ASSERT(at != nodes_.end());
  return *at->second;
}

SimDisk::Node& SimDisk::edit(Id id) {
  std::shared_ptr<Node>& shared = nodes_.at(id);
  if (shared.use_count() > 1) shared = std::make_shared<Node>(*shared);
  return *shared;
}

SimDisk::Id SimDisk::find(std::string_view path) const {
  Id id = kRoot;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const Node& directory = node(id);
    const auto at = directory.current.find(std::string(path.substr(0, slash)));
    if (at == directory.current.end()) return 0;
    id = at->second;
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return id;
}

bool SimDisk::is_directory(Id id) const { return node(id).directory; }

std::map<std::string, SimDisk::Id> SimDisk::entries(Id directory) const {
  return node(directory).current;
}

void SimDisk::change_names(Id directory, std::vector<std::pair<std::string, Id>> names,
                           std::uint64_t needs) {
  Node& target = edit(directory);
  for (const auto& [name, id] : names) {
    if (id == 0) {
      target.current.erase(name);
    } else {
      target.current[name] = id;
    }
  }
  target.changes.push_back({++last_serial_, needs, std::move(names)});
}

SimDisk::Id SimDisk::create(Id parent, std::string_view name, bool directory) {
  const Id id = ++last_id_;
  nodes_[id] = std::make_shared<Node>();
  nodes_[id]->directory = directory;
  change_names(parent, {{std::string(name), id}}, 0);
  return id;
}

void SimDisk::remove(Id parent, std::string_view name) {
  change_names(parent, {{std::string(name), 0}}, 0);
}

void SimDisk::rename(Id from_parent, std::string_view from, Id to_parent, std::string_view to) {
  const Id id = node(from_parent).current.at(std::string(from));
  if (from_parent == to_parent) {
    change_names(to_parent, {{std::string(from), 0}, {std::string(to), id}}, 0);
    return;
  }
  change_names(to_parent, {{std::string(to), id}}, 0);
  change_names(from_parent, {{std::string(from), 0}}, /*needs=*/last_serial_);
}

std::uint64_t SimDisk::size(Id file) const { return node(file).length; }

void SimDisk::read(Id file, std::span<std::byte> into, std::uint64_t offset) const {
  const Node& source = node(file);
  BF_ASSERT(offset + into.size() <= source.length);
  while (!into.empty()) {
    const auto index = static_cast<std::size_t>(offset / block_size_);
    const auto begin = static_cast<std::size_t>(offset % block_size_);
    const std::size_t count = std::min(into.size(), block_size_ - begin);
    const Bytes bytes = index < source.blocks.size() ? source.blocks[index].current : nullptr;
    if (bytes == nullptr) {
      std::fill_n(into.begin(), count, std::byte{0});
    } else {
      std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(begin), count, into.begin());
    }
    into = into.subspan(count);
    offset += count;
  }
}

void SimDisk::write_block(Block& block, std::span<const std::byte> bytes,
                          std::size_t offset) const {
  std::vector<std::byte> next =
      block.current == nullptr ? std::vector<std::byte>(block_size_) : *block.current;
  std::copy(bytes.begin(), bytes.end(), next.begin() + static_cast<std::ptrdiff_t>(offset));
  block.current = std::make_shared<const std::vector<std::byte>>(std::move(next));
  const std::size_t end = offset + bytes.size();
  block.written_from = block.versions.empty() ? offset : std::min(block.written_from, offset);
  block.written_to = block.versions.empty() ? end : std::max(block.written_to, end);
  if (block.versions.size() == kVersionsMax) block.versions.erase(block.versions.begin());
  block.versions.push_back(block.current);
  block.dirty = true;
}

void SimDisk::write(Id file, std::span<const std::byte> bytes, std::uint64_t offset) {
  Node& target = edit(file);
  const std::uint64_t end = offset + bytes.size();
  if (end > target.length) {
    target.length = end;
    target.lengths.push_back(end);
    target.length_dirty = true;
    target.blocks.resize(static_cast<std::size_t>((end + block_size_ - 1) / block_size_));
  }
  while (!bytes.empty()) {
    const auto begin = static_cast<std::size_t>(offset % block_size_);
    const std::size_t count = std::min(bytes.size(), block_size_ - begin);
    write_block(target.blocks[static_cast<std::size_t>(offset / block_size_)], bytes.first(count),
                begin);
    bytes = bytes.subspan(count);
    offset += count;
  }
}

void SimDisk::apply(const NameChange& change, std::map<std::string, Name>& names) {
  for (const auto& [name, id] : change.names) {
    Name& entry = names[name];
    if (entry.serial < change.serial) entry = {id, change.serial};
  }
}

/// Makes the change with this serial durable, wherever it waits.
void SimDisk::make_durable(std::uint64_t serial) {
  for (const auto& [id, shared] : nodes_) {
    const auto waits = [serial](const NameChange& change) { return change.serial == serial; };
    const auto at = std::find_if(shared->changes.begin(), shared->changes.end(), waits);
    if (at == shared->changes.end()) continue;
    Node& directory = edit(id);
    apply(*std::find_if(directory.changes.begin(), directory.changes.end(), waits),
          directory.durable);
    std::erase_if(directory.changes, waits);
    return;
  }
}

void SimDisk::sync(Id id) {
  Node& target = edit(id);
  for (Block& block : target.blocks) {
    if (!block.dirty) continue;
    block.durable = block.current;
    block.versions.clear();
    block.dirty = false;
  }
  if (target.length_dirty) {
    target.durable_length = target.length;
    target.lengths.clear();
    target.length_dirty = false;
  }
  std::vector<std::uint64_t> needed;
  for (const NameChange& change : target.changes) {
    apply(change, target.durable);
    if (change.needs != 0) needed.push_back(change.needs);
  }
  target.changes.clear();
  for (const std::uint64_t serial : needed) make_durable(serial);
}

void SimDisk::fail_sync(Id id) {
  Node& target = edit(id);
  for (Block& block : target.blocks) block.dirty = false;
  target.length_dirty = false;
}

bool SimDisk::all_durable() const {
  return std::all_of(nodes_.begin(), nodes_.end(),
                     [](const auto& entry) { return entry.second->all_durable(); });
}

SimDisk::Bytes SimDisk::after_crash(const Block& block, const Odds& odds, Random& random) const {
  if (block.versions.empty() || random.chance(odds.newest)) return block.current;
  if (!random.chance(odds.damaged)) {
    if (odds.newest == 0 && odds.damaged == 0) return block.durable;
    const auto pick = static_cast<std::size_t>(random.below(block.versions.size() + 1));
    return pick == 0 ? block.durable : block.versions[pick - 1];
  }
  std::vector<std::byte> bytes =
      block.durable == nullptr ? std::vector<std::byte>(block_size_) : *block.durable;
  const bool garbage = random.chance(50);
  for (std::size_t at = block.written_from; at < block.written_to; ++at) {
    bytes[at] = garbage ? static_cast<std::byte>(random.next()) : std::byte{0};
  }
  return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
}

void SimDisk::crash_file(Node& file, const Odds& odds, Random& random) const {
  for (Block& block : file.blocks) {
    const Bytes bytes = after_crash(block, odds, random);
    block = Block{};
    block.durable = bytes;
    block.current = bytes;
  }
  if (!file.lengths.empty() && !random.chance(odds.newest)) {
    const auto pick = static_cast<std::size_t>(random.below(file.lengths.size() + 1));
    const bool old = pick == 0 || odds.newest == 0;
    file.length = old ? file.durable_length : file.lengths[pick - 1];
  }
  file.durable_length = file.length;
  file.lengths.clear();
  file.length_dirty = false;
  file.blocks.resize(static_cast<std::size_t>((file.length + block_size_ - 1) / block_size_));
  // What lies behind the end is not there when the file grows again.
  const auto tail = static_cast<std::size_t>(file.length % block_size_);
  if (tail == 0 || file.blocks.empty() || file.blocks.back().current == nullptr) return;
  std::vector<std::byte> last = *file.blocks.back().current;
  std::fill(last.begin() + static_cast<std::ptrdiff_t>(tail), last.end(), std::byte{0});
  file.blocks.back().current = std::make_shared<const std::vector<std::byte>>(std::move(last));
  file.blocks.back().durable = file.blocks.back().current;
}

SimDisk SimDisk::after_crash(std::uint64_t seed) const {
  Random random(seed);
  const Odds odds = Odds::draw(seed, random);
  SimDisk after = *this;

  // In order of serial over all directories, so that a change knows whether the one it needs is kept.
  std::map<std::uint64_t, std::pair<Id, const NameChange*>> pending;
  for (const auto& [id, shared] : nodes_) {
    for (const NameChange& change : shared->changes) pending[change.serial] = {id, &change};
  }
  std::set<std::uint64_t> lost;
  for (const auto& [serial, where] : pending) {
    const auto& [directory, change] = where;
    if (random.chance(odds.name) && lost.count(change->needs) == 0) {
      apply(*change, after.edit(directory).durable);
    } else {
      lost.insert(serial);
    }
  }

  for (const auto& [id, shared] : nodes_) {
    if (shared->all_durable()) continue;
    Node& changed = after.edit(id);
    if (!changed.directory) {
      crash_file(changed, odds, random);
      continue;
    }
    changed.changes.clear();
    changed.current.clear();
    for (const auto& [name, entry] : changed.durable) {
      if (entry.id != 0) changed.current[name] = entry.id;
    }
  }
  return after;
}

std::uint64_t SimDisk::content_hash() const {
  std::uint64_t hash = block_size_;
  const auto add = [&hash](std::uint64_t value) { hash = Random(hash ^ value).next(); };
  const auto add_text = [&add](std::string_view text) {
    add(text.size());
    add(std::hash<std::string_view>()(text));
  };
  for (const auto& [id, shared] : nodes_) {
    if (shared->directory) {
      add(id);
      for (const auto& [name, named] : shared->current) {
        add_text(name);
        add(named);
      }
      continue;
    }
    add(id);
    add(shared->length);
    for (const Block& block : shared->blocks) {
      const bool zero = block.current == nullptr;
      const char* const bytes = zero ? "" : reinterpret_cast<const char*>(block.current->data());
      add_text({bytes, zero ? 0 : block.current->size()});
    }
  }
  return hash;
}

void SimDisk::flip_bit(Id file, std::uint64_t offset, unsigned bit) {
  BF_ASSERT(offset < size(file));
  std::byte value{};
  read(file, {&value, 1}, offset);
  value ^= static_cast<std::byte>(1U << bit);
  write(file, {&value, 1}, offset);
  sync(file);
}

}  // namespace bf::test
