#include "media/file_reader.h"

#include "core/error.h"
#include "media/source_limits.h"
#include "media/surface.h"

namespace framepath::media {

FileReader::FileReader(const SourceOptions& options, std::shared_ptr<Device> device, std::shared_ptr<Stop> stop)
    : stop_(std::move(stop)),
      options_(options),
      device_(std::move(device)),
      selection_(options),
      maker_(device_, options.deinterlace, options.keepHdr) {
  open();
  info_ = describe(*input_);
  requireStartInside();
  times_.emplace(pictures_->stream().time_base, input_->originUs(), info_.fps,
                 !(input_->format()->iformat->flags & AVFMT_NOTIMESTAMPS));
  gaps_.emplace(options_.maxGapMs, info_.fps.value(), options_.cuts, options_.recovered);
  if (info_.kind != "image") return;
  waiting_ = pictures_->next();
  pictures_->requirePictures();
  if (waiting_) refine(info_, *waiting_, pictures_->stream());
}

// A duration that libav guesses from the bitrate is not relied on: emptyCut() reports such a start when reading has
// ended.
void FileReader::requireStartInside() const {
  const bool known = info_.durationMs >= 0 && !info_.live &&
                     input_->format()->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
  if (!known || options_.startMs <= info_.durationMs) return;
  throw Error(ErrorCode::INVALID_ARGUMENT,
              "startMs: " + std::to_string(options_.startMs) + " lies past the end of \"" + options_.uri +
                  "\", which is " + std::to_string(info_.durationMs) + " ms long.",
              "Start earlier.");
}

void FileReader::open() {
  if (pictures_ && pictures_->fellBack() && options_.decoder == DecoderChoice::automatic)
    options_.decoder = DecoderChoice::software;  // it was reported once
  pictures_.reset();
  input_.emplace(options_.uri, options_.limits, stop_);
  pictures_.emplace(*input_, options_, device_);
}

FrameRef FileReader::next() {
  while (!ended_ && !stop_->passed()) {
    AvFrame picture = started_ ? pictures_->next() : firstPicture();
    started_ = true;
    counters_.decodeErrors = pictures_->errors() - errorsBefore_;
    if (!picture) {
      pictures_->requirePictures();
      if (!stop_->passed()) counters_.decodeErrors += pictures_->missing();
      break;
    }
    FrameStamp stamp = times_->stamp(*picture);
    const auto verdict = selection_.judge(stamp.timeUs);
    if (stamp.backUs > 0) setBack(stamp);
    reachedUs_ = stamp.timeUs;
    if (verdict == FrameSelection::Verdict::before) {
      maker_.leaveOut(std::move(picture));
      continue;
    }
    if (verdict == FrameSelection::Verdict::after) {
      atCut_ = true;
      break;
    }
    requireDuration(options_.uri, stamp.timeUs / 1000, options_.limits);
    anyInside_ = true;
    stamp.timeUs = gaps_->placeUs(selection_.sinceStartUs(stamp.timeUs));
    stamp.durationUs = gaps_->durationUs(stamp.durationUs);
    counters_.decoded++;
    if (onGpu(*picture)) counters_.decodedOnGpu++;
    if (verdict == FrameSelection::Verdict::skip) {
      counters_.skipped++;
      maker_.leaveOut(std::move(picture));
      continue;
    }
    const Orientation orientation = orientationOf(picture.get(), pictures_->stream());
    const Rational aspect = sampleAspectOf(picture.get(), pictures_->stream());
    return maker_.make(std::move(picture), orientation, aspect, stamp);
  }
  ended_ = true;
  return nullptr;
}

void FileReader::setBack(const FrameStamp& stamp) {
  reportJumpBack(options_.recovered, stamp.backUs, stamp.timeUs);
  if (options_.cuts) options_.cuts->setBack(times_->shiftUs());
}

std::optional<Error> FileReader::emptyCut() const {
  if (anyInside_ || selection_.startUs() <= 0 || stop_->passed()) return std::nullopt;
  const std::string start = "startMs: " + std::to_string(options_.startMs);
  if (atCut_)
    return Error(ErrorCode::INVALID_ARGUMENT,
                 "\"" + options_.uri + "\" has no picture between " + start +
                     " and endMs: " + std::to_string(options_.endMs) + ".",
                 "Cut out a longer piece.");
  const std::string length =
      info_.durationMs >= 0 ? " (" + std::to_string(info_.durationMs) + " ms by its container)" : "";
  return Error(ErrorCode::INVALID_ARGUMENT,
               start + " lies past the end of \"" + options_.uri + "\", whose last picture is at " +
                   std::to_string(reachedUs_ / 1000) + " ms" + length + ".",
               "Start earlier.");
}

AvFrame FileReader::firstPicture() {
  if (waiting_) return std::move(waiting_);
  const bool seeks = selection_.startUs() > 0 && input_->seekable() && info_.kind == "video" && !info_.live;
  return seeks ? seekToStart() : pictures_->next();
}

// Containers index decoding times, or only guess, so a seek may land after the wanted picture: the first decoded
// picture's own time shows whether it did. If so, from further back.
AvFrame FileReader::seekToStart() {
  const AVStream& stream = pictures_->stream();
  const int64_t origin = input_->originUs() == AV_NOPTS_VALUE ? 0 : input_->originUs();
  const auto seek = [&](int64_t timeUs) {
    return pictures_->seek(av_rescale_q_rnd(origin + timeUs, AV_TIME_BASE_Q, stream.time_base, AV_ROUND_DOWN));
  };
  for (const int64_t backUs : {0, 500'000, 3'000'000, 15'000'000}) {
    const int64_t targetUs = selection_.startUs() - backUs;
    if (targetUs <= 0 || stop_->passed()) break;
    if (!seek(targetUs)) break;
    AvFrame picture = pictures_->next();
    int64_t timeUs = 0;
    if (picture && times_->ownTimeUs(*picture, timeUs) && timeUs <= selection_.startUs()) {
      errorsBefore_ = pictures_->errors();  // what was damaged lies before the cut
      times_->jump();
      return picture;
    }
  }
  // From the very beginning. Seeking there is as uncertain as anywhere (MPEG-TS): open again.
  if (stop_->passed()) return nullptr;
  open();
  errorsBefore_ = 0;
  return pictures_->next();
}

}  // namespace framepath::media
