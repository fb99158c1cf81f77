// Memory of a GPU that one process allocates and another reads.
#include <unistd.h>

#include <csignal>
#include <numeric>

#include "device/peer_memory.h"
#include "graph/device_slots.h"
#include "simulated.h"

namespace framepath {
namespace {

using graph::DeviceSlots;
using test::simulator;

std::vector<uint8_t> pattern(size_t count) {
  std::vector<uint8_t> bytes(count);
  for (size_t i = 0; i < count; i++) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  return bytes;
}

void put(Device& device, void* to, const std::vector<uint8_t>& bytes) {
  const auto queue = device.openQueue();
  device.copy(*queue, to, bytes.size(), bytes.data(), bytes.size(), bytes.size(), 1, CopyKind::internal);
  queue->synchronize();
}

struct Letter {
  ExportHandle handle;
  size_t offset;
};

// The two ends of a pipe between processes.
struct Post {
  Post() {
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
  }
  void send(const Letter& letter) const {
    if (write(ends[1], &letter, sizeof letter) != sizeof letter) throw std::runtime_error("write");
  }
  Letter receive() const {
    Letter letter{};
    if (read(ends[0], &letter, sizeof letter) != sizeof letter) throw std::runtime_error("read");
    return letter;
  }
  int ends[2];
};

// Runs `reads` in a process that has not touched the driver, while this one exports: call it before this one touches
// it, because a driver that has started does not work in a process that is forked from there.
template <typename Exports, typename Reads>
void acrossProcesses(Exports exports, Reads reads) {
  const Post post, back;
  std::fflush(nullptr);
  const pid_t reader = fork();
  if (reader == 0) {
    alarm(test::kChildSeconds);
    const int before = check::failures();
    try {
      reads(post);
    } catch (const std::exception& error) {
      check::fail("the reader", 0, error.what());
    }
    std::exit(check::failures() == before ? 0 : 1);
  }
  if (!gpuPresent()) {
    kill(reader, SIGKILL);
    waitpid(reader, nullptr, 0);
    return test::skip("there is no GPU");
  }
  const auto kept = exports(post);
  int status = 0;
  waitpid(reader, &status, 0);
  CHECK_EQUAL(status, 0);
}

void anotherProcessReads() {
  const std::vector<uint8_t> bytes = pattern(100'003);
  acrossProcesses(
      [&](const Post& post) {
        const auto device = openDevice("cuda:0");
        const auto slots = DeviceSlots::open(device);
        const auto first = slots->lease(1000), second = slots->lease(bytes.size());
        CHECK(second->offset > 0);
        put(*device, second->data(), bytes);
        post.send({slots->handle(*second), second->offset});
        CHECK(slots->handle(*first) == slots->handle(*second));
        return std::pair{first, second};
      },
      [&](const Post& post) {
        const Letter letter = post.receive();
        PeerMemory peers;
        CHECK(peers.read(0, letter.handle, letter.offset, bytes.size()) == bytes);
        const std::vector<uint8_t> part = peers.read(0, letter.handle, letter.offset + 5, 10);
        CHECK(std::equal(part.begin(), part.end(), bytes.begin() + 5));
      });
}

// No GPU_TEST: those look for a driver first.
TEST(another_process_reads_what_was_made_here) {
  test::mustPassInChild("another_process_reads_what_was_made_here", anotherProcessReads);
}

GPU_TEST(an_address_of_this_process_is_read_without_a_handle) {
  const auto device = openDevice("cuda:0");
  const std::vector<uint8_t> bytes = pattern(5000);
  const auto memory = device->allocate(bytes.size(), MemoryKind::device);
  put(*device, memory->data, bytes);
  PeerMemory peers;
  CHECK(peers.read(0, reinterpret_cast<uint64_t>(memory->data), bytes.size()) == bytes);
}

GPU_TEST(a_process_cannot_open_handles_of_its_own) {
  const auto device = openDevice("cuda:0");
  const auto memory = device->allocate(DeviceSlots::kBlock, MemoryKind::device);
  PeerMemory peers;
  CHECK_ERROR(peers.read(0, device->exportHandle(*memory), 0, 1), DEVICE_UNAVAILABLE);
  CHECK(device->allocate(1, MemoryKind::device) != nullptr);  // nothing is lost
}

GPU_TEST(slots_are_cut_from_blocks_that_are_exported_as_a_whole) {
  const auto device = openDevice("cuda:0");
  const auto slots = DeviceSlots::open(device);
  auto small = slots->lease(600), large = slots->lease(DeviceSlots::kBlock + 1);
  CHECK_EQUAL(small->block.memory->bytes, DeviceSlots::kBlock);
  CHECK_EQUAL(large->block.memory->bytes % DeviceSlots::kBlock, 0u);
  CHECK(slots->handle(*small) != slots->handle(*large));
  uint8_t* const where = small->data();
  small.reset();
  CHECK_EQUAL(slots->leased(), 1u);
  CHECK_EQUAL(static_cast<const void*>(slots->lease(600)->data()), static_cast<const void*>(where));
  const auto smaller = slots->lease(400), other = slots->lease(400), muchSmaller = slots->lease(100);
  CHECK_EQUAL(static_cast<const void*>(smaller->data()), static_cast<const void*>(where));
  CHECK(smaller->capacity >= 600 && other->data() != where && muchSmaller->data() != where);
}

TEST(the_cpu_has_nothing_to_export) {
  const auto device = openDevice("cpu");
  const auto memory = device->allocate(64, MemoryKind::device);
  CHECK_ERROR(device->exportHandle(*memory), DEVICE_UNAVAILABLE);
}

SIMULATOR_TEST(a_driver_that_refuses_has_a_reason_and_stays) {
  const auto device = openDevice("cuda:0");
  const auto memory = device->allocate(64, MemoryKind::device);
  simulator().fail("cuIpcGetMemHandle:1:801");
  CHECK_ERROR(device->exportHandle(*memory), DEVICE_UNAVAILABLE);
  device->exportHandle(*memory);
  simulator().fail("cuIpcGetMemHandle:1:700");
  CHECK_ERROR(device->exportHandle(*memory), DEVICE_LOST);
}

SIMULATOR_TEST(a_handle_of_a_process_that_has_gone_is_refused_and_nothing_stays_open) {
  const Post post;
  std::fflush(nullptr);
  const pid_t owner = fork();
  if (owner == 0) {
    const auto device = openDevice("cuda:0");
    post.send({device->exportHandle(*device->allocate(64, MemoryKind::device)), 0});
    _exit(0);
  }
  waitpid(owner, nullptr, 0);
  const Letter letter = post.receive();
  {
    PeerMemory peers;
    CHECK_ERROR(peers.read(0, letter.handle, 0, 1), DEVICE_UNAVAILABLE);
    CHECK_ERROR(peers.read(0, ExportHandle{}, 0, 1), DEVICE_UNAVAILABLE);
  }
  CHECK_EQUAL(simulator().live(), 0);
}

SIMULATOR_TEST(what_was_opened_is_closed_with_its_reader) {
  acrossProcesses(
      [&](const Post& post) {
        const auto device = openDevice("cuda:0");
        auto memory = device->allocate(DeviceSlots::kBlock, MemoryKind::device);
        post.send({device->exportHandle(*memory), 0});
        return memory;
      },
      [&](const Post& post) {
        const Letter letter = post.receive();
        {
          PeerMemory peers;
          for (int i = 0; i < 5; i++) peers.read(0, letter.handle, 0, 10);
          CHECK_EQUAL(simulator().counter("call:cuIpcOpenMemHandle_v2"), 1);
          CHECK_EQUAL(simulator().counter("peer_live"), 1);
        }
        CHECK_EQUAL(simulator().counter("peer_live"), 0);
        CHECK_EQUAL(simulator().live(), 0);
      });
}

}  // namespace
}  // namespace framepath

TEST_MAIN()
