// engine/exchange/s3_listing.h
//
// Folders of a public S3 bucket, by ListObjects version 1: GET /?delimiter=/&prefix=FOLDER&marker=KEY
// answers at most 1,000 keys, sorted by bytes, as XML:
//
//   <ListBucketResult ...><IsTruncated>true</IsTruncated><NextMarker>KEY</NextMarker>
//     <Contents><Key>FOLDER/file.zip</Key>...</Contents>
//     <CommonPrefixes><Prefix>FOLDER/BTCUSDT/</Prefix></CommonPrefixes> ...
//
// Source: the Amazon S3 API reference, "ListObjects". Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "engine/exchange/market_api.h"

namespace bf::exchange::s3 {

/// Path and query, percent-encoded.
[[nodiscard]] std::string listing_target(std::string_view folder, std::string_view marker);

/// Reads an answer. Errors: kProtocol: not such a document, an element without its end, a key outside
/// of `folder`, an answer that goes on without saying where.
[[nodiscard]] Result<ArchiveListing> parse_listing(std::string_view folder, std::string_view body);

}  // namespace bf::exchange::s3
