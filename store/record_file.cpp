#include "store/record_file.h"

#include <algorithm>
#include <utility>

#include "store/atomic_file.h"
#include "store/base/series.h"
#include "store/checksum.h"

namespace bf::store {
namespace {

constexpr std::string_view kNone = "-";
constexpr std::size_t kHashDigits = 16;

std::string hash_of(std::string_view line) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::uint64_t hash = digest(std::as_bytes(std::span(line)), 0);
  std::string digits(kHashDigits, '0');
  for (std::size_t i = kHashDigits; i > 0; --i, hash >>= 4) digits[i - 1] = kHex[hash & 15];
  return digits;
}

std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string record_line(std::span<const std::string_view> fields) {
  std::string line;
  for (const std::string_view field : fields) line.append(field).append("\t");
  line.append(hash_of(line)).append("\n");
  return line;
}

std::string record_line(std::initializer_list<std::string_view> fields) {
  return record_line(std::span(fields.begin(), fields.size()));
}

std::vector<std::string_view> record_fields(std::string_view line) {
  if (line.size() < kHashDigits) return {};
  const std::string_view body = line.substr(0, line.size() - kHashDigits);
  if (body.empty() || body.back() != '\t' || hash_of(body) != line.substr(body.size())) return {};
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t tab = body.find('\t', at);
    fields.push_back(body.substr(at, tab - at));
    at = tab + 1;
  }
  return fields;
}

std::string time_field(std::optional<TimeMs> time) {
  return time ? format_time(*time) : std::string(kNone);
}

bool read_time_field(std::string_view text, std::optional<TimeMs>& out) {
  if (text == kNone) return true;
  const Result<TimeMs> time = parse_time(text);
  if (time) out = *time;
  return time.has_value();
}

Result<void> RecordFile::check_header(std::string_view line, std::size_t file_size) const {
  const std::string name(format_->file);
  const std::vector<std::string_view> fields = record_fields(line);
  if (fields.empty() && line.substr(0, format_->magic.size()) != format_->magic) {
    return fail(Code::kFormat, name + ": not " + std::string(format_->what));
  }
  if (fields.size() != 2 || fields[0] != format_->magic) {
    return fail(Code::kCorrupt, name + ": the first of its " + std::to_string(file_size) +
                                    " bytes are damaged; " + std::string(format_->remedy));
  }
  if (fields[1] != std::to_string(format_->version)) {
    return fail(Code::kFormat, name + ": written in version " + printable(fields[1]) +
                                   ", this program reads version " +
                                   std::to_string(format_->version));
  }
  return {};
}

Result<void> RecordFile::read(const Take& take) {
  const Result<Bytes> bytes = read_file(*files_, std::string(format_->file), format_->bytes_max);
  if (!bytes) {
    if (bytes.error().code() == Code::kNotFound) return {};
    return fail(bytes.error());
  }
  const std::string_view text = text_of(*bytes);
  const std::size_t header_end = text.find('\n');
  const Result<void> header = check_header(text.substr(0, header_end), text.size());
  if (!header) return header;
  // A file that ends in its first line was never renamed into its place by us.
  if (header_end == std::string_view::npos) {
    return fail(Code::kCorrupt, std::string(format_->file) + ": cut in its first line");
  }
  std::size_t good_end = header_end + 1;
  std::uint64_t bad_lines = 0;
  for (std::size_t at = good_end; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) break;  // a live or a killed writer's
    const std::vector<std::string_view> fields = record_fields(text.substr(at, end - at));
    if (!fields.empty() && take(fields)) {
      good_end = end + 1;
      damaged_lines_ += std::exchange(bad_lines, 0);
    } else {
      ++bad_lines;
    }
    at = end + 1;
  }
  text_ = text.substr(0, good_end);
  return {};
}

Result<void> RecordFile::write(const std::string& lines) {
  if (lines.empty() && !(rewrite_ && !text_.empty())) return {};
  if (text_.size() + lines.size() > format_->bytes_max) {
    return fail(Code::kLimit, std::string(format_->file) + " would grow beyond " +
                                  std::to_string(format_->bytes_max) + " bytes");
  }
  // After an error, or an exception, nothing is known of what stands in the file: the next write makes
  // a new one.
  const bool anew = std::exchange(rewrite_, true);
  const Result<void> written = anew ? rewrite(lines) : append(lines);
  if (!written) return fail(written.error());
  text_.append(lines);
  rewrite_ = false;
  return {};
}

Result<void> RecordFile::rewrite(const std::string& lines) {
  if (text_.empty()) text_ = record_line({format_->magic, std::to_string(format_->version)});
  const std::string text = text_ + lines;
  const Result<void> prepared =
      prepare_file(*files_, "", format_->file, std::as_bytes(std::span(text)));
  if (!prepared) return prepared;
  return commit_file(*files_, "", format_->file);
}

Result<void> RecordFile::append(const std::string& lines) {
  const auto file = files_->open(std::string(format_->file), FileSystem::Open::kReadWrite);
  if (!file) return fail(file.error());
  const Result<void> written = (*file)->pwrite(std::as_bytes(std::span(lines)), text_.size());
  if (!written) return written;
  return (*file)->sync_data();
}

bool RecordFile::first_line_is_damaged(FileSystem& files, const RecordFormat& format) {
  const Result<Bytes> bytes = read_file(files, std::string(format.file), format.bytes_max);
  if (!bytes) return false;
  const std::string_view text = text_of(*bytes);
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos || record_fields(text.substr(0, end)).empty();
}

Result<void> RecordFile::drop_damaged_lines(FileSystem& files, const RecordFormat& format,
                                            const Take& take) {
  const Result<Bytes> bytes = read_file(files, std::string(format.file), format.bytes_max);
  if (!bytes) return fail(bytes.error());
  const std::string_view text = text_of(*bytes);
  std::string lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::vector<std::string_view> fields = record_fields(line);
    if (end < text.size() && !fields.empty() && take(fields)) lines.append(line).append("\n");
    at = end + 1;
  }
  return RecordFile(files, format).rewrite(lines);
}

}  // namespace bf::store
