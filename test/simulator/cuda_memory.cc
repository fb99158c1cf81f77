// Memory and copies.
#include <cstdlib>
#include <cstring>

#include "simulator/arena.h"
#include "simulator/state.h"
#include "simulator/work.h"

using namespace framepath::simulator;
using framepath::cuda::Address;
using framepath::cuda::Copy2d;
using framepath::cuda::MemoryType;
using framepath::cuda::Stream;

namespace {

constexpr Result kInvalidHandle = 400;

void* pointer(Address address) {
  return reinterpret_cast<void*>(address);
}

std::map<void*, size_t>& hostBlocks() {
  static auto* const all = new std::map<void*, size_t>;
  return *all;
}

const char* direction(bool fromDevice, bool toDevice) {
  return fromDevice ? (toDevice ? "d2d_bytes" : "d2h_bytes") : (toDevice ? "h2d_bytes" : "h2h_bytes");
}

// Rows of memory anywhere; device memory is checked against the allocations.
void copyRows(void* to, size_t toPitch, const void* from, size_t fromPitch, size_t width, size_t height) {
  const bool toDevice = arena().owns(to), fromDevice = arena().owns(from);
  if (toDevice && !arena().has(to, toPitch * (height - 1) + width)) return static_cast<void>(illegal("a copy writes"));
  if (fromDevice && !arena().has(from, fromPitch * (height - 1) + width))
    return static_cast<void>(illegal("a copy reads"));
  state().count(direction(fromDevice, toDevice), static_cast<long long>(width * height));
  const Arena::Reach reach;
  for (size_t y = 0; y < height; y++)
    std::memcpy(static_cast<char*>(to) + y * toPitch, static_cast<const char*>(from) + y * fromPitch, width);
}

// A side must be where the call states.
bool isAt(const void* memory, MemoryType type) {
  return type == MemoryType::unified || (type == MemoryType::device) == arena().owns(memory);
}

struct Rows {
  void* to;
  size_t toPitch;
  const void* from;
  size_t fromPitch, width, height;
};

// success with height 0: nothing to do.
Result rowsOf(const Copy2d& copy, Rows& rows) {
  if (copy.srcMemoryType == MemoryType::array || copy.dstMemoryType == MemoryType::array) return result::notSupported;
  const void* from = copy.srcMemoryType == MemoryType::host ? copy.srcHost : pointer(copy.srcDevice);
  void* to = copy.dstMemoryType == MemoryType::host ? copy.dstHost : pointer(copy.dstDevice);
  rows.fromPitch = copy.srcPitch ? copy.srcPitch : copy.widthInBytes;
  rows.toPitch = copy.dstPitch ? copy.dstPitch : copy.widthInBytes;
  rows.from = static_cast<const char*>(from) + copy.srcY * rows.fromPitch + copy.srcXInBytes;
  rows.to = static_cast<char*>(to) + copy.dstY * rows.toPitch + copy.dstXInBytes;
  rows.width = copy.widthInBytes;
  rows.height = copy.widthInBytes ? copy.height : 0;
  if (rows.width > rows.fromPitch || rows.width > rows.toPitch) return result::invalidValue;
  if (!isAt(from, copy.srcMemoryType) || !isAt(to, copy.dstMemoryType)) return result::invalidValue;
  return result::success;
}

Result enqueue(const Rows& rows, Stream stream) {
  const StreamRef queue = work().find(stream);
  if (!queue) return kInvalidHandle;
  if (rows.height == 0) return result::success;
  work().add(queue, [rows] { copyRows(rows.to, rows.toPitch, rows.from, rows.fromPitch, rows.width, rows.height); },
             {rows.to, rows.from});
  return state().lost;
}

Result now(const Rows& rows) {
  work().runAll(work().find(Stream{}));
  if (rows.height) copyRows(rows.to, rows.toPitch, rows.from, rows.fromPitch, rows.width, rows.height);
  return state().lost;
}

Rows line(void* to, const void* from, size_t bytes) {
  return {to, bytes, from, bytes, bytes, bytes ? size_t{1} : 0};
}

Result fillRows(Address to, size_t pitch, unsigned char value, size_t width, size_t height, Stream stream) {
  const StreamRef queue = work().find(stream);
  if (!queue) return kInvalidHandle;
  if (!width || !height) return result::success;
  work().add(queue,
             [=] {
               if (!arena().has(pointer(to), pitch * (height - 1) + width))
                 return static_cast<void>(illegal("a fill writes"));
               const Arena::Reach reach;
               for (size_t y = 0; y < height; y++)
                 std::memset(static_cast<char*>(pointer(to)) + y * pitch, value, width);
             },
             {pointer(to)});
  return state().lost;
}

}  // namespace

SIM_API cuMemGetInfo_v2(size_t* free, size_t* total) {
  SIM_ENTER(cuMemGetInfo_v2, context);
  *total = arena().size();
  *free = arena().size() - arena().usedBytes();
  return result::success;
}

SIM_API cuMemAlloc_v2(Address* address, size_t bytes) {
  SIM_ENTER(cuMemAlloc_v2, context);
  if (bytes == 0) return result::invalidValue;
  void* memory = arena().allocate(bytes);
  if (!memory) return result::outOfMemory;
  *address = reinterpret_cast<Address>(memory);
  return result::success;
}

SIM_API cuMemAllocPitch_v2(Address* address, size_t* pitch, size_t width, size_t height, unsigned) {
  *pitch = (width + 511) / 512 * 512;
  return cuMemAlloc_v2(address, *pitch * height);
}

