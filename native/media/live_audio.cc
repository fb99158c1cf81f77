#include "media/live_audio.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "media/audio_decoder.h"

namespace framepath::media {
namespace {

// Times of packets are rounded, and jitter: below this, pieces follow each other without a break.
constexpr int64_t kJitterUs = 10'000;
// Short pieces that follow each other as exactly as times of packets tell are one.
constexpr int64_t kRoundingUs = 50;
constexpr int kShort = 1024;
constexpr size_t kMostPieces = LiveAudio::kSamples / 64;
// A picture that is further away on the source's clock tells nothing of a piece: the clock was set.
constexpr int64_t kNearUs = 5'000'000;

int64_t usOfSamples(int64_t samples) {
  return samples * 1'000'000 / kAudioRate;
}

// Windowed sinc (Kaiser, beta 9): flat to 18 kHz, images below -80 dB. On a sample it is that sample.
constexpr int kTaps = 32, kPhases = 256;
using Filters = std::array<std::array<float, kTaps>, kPhases + 1>;

double bessel(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 40; k++) sum += term *= x * x / (4.0 * k * k);
  return sum;
}

Filters makeFilters() {
  constexpr double kBeta = 9, kPi = std::numbers::pi;
  Filters filters;
  for (int p = 0; p <= kPhases; p++) {
    double sum = 0;
    std::array<double, kTaps> taps;
    for (int t = 0; t < kTaps; t++) {
      const double x = t - (kTaps / 2 - 1) - static_cast<double>(p) / kPhases;
      const double inside = std::max(0.0, 1 - 4 * x * x / (kTaps * kTaps));
      taps[t] = (x == 0 ? 1 : std::sin(kPi * x) / (kPi * x)) * bessel(kBeta * std::sqrt(inside)) / bessel(kBeta);
      sum += taps[t];
    }
    for (int t = 0; t < kTaps; t++) filters[p][t] = static_cast<float>(taps[t] / sum);
  }
  return filters;
}

const Filters& filters() {
  static const Filters made = makeFilters();
  return made;
}

}  // namespace

void LiveAudio::begin() {
  std::lock_guard lock(mutex_);
  connected_ = false;
  picture_.reset();
}

void LiveAudio::add(std::optional<int64_t> us, const float* left, const float* right, int count) {
  if (count <= 0) return;
  std::lock_guard lock(mutex_);
  if (samples_[0].empty())
    for (auto& channel : samples_) channel.resize(kSamples);
  const bool after = connected_ && !pieces_.empty();
  const int64_t expectedUs = after ? pieces_.back().us + usOfSamples(pieces_.back().count) : 0;
  if (!us && !after) return;
  const int64_t fromUs = us.value_or(expectedUs);
  Piece piece{end_, count, fromUs, std::nullopt, after && std::abs(fromUs - expectedUs) <= kJitterUs};
  if (picture_ && std::abs(fromUs - picture_->us) <= kNearUs) piece.offsetUs = picture_->offsetUs;
  connected_ = true;
  for (int i = 0; i < count; i++) {
    samples_[0][static_cast<size_t>((end_ + i) % kSamples)] = left[i];
    samples_[1][static_cast<size_t>((end_ + i) % kSamples)] = right[i];
  }
  end_ += count;
  Piece* const last = after ? &pieces_.back() : nullptr;
  if (last && std::abs(fromUs - expectedUs) <= kRoundingUs && piece.offsetUs == last->offsetUs &&
      last->count + count <= kShort)
    last->count += count;
  else
    pieces_.push_back(piece);
  forget();
}

// The filter looks back a little. Pieces of a source that is not trusted may be of one sample each.
void LiveAudio::forget() {
  while (!pieces_.empty() && (pieces_.size() > kMostPieces || pieces_.front().position < end_ - kSamples + kTaps))
    pieces_.pop_front();
}

// What comes after the picture, and what had no place yet, back to where the source's clock was set.
void LiveAudio::place(const OwnTime& picture) {
  std::lock_guard lock(mutex_);
  picture_ = picture;
  if (!connected_) return;
  int64_t laterUs = INT64_MAX;
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    if (piece->us > laterUs || std::abs(piece->us - picture.us) > kNearUs) return;
    if (!piece->offsetUs || piece->us + usOfSamples(piece->count) > picture.us) piece->offsetUs = picture.offsetUs;
    laterUs = piece->us;
  }
}

std::optional<double> LiveAudio::Reading::at(int64_t timeUs) const {
  const std::deque<Piece>& pieces = audio_.pieces_;
  for (size_t i = pieces.size(); i-- > 0;) {
    const Piece& piece = pieces[i];
    if (!piece.offsetUs) continue;
    const int64_t intoUs = timeUs - piece.us - *piece.offsetUs;
    if (intoUs < 0) continue;
    const bool followed = i + 1 < pieces.size() && pieces[i + 1].follows;
    if (intoUs >= usOfSamples(piece.count) + (followed ? kJitterUs : 0)) return std::nullopt;
    return static_cast<double>(piece.position) + static_cast<double>(intoUs) * kAudioRate / 1e6;
  }
  return std::nullopt;
}

int64_t LiveAudio::Reading::endOf(double position) const {
  const auto after = std::ranges::upper_bound(audio_.pieces_, position, {},
                                              [](const Piece& piece) { return static_cast<double>(piece.position); });
  if (after == audio_.pieces_.begin()) return 0;
  auto piece = after;
  while (piece != audio_.pieces_.end() && piece->follows) ++piece;
  return std::prev(piece)->end();
}

size_t LiveAudio::Reading::pieces() const {
  return audio_.pieces_.size();
}

std::optional<LiveAudio::Reading::End> LiveAudio::Reading::newest() const {
  if (audio_.pieces_.empty()) return std::nullopt;
  const Piece& piece = audio_.pieces_.back();
  if (!piece.offsetUs) return std::nullopt;
  return End{piece.us + *piece.offsetUs + usOfSamples(piece.count), piece.end()};
}

void LiveAudio::Reading::sample(double position, float& left, float& right) const {
  const double whole = std::floor(position);
  const double phase = (position - whole) * kPhases;
  const auto index = static_cast<size_t>(phase);
  const auto part = static_cast<float>(phase - static_cast<double>(index));
  const auto& below = filters()[index];
  const auto& above = filters()[std::min<size_t>(index + 1, kPhases)];
  const int64_t first = static_cast<int64_t>(whole) - (kTaps / 2 - 1) + kSamples;
  left = right = 0;
  for (int t = 0; t < kTaps; t++) {
    const float weight = below[t] + (above[t] - below[t]) * part;
    const auto at = static_cast<size_t>((first + t) % kSamples);
    left += audio_.samples_[0][at] * weight;
    right += audio_.samples_[1][at] * weight;
  }
}

}  // namespace framepath::media
