// Pixels of frames that JavaScript holds.
#include "binding/arrays.h"
#include "binding/js_error.h"
#include "binding/read.h"
#include "binding/run.h"
#include "binding/spec_from_json.h"

namespace framepath::binding {

graph::TaskRef Run::asked(int64_t taskId) const {
  const auto& modules = state_->pipeline->spec().modules;
  for (size_t m = 0; m < modules.size(); m++)
    if (modules[m].kind == graph::ModuleSpec::Kind::js && modules[m].pixels)
      if (graph::TaskRef task = state_->pipeline->asked(static_cast<int32_t>(m), taskId)) return task;
  return nullptr;
}

HeldFrames* RunState::held() {
  if (!closed && !frames && pipeline->deviceRef())
    frames = std::make_unique<HeldFrames>(pipeline->deviceRef(), pipeline->spec().keptFrames);
  return frames.get();
}

namespace {

HeldFrames& orReleased(HeldFrames* frames) {
  if (!frames)
    throw Error(ErrorCode::FRAME_RELEASED, "The run is closed, and its pixels are gone.",
                "Read pixels while the run is open.");
  return *frames;
}

Box cropOf(const std::optional<std::array<float, 4>>& crop) {
  return crop ? Box{(*crop)[0], (*crop)[1], (*crop)[2], (*crop)[3]} : Box{};
}

PixelRequest requestOf(const schema::PixelRequest& from) {
  FIELDS_OF(from, width, height, format, crop);
  return {width.value.value_or(0), height.value.value_or(0), pixelFormatOf(format), cropOf(crop)};
}

}  // namespace

Napi::Value Run::pixels(const Info& info) {
  return guarded(info.Env(), [&] {
    const int64_t id = whole(info[0]);
    const std::vector<uint8_t> bytes =
        orReleased(state_->held())
            .pixels(id, asked(id), requestOf(read<schema::PixelRequest>(parseJson(text(info[1])))));
    return bytesArray(info.Env(), bytes.data(), bytes.size());
  });
}

Napi::Value Run::jpeg(const Info& info) {
  return guarded(info.Env(), [&] {
    const int64_t id = whole(info[0]);
    const auto request = read<schema::JpegSettings>(parseJson(text(info[1])));
    FIELDS_OF(request, quality, crop);
    PixelRequest pixels;
    pixels.crop = cropOf(crop);
    const std::vector<uint8_t> bytes = orReleased(state_->held()).jpeg(id, asked(id), pixels, quality);
    return bytesArray(info.Env(), bytes.data(), bytes.size());
  });
}

Napi::Value Run::keep(const Info& info) {
  return guarded(info.Env(), [&] {
    const int64_t id = whole(info[0]);
    HeldFrames* frames = state_->held();
    return Napi::Boolean::New(info.Env(), frames && frames->keep(id, asked(id)));
  });
}

void Run::release(const Info& info) {
  guarded(info.Env(), [&] {
    if (state_->frames) state_->frames->release(whole(info[0]));
  });
}

}  // namespace framepath::binding
