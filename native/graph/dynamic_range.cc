#include "graph/dynamic_range.h"

#include <algorithm>
#include <optional>

#include "core/enum_names.h"
#include "media/profiles.h"
#include "media/reader_launcher.h"

namespace framepath::graph {
namespace {

using media::DynamicRange;

constexpr const char* kPqName = "smpte2084";

// As a canvas keeps it: one of high dynamic range has the primaries of BT.2020.
DynamicRange rangeOf(const media::SourceInfo& info) {
  if (!info.hdr || info.primaries != ColorPrimaries::bt2020) return DynamicRange::sdr;
  return info.colorTransfer == kPqName ? DynamicRange::hdr10 : DynamicRange::hlg;
}

// Its frames come from another process, as SDR.
bool comesAsSdr(const SourceFile& file) {
  return media::needsReader(file.spec.reader.limits);
}

std::optional<DynamicRange> statedRange(const CompositionSpec& spec) {
  const OutputSpec* first = nullptr;
  for (const OutputSpec& output : spec.outputs) {
    if (!output.dynamicRange) continue;
    if (first && *first->dynamicRange != *output.dynamicRange)
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "Outputs \"" + first->name + "\" and \"" + output.name + "\" of composition \"" + spec.name +
                      "\" have dynamicRange: " + nameOf(*first->dynamicRange) + " and " + nameOf(*output.dynamicRange) +
                      ", and its canvas has one.",
                  "Give each a compose(...) of its own.");
    if (!first) first = &output;
  }
  if (!first) return std::nullopt;
  return first->dynamicRange;
}

// Where nobody states it.
DynamicRange commonRange(const CompositionSpec& spec, const std::vector<OpenedSource>& sources,
                         const std::vector<int32_t>& shown) {
  const auto can = [](const OutputSpec& output) { return media::encodesHdr(output.encoder.codec); };
  if (spec.canvases || spec.outputs.empty() || shown.empty() || !std::ranges::all_of(spec.outputs, can))
    return DynamicRange::sdr;
  const DynamicRange first = rangeOf(sources[static_cast<size_t>(shown[0])].file.info);
  const bool same = std::ranges::all_of(shown, [&](int32_t number) {
    const SourceFile& file = sources[static_cast<size_t>(number)].file;
    return rangeOf(file.info) == first && !comesAsSdr(file);
  });
  return same ? first : DynamicRange::sdr;
}

}  // namespace

DynamicRange dynamicRangeOf(const CompositionSpec& spec, const std::vector<OpenedSource>& sources,
                            const std::vector<int32_t>& shown) {
  const std::optional<DynamicRange> stated = statedRange(spec);
  if (!stated) return commonRange(spec, sources, shown);
  if (*stated == DynamicRange::sdr) return *stated;
  const std::string name = nameOf(*stated);
  for (const OutputSpec& output : spec.outputs)
    if (!media::holdsHdr(output.encoder.codec))
      throw Error(ErrorCode::INVALID_ARGUMENT,
                  "Output \"" + output.name + "\" is " + nameOf(output.encoder.codec) +
                      ", and its composition has dynamicRange: " + name + ", which takes 10 bits.",
                  "Use codec 'hevc' or 'av1' for it, or a compose(...) of its own.");
  for (const int32_t number : shown) {
    const SourceFile& file = sources[static_cast<size_t>(number)].file;
    if (!comesAsSdr(file) || rangeOf(file.info) != *stated) continue;
    Error error(ErrorCode::INVALID_ARGUMENT,
                "Source \"" + file.spec.id + "\" is isolated: its pictures come as SDR, and cannot stay " + name + ".",
                "Use dynamicRange 'sdr', or read it in this process: isolation 'inline'.");
    error.source = file.spec.id;
    throw error;
  }
  return *stated;
}

media::HdrMetadata hdrMetadataOf(const std::vector<OpenedSource>& sources, const std::vector<int32_t>& shown,
                                 media::DynamicRange range) {
  if (range == DynamicRange::sdr || shown.size() != 1) return {};
  const media::SourceInfo& info = sources[static_cast<size_t>(shown[0])].file.info;
  return rangeOf(info) == range ? info.hdrMetadata : media::HdrMetadata{};
}

}  // namespace framepath::graph
