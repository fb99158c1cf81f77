#include "track/record.h"

#include "core/error.h"

namespace framepath::track {

namespace {
constexpr int32_t kRoom = 100, kRooms = 100, kAnnex = 1'000'000, kMaxSources = 2000;
}

IdAllocator::IdAllocator(int32_t source) : source_(source) {
  if (source < 0 || source >= kMaxSources) {
    throw Error(ErrorCode::INVALID_ARGUMENT, "Identities: source " + std::to_string(source) + " is out of range",
                "a run identifies people in up to 2000 sources");
  }
}

int32_t IdAllocator::next() {
  const int32_t number = ++count_;
  if (number < kRoom && source_ < kRooms) return source_ * kRoom + number;
  if (number >= kAnnex) throw Error(ErrorCode::INTERNAL, "Identities: a source has more than a million identities");
  return (source_ + 1) * kAnnex + number;
}

}  // namespace framepath::track
