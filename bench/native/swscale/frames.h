// Pictures as a decoder leaves them: AVFrames of their own, more of them than the caches hold.
#pragma once
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/view.h"

extern "C" {
#include <libavutil/frame.h>
}

namespace framepath::bench {

struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
using FramePtr = std::unique_ptr<AVFrame, FreeFrame>;

inline FramePtr makeFrame(int width, int height) {
  FramePtr frame(av_frame_alloc());
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = width;
  frame->height = height;
  if (av_frame_get_buffer(frame.get(), 64) < 0) std::abort();
  return frame;
}

inline int planeWidth(const AVFrame& frame, int plane) {
  return plane ? (frame.width + 1) / 2 : frame.width;
}
inline int planeHeight(const AVFrame& frame, int plane) {
  return plane ? (frame.height + 1) / 2 : frame.height;
}

// Slopes with some noise on them, another picture for each `seed`; video range.
inline FramePtr makePicture(int width, int height, uint32_t seed) {
  FramePtr frame = makeFrame(width, height);
  uint32_t noise = seed * 2654435761u + 1;
  for (int plane = 0; plane < 3; plane++)
    for (int y = 0; y < planeHeight(*frame, plane); y++) {
      uint8_t* row = frame->data[plane] + static_cast<ptrdiff_t>(y) * frame->linesize[plane];
      for (int x = 0; x < planeWidth(*frame, plane); x++) {
        noise = noise * 1664525u + 1013904223u;
        row[x] = static_cast<uint8_t>(40 + (x / 8 + y / 8 + static_cast<int>(seed) * 3) % 160 + (noise >> 28));
      }
    }
  return frame;
}

inline std::vector<FramePtr> makeRing(int width, int height, size_t count) {
  std::vector<FramePtr> ring;
  for (size_t i = 0; i < count; i++) ring.push_back(makePicture(width, height, static_cast<uint32_t>(i)));
  return ring;
}

inline ImageView viewOf(const AVFrame& frame) {
  ImageView view;
  for (int plane = 0; plane < 3; plane++) view.planes[plane] = {frame.data[plane], frame.linesize[plane]};
  view.width = frame.width;
  view.height = frame.height;
  view.format = pixelFormat::yuv420p;
  return view;
}

}  // namespace framepath::bench
