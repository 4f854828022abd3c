// engine/backfill/api_view.h
//
// An HTTP answer as engine/exchange, which knows no network, looks at it.
#pragma once

#include "engine/exchange/market_api.h"
#include "engine/net/http.h"

namespace bf::backfill {

/// The view points into `response`, which outlives it.
[[nodiscard]] exchange::ApiResponse api_view(const net::HttpResponse& response);

}  // namespace bf::backfill