SIM_API cuMemAllocManaged(Address* address, size_t bytes, unsigned) {
  return cuMemAlloc_v2(address, bytes);
}

SIM_API cuMemFree_v2(Address address) {
  SIM_ENTER(cuMemFree_v2, context);
  if (!address) return result::success;
  void* memory = pointer(address);
  if (work().refersTo(memory, arena().sizeOf(memory))) return illegal("memory is freed that queued work refers to");
  work().runEverything();
  return arena().free(memory) ? result::success : illegal("something is freed that is no allocation");
}

SIM_API cuMemHostAlloc(void** memory, size_t bytes, unsigned) {
  SIM_ENTER(cuMemHostAlloc, context);
  *memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (!*memory) return result::outOfMemory;
  hostBlocks()[*memory] = bytes;
  state().count("host_live");
  return result::success;
}
SIM_API cuMemAllocHost_v2(void** memory, size_t bytes) {
  return cuMemHostAlloc(memory, bytes, 0);
}

SIM_API cuMemFreeHost(void* memory) {
  SIM_ENTER(cuMemFreeHost, context);
  if (hostBlocks().erase(memory) == 0) return result::invalidValue;
  work().runEverything();
  std::free(memory);
  state().count("host_live", -1);
  return result::success;
}

SIM_API cuPointerGetAttribute(void* value, int attribute, Address address) {
  SIM_ENTER(cuPointerGetAttribute, context);
  if (attribute != framepath::cuda::pointerMemoryType) return result::notSupported;
  const auto* memory = static_cast<const char*>(pointer(address));
  if (arena().has(memory, 0)) {
    *static_cast<MemoryType*>(value) = MemoryType::device;
    return result::success;
  }
  for (const auto& [block, bytes] : hostBlocks())
    if (memory >= block && memory < static_cast<const char*>(block) + bytes) {
      *static_cast<MemoryType*>(value) = MemoryType::host;
      return result::success;
    }
  return result::invalidValue;
}

SIM_API cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t bytes, Stream stream) {
  SIM_ENTER(cuMemcpyHtoDAsync_v2, context);
  if (!isAt(pointer(to), MemoryType::device) || !isAt(from, MemoryType::host)) return result::invalidValue;
  return enqueue(line(pointer(to), from, bytes), stream);
}
SIM_API cuMemcpyDtoHAsync_v2(void* to, Address from, size_t bytes, Stream stream) {
  SIM_ENTER(cuMemcpyDtoHAsync_v2, context);
  if (!isAt(to, MemoryType::host) || !isAt(pointer(from), MemoryType::device)) return result::invalidValue;
  return enqueue(line(to, pointer(from), bytes), stream);
}
SIM_API cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, Stream stream) {
  SIM_ENTER(cuMemcpyDtoDAsync_v2, context);
  if (!isAt(pointer(to), MemoryType::device) || !isAt(pointer(from), MemoryType::device)) return result::invalidValue;
  return enqueue(line(pointer(to), pointer(from), bytes), stream);
}
SIM_API cuMemcpyAsync(Address to, Address from, size_t bytes, Stream stream) {
  SIM_ENTER(cuMemcpyAsync, context);
  return enqueue(line(pointer(to), pointer(from), bytes), stream);
}
SIM_API cuMemcpy2DAsync_v2(const Copy2d* copy, Stream stream) {
  SIM_ENTER(cuMemcpy2DAsync_v2, context);
  Rows rows;
  const Result wrong = rowsOf(*copy, rows);
  return wrong != result::success ? wrong : enqueue(rows, stream);
}

SIM_API cuMemcpyHtoD_v2(Address to, const void* from, size_t bytes) {
  SIM_ENTER(cuMemcpyHtoD_v2, context);
  return now(line(pointer(to), from, bytes));
}
SIM_API cuMemcpyDtoH_v2(void* to, Address from, size_t bytes) {
  SIM_ENTER(cuMemcpyDtoH_v2, context);
  return now(line(to, pointer(from), bytes));
}
SIM_API cuMemcpyDtoD_v2(Address to, Address from, size_t bytes) {
  SIM_ENTER(cuMemcpyDtoD_v2, context);
  return now(line(pointer(to), pointer(from), bytes));
}
SIM_API cuMemcpy(Address to, Address from, size_t bytes) {
  SIM_ENTER(cuMemcpy, context);
  return now(line(pointer(to), pointer(from), bytes));
}
SIM_API cuMemcpy2D_v2(const Copy2d* copy) {
  SIM_ENTER(cuMemcpy2D_v2, context);
  Rows rows;
  const Result wrong = rowsOf(*copy, rows);
  return wrong != result::success ? wrong : now(rows);
}
SIM_API cuMemcpy2DUnaligned_v2(const Copy2d* copy) {
  return cuMemcpy2D_v2(copy);
}

SIM_API cuMemsetD8Async(Address to, unsigned char value, size_t bytes, Stream stream) {
  SIM_ENTER(cuMemsetD8Async, context);
  return fillRows(to, bytes, value, bytes, 1, stream);
}
SIM_API cuMemsetD2D8Async(Address to, size_t pitch, unsigned char value, size_t width, size_t height, Stream stream) {
  SIM_ENTER(cuMemsetD2D8Async, context);
  return fillRows(to, pitch, value, width, height, stream);
}
SIM_API cuMemsetD8_v2(Address to, unsigned char value, size_t bytes) {
  SIM_ENTER(cuMemsetD8_v2, context);
  const Result wrong = fillRows(to, bytes, value, bytes, 1, Stream{});
  work().runAll(work().find(Stream{}));
  return wrong != result::success ? wrong : state().lost;
}
