// Packets, canvases and layouts of a run.
#include <future>

#include "binding/arrays.h"
#include "binding/js_error.h"
#include "binding/json_writer.h"
#include "binding/read.h"
#include "binding/report_json.h"
#include "binding/run.h"
#include "binding/spec_from_json.h"

namespace framepath::binding {

Napi::Value Run::nextPacket(const Info& info) {
  return guarded(info.Env(), [&] {
    auto settle = Settle::open(info.Env(), state_->js);
    try {
      state_->pipeline->nextPacket(text(info[0]), [settle](std::optional<Packet> packet) {
        settle->resolve([packet = std::move(packet)](Napi::Env env) -> Napi::Value {
          if (!packet) return env.Null();
          Napi::Object object = Napi::Object::New(env);
          object.Set("stream", Napi::String::New(env, packet->stream == PacketStream::audio ? "audio" : "video"));
          object.Set("codec", Napi::String::New(env, packet->codec));
          object.Set("data", bytesArray(env, packet->data->data(), packet->data->size()));
          object.Set("ptsUs", Napi::Number::New(env, static_cast<double>(packet->ptsUs)));
          object.Set("dtsUs", Napi::Number::New(env, static_cast<double>(packet->dtsUs)));
          object.Set("durationUs", Napi::Number::New(env, static_cast<double>(packet->durationUs)));
          object.Set("keyframe", Napi::Boolean::New(env, packet->keyframe));
          return object;
        });
      });
    } catch (const std::exception& e) {
      settle->reject(e);
    }
    return settle->promise();
  });
}

// Waits and converts on a thread of its own: a JPEG of a large canvas takes milliseconds.
Napi::Value Run::nextCanvas(const Info& info) {
  return guarded(info.Env(), [&] {
    const auto asked = read<schema::CanvasRequest>(parseJson(text(info[0])));
    return environment_.promise(info.Env(), [state = state_, asked]() -> Settle::Make {
      FIELDS_OF(asked, name, width, height, format, jpeg, quality);
      std::promise<std::optional<FrameRef>> arrived;
      state->pipeline->nextCanvas(name, [&](std::optional<FrameRef> canvas) { arrived.set_value(std::move(canvas)); });
      const std::optional<FrameRef> canvas = arrived.get_future().get();
      const std::shared_ptr<FramePixels> pixels = canvas ? state->canvasPixels.lease() : nullptr;
      if (!pixels) return [](Napi::Env env) { return env.Null(); };
      const PixelRequest request{width.value.value_or(0), height.value.value_or(0), pixelFormatOf(format), {}};
      auto made = std::make_shared<PixelBytes>(jpeg ? pixels->jpeg(**canvas, request, quality)
                                                    : pixels->pixels(**canvas, request));
      return [made, index = (*canvas)->index, ptsUs = (*canvas)->ptsUs](Napi::Env env) -> Napi::Value {
        Napi::Object object = Napi::Object::New(env);
        object.Set("data", bytesArray(env, made->bytes.data(), made->bytes.size()));
        object.Set("width", Napi::Number::New(env, made->width));
        object.Set("height", Napi::Number::New(env, made->height));
        object.Set("index", Napi::Number::New(env, static_cast<double>(index)));
        object.Set("timeMs", Napi::Number::New(env, static_cast<double>(ptsUs) / 1000));
        return object;
      };
    });
  });
}

Napi::Value Run::record(const Info& info) {
  return guarded(info.Env(), [&] {
    const auto asked = read<schema::RecordRequest>(parseJson(text(info[0])));
    return environment_.promise(info.Env(), [state = state_, asked]() -> Settle::Make {
      FIELDS_OF(asked, preMs, postMs, source, path);
      const std::string json =
          jsonOf(toSchema(state->pipeline->record({source, path, preMs.value.value_or(-1), postMs})));
      return [json](Napi::Env env) { return Napi::String::New(env, json); };
    });
  });
}

void Run::setLayout(const Info& info) {
  guarded(info.Env(),
          [&] { state_->pipeline->setLayout(text(info[0]), layoutFrom(parseJson(text(info[1]))), whole(info[2])); });
}

void Run::setAudio(const Info& info) {
  guarded(info.Env(), [&] {
    const auto asked = read<schema::AudioChange>(parseJson(text(info[1])));
    FIELDS_OF(asked, gains, only);
    graph::AudioChange change;
    change.only = only;
    for (const schema::AudioGain& each : gains) {
      FIELDS_OF(each, source, gain);
      change.gains.emplace_back(source, static_cast<float>(gain));
    }
    state_->pipeline->setAudio(text(info[0]), change);
  });
}

}  // namespace framepath::binding
