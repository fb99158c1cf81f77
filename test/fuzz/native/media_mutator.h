// Mutations that leave most of a container whole, so that much of what is tried still decodes: single bits and short
// runs in the packets, pieces copied from elsewhere in the file or from another one, and now and then anything at all.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

namespace fuzz {

inline uint32_t interesting(std::minstd_rand& random) {
  constexpr uint32_t kValues[] = {0,    1,      2,      4,      16,      127,        128,        255,       256,
                                  1000, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
  return kValues[random() % std::size(kValues)];
}

inline size_t mutateMedia(uint8_t* data, size_t size, size_t most, uint32_t seed) {
  std::minstd_rand random(seed);
  if (size < 64 || random() % 24 == 0) return LLVMFuzzerMutate(data, size, most);
  const auto below = [&](size_t n) { return static_cast<size_t>(random()) % std::max<size_t>(n, 1); };
  switch (random() % 10) {
    default: {  // bits, mostly beyond the headers
      const size_t from = random() % 4 ? size / 4 : 0;
      for (size_t flips = 1 + below(4); flips > 0; flips--)
        data[from + below(size - from)] ^= static_cast<uint8_t>(1u << below(8));
      return size;
    }
    case 0: {  // a field of a header or a packet, big or little endian
      const size_t bytes = size_t{1} << below(3), at = below(size - 4);
      const uint32_t value = random() % 2 ? interesting(random) : static_cast<uint32_t>(random());
      for (size_t i = 0; i < bytes; i++)
        data[at + i] = static_cast<uint8_t>(value >> 8 * (random() % 2 ? i : bytes - 1 - i));
      return size;
    }
    case 1:
    case 2: {  // a piece over another one
      const size_t bytes = 1 + below(std::min<size_t>(size / 4, 188)), from = below(size - bytes),
                   to = below(size - bytes);
      std::memmove(data + to, data + from, bytes);
      return size;
    }
    case 3: {  // a run of one byte
      const size_t bytes = 1 + below(24), at = size / 8 + below(size - size / 8 - std::min(bytes, size / 2));
      std::memset(data + at, random() % 2 ? 0 : static_cast<int>(random() & 255), std::min(bytes, size - at));
      return size;
    }
    case 4: {  // cut off, or a packet of MPEG-TS out
      if (random() % 2) return size / 2 + below(size / 2);
      const size_t bytes = std::min<size_t>(188, size / 4), at = below((size - bytes) / bytes) * bytes;
      std::memmove(data + at, data + at + bytes, size - at - bytes);
      return size - bytes;
    }
    case 5: {  // a piece twice
      const size_t bytes = std::min({size_t{188}, size / 4, most - size});
      const size_t at = below(size - bytes);
      std::memmove(data + at + bytes, data + at, size - at);
      return size + bytes;
    }
  }
}

// The start of one with a middle of the other.
inline size_t crossMedia(const uint8_t* one, size_t oneSize, const uint8_t* other, size_t otherSize, uint8_t* out,
                         size_t most, uint32_t seed) {
  std::minstd_rand random(seed);
  const size_t size = std::min(oneSize, most);
  std::memcpy(out, one, size);
  const size_t common = std::min(size, otherSize);
  if (common < 64) return size;
  const size_t from = common / 4 + random() % (common / 2), bytes = 1 + random() % (common - from);
  std::memcpy(out + from, other + from, bytes);
  return size;
}

}  // namespace fuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return fuzz::mutateMedia(data, size, most, seed);
}
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* one, size_t oneSize, const uint8_t* other, size_t otherSize,
                                            uint8_t* out, size_t most, unsigned seed) {
  return fuzz::crossMedia(one, oneSize, other, otherSize, out, most, seed);
}
