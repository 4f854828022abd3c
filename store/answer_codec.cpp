#include "store/answer_codec.h"

#include <algorithm>

#include "store/base/series.h"

namespace bf::store {
namespace {

constexpr std::size_t kExchangeBytesMax = 16;
constexpr std::uint8_t kHasRows = 1;
constexpr std::uint8_t kHasHash = 2;

bool is_exchange_name(std::string_view name) {
  return !name.empty() && name.size() <= kExchangeBytesMax &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return ('a' <= c && c <= 'z') || ('0' <= c && c <= '9'); });
}

}  // namespace

Result<void> check_answer(const Answer& answer) {
  if (!is_exchange_name(answer.exchange)) {
    return fail(Code::kDataQuality, "an answer of \"" + printable(answer.exchange) +
                                        "\": an exchange's name is 1 to 16 of a-z and 0-9");
  }
  if (answer.channel < Channel::kRest || answer.channel > Channel::kImport) {
    return fail(Code::kDataQuality, "an answer came by an unknown channel");
  }
  if (answer.asked.from < 0 || answer.asked.to > kTimeMax || answer.asked.empty()) {
    return fail(Code::kDataQuality, "an answer covers the impossible range " +
                                        std::to_string(answer.asked.from) + ".." +
                                        std::to_string(answer.asked.to));
  }
  if (answer.has_rows() &&
      !(answer.asked.contains(answer.first_row) && answer.asked.contains(answer.last_row))) {
    return fail(Code::kDataQuality,
                "an answer's rows lie outside of what was asked, " + format_range(answer.asked));
  }
  return {};
}

void write_answer(ByteWriter& out, const Answer& answer) {
  const bool has_hash = answer.archive_hash != Sha256{};
  out.string(answer.exchange);
  out.fixed(static_cast<std::uint8_t>(answer.channel));
  out.fixed(
      static_cast<std::uint8_t>((answer.has_rows() ? kHasRows : 0) | (has_hash ? kHasHash : 0)));
  out.varint(static_cast<std::uint64_t>(answer.asked.from));
  out.varint(static_cast<std::uint64_t>(answer.asked.length()));
  out.signed_varint(answer.asked_at);
  if (answer.has_rows()) {
    out.varint(static_cast<std::uint64_t>(answer.first_row - answer.asked.from));
    out.varint(static_cast<std::uint64_t>(answer.last_row - answer.first_row));
  }
  if (has_hash) out.bytes(bytes_of(answer.archive_hash));
}

Result<Answer> read_answer(ByteReader& in) {
  // Sums are made of unsigned numbers below this, so none overflows; check_answer() has the rest.
  constexpr auto kLengthMax = static_cast<std::uint64_t>(kTimeMax);
  const auto bounded = [&in] {
    const std::uint64_t value = in.varint();
    if (value > kLengthMax) in.fail();
    return in.ok() ? static_cast<TimeMs>(value) : 0;
  };
  Answer answer;
  answer.exchange = in.string(kExchangeBytesMax);
  answer.channel = static_cast<Channel>(in.fixed<std::uint8_t>());
  const auto flags = in.fixed<std::uint8_t>();
  if ((flags & ~(kHasRows | kHasHash)) != 0) in.fail();
  answer.asked.from = bounded();
  answer.asked.to = answer.asked.from + bounded();
  answer.asked_at = in.signed_varint();
  if ((flags & kHasRows) != 0) {
    answer.first_row = answer.asked.from + bounded();
    answer.last_row = answer.first_row + bounded();
  }
  if ((flags & kHasHash) != 0) {
    const auto hash = in.take(answer.archive_hash.size());
    if (in.ok()) std::memcpy(answer.archive_hash.data(), hash.data(), hash.size());
  }
  if (!in.ok()) return fail(Code::kCorrupt, "an answer's bytes contradict themselves");
  if (const Result<void> checked = check_answer(answer); !checked) {
    return fail(Code::kCorrupt, checked.error().message());
  }
  return answer;
}

}  // namespace bf::store
