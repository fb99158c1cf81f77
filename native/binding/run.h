// A run as JavaScript holds it.
#pragma once
#include <napi.h>

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "binding/environment.h"
#include "binding/held_frames.h"
#include "binding/mot_text.h"
#include "core/pool.h"
#include "generated/specs.h"
#include "graph/pipeline.h"

namespace framepath::binding {

// What outlives the JS object while native threads still work: no JS references inside.
struct RunState {
  std::shared_ptr<JsThread> js;
  schema::PipelineSpec asked;
  std::unique_ptr<graph::Pipeline> pipeline;
  std::mutex closing;  // one close() at a time
  MotText mot;
  std::shared_mutex reading;  // shared by pictures being read for submit(): close() waits for them
  // As many canvases are converted at a time; until close().
  Pool<FramePixels> canvasPixels{4, [this] { return std::make_unique<FramePixels>(pipeline->deviceRef()); }};

  // JS thread only. Made when first needed: an analyzer may be asked before start() has resolved.
  HeldFrames* held();  // null once closed
  std::unique_ptr<HeldFrames> frames;
  std::shared_ptr<void> prompt;  // while the run goes (Environment::prompt)
  bool closed = false;
};

// JS functions of a run; lives and dies on the JS thread.
struct RunCallbacks {
  Napi::FunctionReference task, event;
  std::map<int64_t, Napi::Reference<Napi::Uint8Array>> pushing;  // pixels that a thread is copying
  int64_t pushed = 0;
  void reset() {
    task.Reset();
    event.Reset();
    pushing.clear();
  }
};

class Run : public Napi::ObjectWrap<Run> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit Run(const Napi::CallbackInfo& info);
  ~Run() override;

 private:
  using Info = Napi::CallbackInfo;
  Napi::Value start(const Info& info);
  Napi::Value next(const Info& info);
  void discard(const Info& info);
  Napi::Value done(const Info& info);
  Napi::Value nextPacket(const Info& info);
  Napi::Value nextCanvas(const Info& info);
  Napi::Value progress(const Info& info);
  Napi::Value labels(const Info& info);
  Napi::Value report(const Info& info);
  Napi::Value plan(const Info& info);
  Napi::Value timeline(const Info& info);
  Napi::Value relink(const Info& info);
  Napi::Value mot(const Info& info);
  Napi::Value contactSheet(const Info& info);
  Napi::Value bank(const Info& info);
  void finishWithin(const Info& info);
  Napi::Value trace(const Info& info);
  Napi::Value addSource(const Info& info);
  void setLayout(const Info& info);
  void setAudio(const Info& info);
  Napi::Value record(const Info& info);
  Napi::Value removeSource(const Info& info);
  Napi::Value pushFrame(const Info& info);
  void endFrames(const Info& info);
  Napi::Value submit(const Info& info);
  Napi::Value answer(const Info& info);
  void recovered(const Info& info);
  void sample(const Info& info);
  void hostServed(const Info& info);
  Napi::Value pixels(const Info& info);
  Napi::Value jpeg(const Info& info);
  Napi::Value keep(const Info& info);
  void release(const Info& info);
  Napi::Value end(const Info& info);
  Napi::Value close(const Info& info);

  graph::TaskRef asked(int64_t taskId) const;

  std::shared_ptr<RunState> state_;
  std::shared_ptr<RunCallbacks> callbacks_;
  Environment& environment_;
  std::list<std::function<void()>>::iterator end_;
  std::shared_ptr<bool> environmentAlive_ = std::make_shared<bool>(true);
};

}  // namespace framepath::binding
