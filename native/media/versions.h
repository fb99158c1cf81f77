// What libav this process runs with.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace framepath::media {

std::map<std::string, std::string> libavVersions();      // library -> version, e.g. libavcodec -> 59.37.100
std::string bundledLibraries();                          // JSON about our own package of them; empty: the system's
std::map<std::string, std::string> availableEncoders();  // codec -> encoder that would be used, absent: none

}  // namespace framepath::media
