#include "engine/sim/json_text.h"

namespace bf::sim {

std::string tick(int decimals) {
  if (decimals <= 0) return "1";
  std::string text = "0.";
  text.append(static_cast<std::size_t>(decimals - 1), '0').append("1");
  return text;
}

std::string array(std::initializer_list<std::string> documents) {
  std::string json = "[";
  for (const std::string& document : documents) {
    if (json.size() > 1) json += ',';
    json += document;
  }
  json += ']';
  return json;
}

}  // namespace bf::sim
