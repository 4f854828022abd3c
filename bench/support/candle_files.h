// bench/support/candle_files.h
//
// The real candles that benches run on: Binance's own CSV files, from the fixtures and, where it is
// there, from a larger folder that BF_DATA names.
#pragma once

#include <string>
#include <vector>

#include "store/base/columns.h"
#include "store/base/result.h"
#include "store/base/series.h"

namespace bf::bench {

struct CandleFile {
  std::string name;  ///< the file's, without its endings
  Series series;     ///< a series of its own for each file, named after it
  CandleBatch rows;  ///< all ten columns
};

/// Reads the 1-minute files of `data`/binance-spot and `data`/binance-um whose rows are those of the
/// exchange's own archive; without that folder, those of `fixtures`/binance. By folder, then by name.
/// Errors: kNotFound when there is none at all; kIo, kProtocol, kDataQuality, naming the file.
[[nodiscard]] Result<std::vector<CandleFile>> read_candle_files(const std::string& fixtures,
                                                                const std::string& data);

/// What `gzip` or `xz` unpacks a file to. Errors: kIo.
[[nodiscard]] Result<std::string> unpacked(const std::string& path);

}  // namespace bf::bench
