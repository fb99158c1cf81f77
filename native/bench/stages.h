// Each stage of a pipeline measured alone, with the very code that pipelines use. Calls block and load all the cores
// they are given: one at a time, on a thread of its own. Wrong arguments are INVALID_ARGUMENT; otherwise they throw
// what the stage itself throws.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "generated/bench_enums.h"
#include "infer/model.h"
#include "media/encoder.h"
#include "media/source_reader.h"

namespace framepath::bench {

// Settings of every measurement.
struct Setting {
  std::string device = "cpu";
  std::vector<std::string> runtimeLibraries;
  infer::ProviderChoice providers;
  double minSeconds = 1;  // of measured wall time at least; a warm-up comes before it
};

using Fact = std::variant<int64_t, double, std::string>;

// Totals of the measured window. CPU time is that of the whole process: the threads of libav and of x264 count.
struct Figures {
  std::string stage;
  std::string unit;  // what an item is: frame | crop | update | canvas
  int64_t items = 0;
  double wallMs = 0, cpuMs = 0;
  std::vector<std::pair<std::string, Fact>> facts;  // what else is known: batch used, size, encoder
};

// A whole clip, again and again; opening it does not count.
struct DecodeCase {
  std::string clip;
  int32_t threads = 1;
  media::SkipLoopFilter skipLoopFilter = media::SkipLoopFilter::none;
  int64_t endMs = -1;  // where the clip is cut; -1 = not
};
Figures decode(const Setting& setting, const DecodeCase& is);

// Frames into a model's input: the kernel's launch, on pictures as cold as decoding leaves them.
struct LetterboxCase {
  std::string clip;
  infer::ModelOptions model;
};
Figures letterbox(const Setting& setting, const LetterboxCase& is);

// Frames to boxes. The facts have the batch that was used and the model's part of the time.
struct DetectCase {
  std::string clip;
  infer::ModelOptions model;
  int32_t batch = 1;
};
Figures detect(const Setting& setting, const DetectCase& is);

// Crops to embeddings, alignment included. `batched` false: one run of the model a crop. On the CPU the batch is what
// the model's load found safe; it is in the facts.
struct EmbedCase {
  std::string clip;
  infer::ModelOptions model;
  int32_t crops = 4;
  bool batched = true;
};
Figures embed(const Setting& setting, const EmbedCase& is);

// Made-up objects that move, are missed now and then, and vanish and come back.
struct TrackCase {
  int32_t objects = 5;
  int32_t frames = 300;
};
Figures track(const Setting& setting, const TrackCase& is);

// whole: one picture on its own canvas, as an encode without a layout has it. squeeze: a split whose halves show whole
// pictures, squeezed.
struct ComposeCase {
  std::vector<std::string> clips;  // tiles take them in turn, each from another place
  ComposeLayout layout = ComposeLayout::split;
  int32_t width = 1920, height = 1080;
};
Figures compose(const Setting& setting, const ComposeCase& is);

// Canvases to packets, until the encoder has given the last one out. `delayFrames`: how many it holds back.
struct EncodeCase {
  std::string clip;
  media::EncoderOptions encoder;
};
Figures encode(const Setting& setting, const EncodeCase& is);

}  // namespace framepath::bench
