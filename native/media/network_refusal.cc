#include "media/network_refusal.h"

#include <atomic>

namespace framepath::media {
namespace {

std::atomic<NetworkRefusal> guard{nullptr};

}  // namespace

void setNetworkRefusal(NetworkRefusal refusal) {
  guard = refusal;
}

bool networkGuarded() {
  return guard != nullptr;
}

std::string takeNetworkRefusal() {
  const NetworkRefusal refusal = guard;
  return refusal ? refusal() : std::string();
}

}  // namespace framepath::media
