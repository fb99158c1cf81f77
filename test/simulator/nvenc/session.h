// One encoding session, as libavcodec's NVENC code uses it.
#pragma once
#include <ffnvcodec/dynlink_cuda.h>
#include <ffnvcodec/nvEncodeAPI.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "simulator/nvenc/backend.h"

namespace framepath::simulator {

// A surface of the caller's, registered.
struct Surface {
  uint8_t* memory;
  size_t pitch;
  int width, height;
  bool deep;  // P010
};

struct Bitstream {
  Coded coded;
  uint64_t number = 0;  // of the packet that it is to hold
};

class Session {
 public:
  NVENCSTATUS begin(const NV_ENC_INITIALIZE_PARAMS& parameters);
  void setStream(CUstream stream) { stream_ = stream; }
  NVENCSTATUS encode(const NV_ENC_PIC_PARAMS& picture);
  NVENCSTATUS lock(Bitstream& bitstream);
  void setRate(const NV_ENC_RC_PARAMS& rate);
  const std::vector<uint8_t>& header() const { return backend_->header(); }
  const std::string& error() const { return error_; }

 private:
  NVENCSTATUS fail(const std::string& what);
  bool pushAndTake(const AVFrame* picture, bool keyframe);

  std::unique_ptr<Backend> backend_;
  Stream parameters_;
  CUstream stream_ = nullptr;
  bool keyframeNext_ = false, ended_ = false;
  uint64_t pushed_ = 0, firstPacket_ = 0;
  std::deque<Coded> packets_;
  std::string error_;
};

}  // namespace framepath::simulator
