// What the guard of this process (network_guard.h) refused to connect to. Only a process that reads untrusted sources
// has a guard; this is all that the rest of media knows of it.
#pragma once
#include <string>

namespace framepath::media {

// A sentence about the last refusal, given once; empty: none.
using NetworkRefusal = std::string (*)();

void setNetworkRefusal(NetworkRefusal refusal);  // once, before a source is opened
bool networkGuarded();
std::string takeNetworkRefusal();

}  // namespace framepath::media
