#include "engine/backfill/api_view.h"

namespace bf::backfill {

exchange::ApiResponse api_view(const net::HttpResponse& response) {
  exchange::ApiResponse view;
  view.status = response.status;
  view.body = response.body;
  view.headers.reserve(response.headers.size());
  for (const auto& [name, value] : response.headers) view.headers.emplace_back(name, value);
  return view;
}

}  // namespace bf::backfill
