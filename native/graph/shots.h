// Best shots: one small picture a track, for the contact sheet.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "device/image.h"
#include "graph/module.h"
#include "track/identity.h"

namespace framepath::graph {

// Thread-safe. Keeps the kTracks best tracks' pictures; a picture is replaced when a clearly better one comes.
class Shots {
 public:
  static constexpr int32_t kWidth = 160, kHeight = 200;
  static constexpr size_t kTracks = 512;

  explicit Shots(std::shared_ptr<Device> device) : device_(std::move(device)) {}

  // A sink that holds pixels: looks at the tracks of each frame.
  static ModuleNode node(const std::shared_ptr<Shots>& shots, const std::string& of, int32_t tracks);

  // The best of the identity's tracks; replaces `best` of the identities that have one.
  void choose(track::RelinkResult& result) const;
  // A JPEG with every identity's picture; empty when there is none.
  std::vector<uint8_t> contactSheet(const track::RelinkResult& result, bool onlyTracks) const;

 private:
  class ShotWorker;
  struct Shot {
    std::vector<uint8_t> rgb;  // kWidth x kHeight x 3
    Box box;
    float score = 0, quality = 0;
    int64_t ptsUs = 0;
  };
  void look(const Task& task, const Tracks& tracks, Queue& queue, const Image& scratch);
  const Shot* bestOf(const track::Identity& identity, track::SubId& from) const;

  std::shared_ptr<Device> device_;
  mutable std::mutex mutex_;
  std::map<std::pair<int32_t, int64_t>, Shot> shots_;  // by source and track
};

}  // namespace framepath::graph
