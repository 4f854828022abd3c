// store/answer_codec.h
//
// Answers as bytes, for frames and for the coverage part of segments.
#pragma once

#include <string_view>
#include <vector>

#include "store/answer.h"
#include "store/base/result.h"
#include "store/bytes.h"

namespace bf::store {

/// What every stored answer keeps: a known channel, an exchange's name, a range within
/// [0, kTimeMax] that is not empty, rows inside it. Errors: kDataQuality, saying what is wrong.
[[nodiscard]] Result<void> check_answer(const Answer& answer);

void write_answer(ByteWriter& out, const Answer& answer);
/// Errors: kCorrupt.
[[nodiscard]] Result<Answer> read_answer(ByteReader& in);

}  // namespace bf::store
