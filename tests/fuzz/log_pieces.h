// tests/fuzz/log_pieces.h
//
// Logs for the fuzzer: a file whose checksums are made to fit after a mutation, and a form in which the
// unpacked bodies of frames lie apart, so that one may grow without moving the others.
#pragma once

#include <span>

#include "store/frame.h"
#include "tests/fuzz/fuzz_store.h"

namespace bf::store::fuzz {

/// Computes both checksums of each frame again, as far as sizes lead from one to the next. Frames
/// become those of `log`.
void repair_log(Bytes& file, const LogIdentity& log);

/// For each frame a piece: the fields of its header that a writer may choose, and its raw body.
[[nodiscard]] Bytes pieces_of_log(std::span<const std::byte> file);
/// The log that pieces_of_log() came from, or a file like it.
[[nodiscard]] Bytes log_of_pieces(std::span<const std::byte> input, const LogIdentity& log,
                                  std::uint64_t first_sequence);

}  // namespace bf::store::fuzz
