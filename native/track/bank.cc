#include "track/bank.h"

#include <cmath>
#include <cstring>

#include "core/error.h"

namespace framepath::track {

namespace {

constexpr uint32_t kMagic = 0x42505046, kVersion = 1;  // "FPPB"
constexpr uint32_t kMaxDims = 1 << 16;

// Little endian: magic, version, metric, dims, count, then each {id, embeddings, embeddings x {weight, dims x value}},
// checksum.
class Writer {
 public:
  void word(uint32_t value) {
    for (int i = 0; i < 4; i++) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  void real(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    word(bits);
  }
  std::vector<uint8_t> bytes;
};

[[noreturn]] void reject(const char* why) {
  throw Error(ErrorCode::INVALID_ARGUMENT, std::string("Identity bank: ") + why, "use a bank that a run has saved");
}

class Reader {
 public:
  explicit Reader(const std::vector<uint8_t>& bytes, size_t end) : bytes_(bytes), end_(end) {}
  uint32_t word() {
    if (end_ - at_ < 4) reject("the file is cut short");
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value |= static_cast<uint32_t>(bytes_[at_++]) << (8 * i);
    return value;
  }
  float real() {
    const uint32_t bits = word();
    float value;
    std::memcpy(&value, &bits, 4);
    if (!std::isfinite(value)) reject("a value is not a number");
    return value;
  }
  size_t left() const { return end_ - at_; }

 private:
  const std::vector<uint8_t>& bytes_;
  size_t at_ = 0, end_;
};

uint32_t checksum(const std::vector<uint8_t>& bytes, size_t end) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < end; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

}  // namespace

std::vector<uint8_t> saveBank(const EmbeddingSpace& space, const std::map<int32_t, EmbeddingSet>& identities) {
  uint32_t dims = 0, count = 0;
  for (const auto& [id, embeddings] : identities) {
    if (embeddings.empty()) continue;
    if (dims == 0) dims = static_cast<uint32_t>(embeddings.mean().size());
    count += embeddings.mean().size() == dims;
  }
  Writer out;
  for (const uint32_t value : {kMagic, kVersion, static_cast<uint32_t>(space.metric), dims, count}) out.word(value);
  for (const auto& [id, embeddings] : identities) {
    if (embeddings.empty() || embeddings.mean().size() != dims) continue;
    out.word(static_cast<uint32_t>(id));
    out.word(static_cast<uint32_t>(embeddings.size()));
    for (const Embedding& embedding : embeddings.embeddings()) {
      out.real(embedding.weight);
      for (const float value : embedding.values) out.real(value);
    }
  }
  out.word(checksum(out.bytes, out.bytes.size()));
  return std::move(out.bytes);
}

std::map<int32_t, EmbeddingSet> loadBank(const EmbeddingSpace& space, const std::vector<uint8_t>& bytes,
                                         int32_t capacity) {
  if (bytes.size() < 24) reject("the file is too short");
  const size_t end = bytes.size() - 4;
  Reader in(bytes, end);
  if (in.word() != kMagic) reject("the file is something else");
  if (in.word() != kVersion) reject("the file was written by another version");
  std::vector<uint8_t> tail(bytes.end() - 4, bytes.end());
  if (Reader(tail, 4).word() != checksum(bytes, end)) reject("the file is damaged");
  if (in.word() != static_cast<uint32_t>(space.metric)) reject("its embeddings are compared in another way (metric)");
  const uint32_t dims = in.word(), count = in.word();
  if (dims > kMaxDims || (dims == 0) != (count == 0)) reject("the dimensions are impossible");
  std::map<int32_t, EmbeddingSet> identities;
  for (uint32_t i = 0; i < count; i++) {
    const auto id = static_cast<int32_t>(in.word());
    const uint32_t embeddings = in.word();
    if (id <= 0 || identities.contains(id)) reject("an id is impossible");
    if (embeddings == 0 || embeddings > in.left() / (4 * (dims + 1))) reject("the file is cut short");
    EmbeddingSet& set = identities.emplace(id, EmbeddingSet(capacity)).first->second;
    for (uint32_t j = 0; j < embeddings; j++) {
      Embedding embedding;
      embedding.weight = in.real();
      embedding.values.resize(dims);
      for (float& value : embedding.values) value = in.real();
      set.add(space, std::move(embedding));
    }
    if (set.empty()) reject("an identity has no usable embedding");
  }
  if (in.left() != 0) reject("there is more than there should be");
  return identities;
}

}  // namespace framepath::track
