// What goes into a run while it is open: sources, pushed pixels, submitted pictures.
#include "binding/arrays.h"
#include "binding/js_error.h"
#include "binding/read.h"
#include "binding/record.h"
#include "binding/run.h"
#include "binding/spec_from_json.h"

namespace framepath::binding {
namespace {

// What is copied faster than a thread is started.
constexpr size_t kCopiedHere = 256 << 10;

}  // namespace

Napi::Value Run::addSource(const Info& info) {
  return guarded(info.Env(), [&] {
    graph::SourceSpec spec = sourceFrom(parseJson(text(info[0])));
    return environment_.promise(info.Env(), [state = state_, spec]() -> Settle::Make {
      state->pipeline->addSource(spec);
      return [](Napi::Env env) { return env.Undefined(); };
    });
  });
}

Napi::Value Run::removeSource(const Info& info) {
  return guarded(info.Env(), [&] {
    auto settle = Settle::open(info.Env(), state_->js);
    try {
      state_->pipeline->removeSource(text(info[0]),
                                     [settle] { settle->resolve([](Napi::Env env) { return env.Undefined(); }); });
    } catch (const std::exception& e) {
      settle->reject(e);
    }
    return settle->promise();
  });
}

Napi::Value Run::pushFrame(const Info& info) {
  return guarded(info.Env(), [&] {
    const std::string source = text(info[0]);
    const Napi::Uint8Array bytes = bytesOf(info[1]);
    auto settle = Settle::open(info.Env(), state_->js);
    const auto push = [settle, state = state_, source, data = bytes.Data(), size = bytes.ByteLength(),
                       ptsUs = whole(info[2])] {
      try {
        state->pipeline->pushFrame(source, data, size, ptsUs, [settle](bool taken) {
          settle->resolve([taken](Napi::Env env) { return Napi::Boolean::New(env, taken); });
        });
      } catch (const std::exception& e) {
        settle->reject(e);
      }
    };
    if (bytes.ByteLength() <= kCopiedHere) {
      push();
      return settle->promise();
    }
    const int64_t number = ++callbacks_->pushed;
    callbacks_->pushing.emplace(number, Napi::Persistent(bytes));
    environment_.run([push, number, js = state_->js, callbacks = std::weak_ptr<RunCallbacks>(callbacks_)] {
      push();
      js->post([number, callbacks](Napi::Env) {
        if (const auto alive = callbacks.lock()) alive->pushing.erase(number);
      });
    });
    return settle->promise();
  });
}

void Run::endFrames(const Info& info) {
  guarded(info.Env(), [&] {
    std::optional<Error> error;
    if (info[1].IsString()) error = Error(ErrorCode::SOURCE_FAILED, text(info[1]));
    state_->pipeline->endFrames(text(info[0]), std::move(error));
  });
}

Napi::Value Run::submit(const Info& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const auto request = read<schema::SubmitRequest>(parseJson(text(info[0])));
    std::vector<uint8_t> bytes;
    if (!info[1].IsUndefined()) {
      const Napi::Uint8Array array = bytesOf(info[1]);
      bytes.assign(array.Data(), array.Data() + array.ByteLength());
    }
    auto settle = Settle::open(info.Env(), state_->js);
    environment_.runInTurn([settle, state = state_, request, bytes = std::move(bytes)] {
      const std::shared_lock reading(state->reading);
      try {
        if (state->pipeline->closing()->passed()) throw Error(ErrorCode::RUN_CLOSED, "The run is closed.");
        state->pipeline->checkSubmit();
        Device& device = state->pipeline->device();
        FrameRef frame;
        FIELDS_OF(request, uri, limits, width, height, format);
        if (!uri.empty()) {
          media::SourceOptions options;
          options.uri = uri;
          options.required = true;  // a picture is wanted now
          options.stop = state->pipeline->closing();
          if (limits) options.limits = limitsFrom(*limits);
          frame = media::openSource(options, state->pipeline->deviceRef())->next();
          if (!frame) throw Error(ErrorCode::DECODE_FAILED, "No picture in " + options.uri + ".");
        } else {
          auto queue = device.openQueue();
          frame =
              graph::frameFromBytes(device, *queue, pixelFormatOf(format), width, height, bytes.data(), bytes.size());
        }
        state->pipeline->submit(std::move(frame), [settle, state](const graph::TaskRef& task) {
          if (task->error) return settle->reject(*task->error);
          auto packed = std::make_shared<Packed>();
          packRecord(*task, *state->pipeline, *packed);
          settle->resolve([packed](Napi::Env env) { return blockOf(env, *packed); });
        });
      } catch (const std::exception& e) {
        if (!state->pipeline->closing()->passed()) return settle->reject(e);
        settle->reject(Error(ErrorCode::RUN_CLOSED, "The run was closed before the picture was read."));
      }
    });
    return settle->promise();
  });
}

}  // namespace framepath::binding
