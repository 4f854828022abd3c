#include "bench/support/candle_files.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "engine/exchange/kline_csv.h"

namespace bf::bench {
namespace {

namespace fs = std::filesystem;

struct PipeCloser {
  void operator()(FILE* pipe) const noexcept { pclose(pipe); }
};

std::string name_of(const fs::path& path) {
  const std::string file = path.filename().string();
  return file.substr(0, file.find('.'));
}

Result<CandleFile> read_file(const fs::path& path, const std::string& market) {
  const Result<std::string> text = unpacked(path.string());
  if (!text) return fail(text.error());
  CandleFile file;
  file.name = name_of(path);
  file.series = Series{{"binance", market, file.name}, Kind::kCandles, Interval::k1m};
  Result<CandleBatch> rows =
      exchange::binance::parse_kline_csv(Interval::k1m, kCandleColumns, *text);
  if (!rows) return fail(rows.error().at(path.string()));
  file.rows = std::move(*rows);
  return file;
}

/// The 1-minute files of one folder, by name.
std::vector<fs::path> minute_files(const fs::path& folder, const std::string& ending) {
  std::vector<fs::path> paths;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    const std::string name = entry.path().filename().string();
    // What other programs exported has columns of its own.
    const bool own = name.find("python-binance") == std::string::npos;
    if (own && name.ends_with(ending) && name.find("-1m") != std::string::npos) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Result<std::vector<CandleFile>> read_candle_files(const std::string& fixtures,
                                                  const std::string& data) {
  struct Folder {
    fs::path path;
    std::string market;
    std::string ending;
  };
  const std::array data_folders = {Folder{fs::path(data) / "binance-spot", "spot", ".csv.xz"},
                                   Folder{fs::path(data) / "binance-um", "um", ".csv.xz"}};
  const std::array fixture_folders = {
      Folder{fs::path(fixtures) / "binance/spot", "spot", ".csv.gz"},
      Folder{fs::path(fixtures) / "binance/um", "um", ".csv.gz"}};
  const bool has_data = fs::is_directory(data_folders[0].path);
  std::vector<CandleFile> files;
  for (const Folder& folder : has_data ? data_folders : fixture_folders) {
    for (const fs::path& path : minute_files(folder.path, folder.ending)) {
      Result<CandleFile> file = read_file(path, folder.market);
      if (!file) return fail(file.error());
      files.push_back(std::move(*file));
    }
  }
  if (files.empty()) {
    return fail(Code::kNotFound, "no candle files below " + fixtures + " or " + data +
                                     "; run from the project's root, or set BF_DATA");
  }
  return files;
}

Result<std::string> unpacked(const std::string& path) {
  const std::string program = path.ends_with(".xz") ? "xz" : "gzip";
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const std::string command = program + " -dc " + quoted + "'";
  const std::unique_ptr<FILE, PipeCloser> pipe(popen(command.c_str(), "r"));
  if (!pipe) return fail(Code::kIo, path + ": cannot start " + program);
  std::string text;
  std::array<char, 1 << 16> chunk{};
  while (const std::size_t got = fread(chunk.data(), 1, chunk.size(), pipe.get())) {
    text.append(chunk.data(), got);
  }
  if (text.empty()) return fail(Code::kIo, path + ": " + program + " gave nothing");
  return text;
}

}  // namespace bf::bench
