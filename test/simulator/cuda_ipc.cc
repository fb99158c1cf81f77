// Memory of one process in another: a handle has the process, its file and the part.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "simulator/arena.h"
#include "simulator/state.h"

using namespace framepath::simulator;
using framepath::cuda::Address;
using framepath::cuda::IpcHandle;

namespace {

constexpr char kMagic[8] = "fp ipc1";

struct Contents {
  char magic[sizeof kMagic];
  long long pid;
  Arena::Shared shared;
};
static_assert(sizeof(Contents) <= sizeof(IpcHandle));

// How often each handle is open here: opening one again answers the same address.
struct Opened {
  IpcHandle handle;
  int times;
};
std::map<void*, Opened>& opened() {
  static auto* const all = new std::map<void*, Opened>;
  return *all;
}

}  // namespace

SIM_API cuIpcGetMemHandle(IpcHandle* handle, Address address) {
  SIM_ENTER(cuIpcGetMemHandle, context);
  Contents contents{};
  std::memcpy(contents.magic, kMagic, sizeof kMagic);
  contents.pid = getpid();
  if (!arena().share(reinterpret_cast<void*>(address), contents.shared)) return result::invalidValue;
  *handle = {};
  std::memcpy(handle->bytes, &contents, sizeof contents);
  return result::success;
}

SIM_API cuIpcOpenMemHandle_v2(Address* address, IpcHandle handle, unsigned flags) {
  SIM_ENTER(cuIpcOpenMemHandle_v2, context);
  if (flags != framepath::cuda::ipcLazyPeerAccess) return result::invalidValue;
  Contents contents{};
  std::memcpy(&contents, handle.bytes, sizeof contents);
  if (std::memcmp(contents.magic, kMagic, sizeof kMagic) != 0) return result::invalidHandle;
  if (contents.pid == getpid()) return result::invalidContext;
  for (auto& [memory, known] : opened())
    if (std::memcmp(known.handle.bytes, handle.bytes, sizeof handle) == 0) {
      known.times++;
      *address = reinterpret_cast<Address>(memory);
      return result::success;
    }
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%lld/fd/%d", contents.pid, contents.shared.fd);
  contents.shared.fd = open(path, O_RDWR | O_CLOEXEC);
  if (contents.shared.fd < 0) return result::invalidHandle;
  void* memory = arena().map(contents.shared);
  close(contents.shared.fd);
  if (!memory) return result::mapFailed;
  opened()[memory] = {handle, 1};
  *address = reinterpret_cast<Address>(memory);
  return result::success;
}

SIM_API cuIpcCloseMemHandle(Address address) {
  SIM_ENTER(cuIpcCloseMemHandle, context);
  const auto found = opened().find(reinterpret_cast<void*>(address));
  if (found == opened().end()) return result::invalidValue;
  if (--found->second.times > 0) return result::success;
  arena().unmap(found->first);
  opened().erase(found);
  return result::success;
}
