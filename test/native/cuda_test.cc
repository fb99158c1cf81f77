// The GPU behind the device contract: memory and its budget, copies, queues and fences.
#include <chrono>
#include <map>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/frame.h"
#include "device/image.h"
#include "simulated.h"

namespace framepath {
namespace {

using test::simulator;

std::vector<uint8_t> bytesOf(size_t count, uint32_t seed) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((seed = seed * 1664525u + 1013904223u) >> 24);
  return bytes;
}

// `height` rows of `width` bytes that kernels and copies work on.
struct Block {
  Block(Device& device, int32_t width, int32_t height, MemoryKind kind = MemoryKind::device)
      : memory(device.allocate(static_cast<size_t>(width) * height, kind)), width(width), height(height) {}
  Plane plane() const { return {static_cast<uint8_t*>(memory->data), width}; }
  std::shared_ptr<Memory> memory;
  int32_t width, height;
};

void fill(Device& device, Queue& queue, const Block& block, uint8_t value) {
  launch(device, queue, FillArgs{block.plane(), block.width, block.height, value}, Grid{block.width, block.height, 1});
}

std::vector<uint8_t> download(Device& device, Queue& queue, const Block& block) {
  std::vector<uint8_t> bytes(static_cast<size_t>(block.width) * block.height);
  device.copy(queue, bytes.data(), bytes.size(), block.memory->data, bytes.size(), bytes.size(), 1,
              CopyKind::d2hRequested);
  queue.synchronize();
  return bytes;
}

bool allAre(const std::vector<uint8_t>& bytes, uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(), [&](uint8_t byte) { return byte == value; });
}

GPU_TEST(memory_is_aligned_and_counted_until_it_is_let_go) {
  const auto device = openDevice("cuda:0");
  for (const MemoryKind kind : {MemoryKind::device, MemoryKind::host}) {
    auto odd = device->allocate(1001, kind), none = device->allocate(0, kind);
    CHECK_EQUAL(reinterpret_cast<uintptr_t>(odd->data) % 64, 0u);
    CHECK(none->data != odd->data);
    CHECK_EQUAL(device->liveBytes(), 1001u);
    odd.reset();
    CHECK_EQUAL(device->liveBytes(), 0u);
  }
}

GPU_TEST(memory_of_the_host_is_written_here_and_read_there) {
  const auto device = openDevice("cuda:0");
  const auto queue = device->openQueue();
  const Block host(*device, 64, 4, MemoryKind::host), there(*device, 64, 4);
  const std::vector<uint8_t> bytes = bytesOf(256, 1);
  std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t*>(host.memory->data));
  device->copy(*queue, there.memory->data, 256, host.memory->data, 256, 256, 1, CopyKind::h2dImage);
  CHECK(download(*device, *queue, there) == bytes);
}

GPU_TEST(copies_take_rows_from_and_to_both_sides_and_count_only_what_crosses) {
  const auto device = openDevice("cuda:0");
  const auto queue = device->openQueue();
  const std::vector<uint8_t> bytes = bytesOf(100 * 40, 2);
  const Block a(*device, 128, 40), b(*device, 200, 40);
  device->copy(*queue, a.memory->data, 128, bytes.data(), 100, 100, 40, CopyKind::h2dImage);
  device->copy(*queue, b.memory->data, 200, a.memory->data, 128, 100, 40, CopyKind::internal);
  std::vector<uint8_t> wide(40 * 300, 7), between(100 * 40);
  device->copy(*queue, wide.data(), 300, b.memory->data, 200, 100, 40, CopyKind::d2hImage);
  queue->synchronize();
  device->copy(*queue, between.data(), 100, wide.data(), 300, 100, 40, CopyKind::internal);  // host to host
  device->copy(*queue, between.data(), 100, a.memory->data, 128, 0, 40, CopyKind::d2hResults);
  device->copy(*queue, between.data(), 100, a.memory->data, 128, 100, 0, CopyKind::d2hResults);
  queue->synchronize();
  CHECK(between == bytes);
  CHECK(wide[100] == 7 && wide[299] == 7);
  CHECK_EQUAL(device->copiedBytes(CopyKind::h2dImage), 4000u);
  CHECK_EQUAL(device->copiedBytes(CopyKind::d2hImage), 4000u);
  CHECK_EQUAL(device->copiedBytes(CopyKind::internal), 0u);
  CHECK_EQUAL(device->copiedBytes(CopyKind::d2hResults), 0u);
}

GPU_TEST(an_empty_grid_launches_nothing) {
  const auto device = openDevice("cuda:0");
  const auto queue = device->openQueue();
  const Block block(*device, 16, 1);
  fill(*device, *queue, block, 5);
  launch(*device, *queue, FillArgs{block.plane(), 16, 1, 9}, Grid{16, 0, 1});
  CHECK(allAre(download(*device, *queue, block), 5));
}

GPU_TEST(blocks_that_are_let_go_serve_again) {
  const auto device = openDevice("cuda:0");
  void* const first = device->allocate(1 << 20, MemoryKind::device)->data;
  const DeviceMemory after = device->memory();
  CHECK_EQUAL(after.used, 0u);
  CHECK_EQUAL(after.cached, uint64_t{1} << 20);
  CHECK(device->allocate((1 << 20) - 60'000, MemoryKind::device)->data == first);  // within an eighth
  device->trim();
  CHECK_EQUAL(device->memory().cached, 0u);
  CHECK_EQUAL(device->memory().peak, uint64_t{1} << 20);
}

SIMULATOR_TEST(a_steady_state_allocates_nothing_and_makes_no_events) {
  const auto device = openDevice("cuda:0");
  const auto queue = device->openQueue(), other = device->openQueue();
  const auto round = [&] {
    const Image image = allocateImage(*device, pixelFormat::yuv420p, 640, 360);
    const auto host = device->allocate(1000, MemoryKind::host);
    launch(*device, *queue, FillArgs{image.view.planes[0], 640, 360, 1}, Grid{640, 360, 1});
    other->wait(queue->record());
    other->synchronize();
  };
  const auto made = [] {
    return simulator().counter("call:cuMemAlloc_v2") + simulator().counter("call:cuMemHostAlloc") +
           simulator().counter("call:cuEventCreate") + simulator().counter("call:cuMemFree_v2");
  };
  round();
  const long long before = made();
  for (int i = 0; i < 20; i++) round();
  CHECK_EQUAL(made(), before);
}

SIMULATOR_TEST(the_cache_can_be_switched_off) {
  setenv("FRAMEPATH_CUDA_CACHE", "off", 1);
  const auto device = openDevice("cuda:0");
  device->allocate(1000, MemoryKind::device);
  device->allocate(1000, MemoryKind::host);
  CHECK_EQUAL(simulator().counter("memory_live") + simulator().counter("host_live"), 0);
}

GPU_TEST(a_fence_orders_two_queues) {
  const auto device = openDevice("cuda:0");
  const auto first = device->openQueue(), second = device->openQueue();
  const Block block(*device, 4096, 64);
  for (uint8_t round = 1; round < 20; round++) {
    fill(*device, *first, block, round);
    second->wait(first->record());
    CHECK(allAre(download(*device, *second, block), round));
    first->wait(second->record());
  }
}

GPU_TEST(a_fence_is_done_some_time_and_can_be_waited_for_here) {
  const auto device = openDevice("cuda:0");
  const auto queue = device->openQueue();
  const Block block(*device, 1024, 1024);
  fill(*device, *queue, block, 3);
  const Fence fence = queue->record(), again = queue->record();
  while (!fence->done()) std::this_thread::yield();
  waitHost(again);
  CHECK(again->done());
  settle(fence);
  queue->wait(nullptr);
}

// What LAZY is good for: without the fence the second queue sees what was there before, every time.
SIMULATOR_TEST(a_missing_fence_shows) {
  setenv("FRAMEPATH_SIM_LAZY", "1", 1);
  const auto device = openDevice("cuda:0");
  const auto first = device->openQueue(), second = device->openQueue();
  const Block block(*device, 256, 1);
  fill(*device, *first, block, 1);
  first->synchronize();
  fill(*device, *first, block, 2);
  CHECK(allAre(download(*device, *second, block), 1));
  second->wait(first->record());
  CHECK(allAre(download(*device, *second, block), 2));
}

SIMULATOR_TEST(a_reader_without_a_read_fence_shows) {
  setenv("FRAMEPATH_SIM_LAZY", "1", 1);
  const auto device = openDevice("cuda:0");
  const auto decode = device->openQueue(), read = device->openQueue();
  for (const bool fenced : {false, true}) {
    const Block seen(*device, 256, 1);
    ImageView view;
    const Block surface(*device, 256, 1);
    view.planes[0] = surface.plane();
    fill(*device, *decode, surface, 1);
    {
      const Frame frame(view, 256, 1, surface.memory, decode->record());
      read->wait(frame.ready);
      device->copy(*read, seen.memory->data, 256, view.planes[0].data, 256, 256, 1, CopyKind::internal);
      if (fenced) frame.addReadFence(read->record());
    }
    fill(*device, *decode, surface, 2);  // the next picture in the same surface
    decode->synchronize();
    CHECK(allAre(download(*device, *read, seen), fenced ? 1 : 2));
  }
}

SIMULATOR_TEST(a_frame_nobody_read_waits_for_its_producer) {
  setenv("FRAMEPATH_SIM_LAZY", "1", 1);
  const auto device = openDevice("cuda:0");
  const auto decode = device->openQueue(), other = device->openQueue();
  Block block(*device, 256, 1);
  fill(*device, *decode, block, 1);
  { const Frame frame({}, 256, 1, std::move(block.memory), decode->record()); }
  const Block next(*device, 256, 1);  // the same memory
  fill(*device, *other, next, 2);
  other->synchronize();
  decode->synchronize();
  CHECK(allAre(download(*device, *other, next), 2));
}

// Freeing memory too early is found with LAZY and the cache off.
SIMULATOR_TEST(memory_let_go_while_work_refers_to_it_shows) {
  setenv("FRAMEPATH_SIM_LAZY", "1", 1);
  setenv("FRAMEPATH_CUDA_CACHE", "off", 1);
  const auto device = openDevice("cuda:0");
  const auto queue = device->openQueue();
  {
    const Block block(*device, 256, 1);
    fill(*device, *queue, block, 1);
    queue->synchronize();
  }
  CHECK_EQUAL(simulator().counter("illegal"), 0);
  {
    const Block block(*device, 256, 1);
    fill(*device, *queue, block, 1);
  }
  CHECK_EQUAL(simulator().counter("illegal"), 1);
  CHECK_ERROR(queue->synchronize(), DEVICE_LOST);
}

TEST(host_code_that_touches_device_memory_crashes_when_strict) {
  if (!simulator().present()) return test::mustPassInChild("simulator", test::skipWithoutSimulator);
  const int signal = test::inChild("touch", [] {
    setenv("FRAMEPATH_SIM_STRICT", "1", 1);
    for (const int number : {SIGSEGV, SIGBUS}) std::signal(number, SIG_DFL);  // a sanitizer's own handler would exit
    const auto device = openDevice("cuda:0");
    const auto memory = device->allocate(64, MemoryKind::device);
    *static_cast<volatile uint8_t*>(memory->data) = 1;
  });
  CHECK(signal == SIGSEGV || signal == SIGBUS);
}

SIMULATOR_TEST(one_stream_gives_the_same_without_waiting) {
  setenv("FRAMEPATH_CUDA_STREAMS", "one", 1);
  setenv("FRAMEPATH_SIM_LAZY", "1", 1);
  const auto device = openDevice("cuda:0");
  const auto first = device->openQueue(), second = device->openQueue();
  CHECK(first->native() == second->native());
  const Block block(*device, 256, 1);
  fill(*device, *first, block, 2);
  second->wait(first->record());
  CHECK_EQUAL(simulator().counter("call:cuStreamWaitEvent"), 0);
  CHECK_EQUAL(simulator().counter("stream_live"), 1);
  CHECK(allAre(download(*device, *second, block), 2));
}

GPU_TEST(native_handles_are_there_for_other_libraries) {
  const auto device = openDevice("cuda:0");
  const auto queue = device->openQueue(), other = device->openQueue();
  CHECK(device->native() != nullptr && queue->native() != nullptr && queue->native() != other->native());
  CHECK(openDevice("cuda:0")->native() == device->native());
  CHECK(openDevice("cpu")->native() == nullptr);
}

GPU_TEST(the_budget_is_kept_and_its_error_names_what_fits) {
  const auto device = openDevice("cuda:0", {.memoryLimit = 8 << 20});
  CHECK_EQUAL(device->memory().limit, uint64_t{8} << 20);
  auto held = device->allocate(4 << 20, MemoryKind::device);
  auto model = device->reserve(3 << 20, "model of 'faces'");
  CHECK_EQUAL(device->memory().used, uint64_t{7} << 20);
  const auto refused = [&](const std::function<void()>& ask) -> std::string {
    try {
      ask();
    } catch (const Error& error) {
      CHECK(error.code == ErrorCode::DEVICE_OUT_OF_MEMORY && !error.hint.empty());
      return error.sentence;
    }
    check::fail(__FILE__, __LINE__, "it fits");
    return "";
  };
  const std::string buffer = refused([&] { device->allocate(2 << 20, MemoryKind::device); });
  for (const char* part : {"2.1 MB", "8.4 MB", "4.2 MB", "model of 'faces' 3.1 MB"})
    if (buffer.find(part) == std::string::npos) check::fail(__FILE__, __LINE__, buffer + " lacks " + part);
  CHECK(refused([&] { device->reserve(2 << 20, "model of 'embeddings'"); }).find("'embeddings'") != std::string::npos);
  device->allocate(64 << 20, MemoryKind::host);  // not the GPU's
  model.reset();
  device->allocate(3 << 20, MemoryKind::device);
  held.reset();
  // What is kept makes room for what is asked for.
  CHECK_EQUAL(device->memory().cached, uint64_t{7} << 20);
  device->allocate(5 << 20, MemoryKind::device);
  device->reserve(8 << 20, "all of it");
  CHECK_EQUAL(device->memory().used, 0u);
}

GPU_TEST(one_budget_serves_all_devices_of_the_process) {
  const auto device = openDevice("cuda:0", {.memoryLimit = 8 << 20});
  const auto held = device->allocate(5 << 20, MemoryKind::device);
  const auto other = openDevice("cuda:0");
  CHECK_EQUAL(other->memory().limit, uint64_t{8} << 20);
  CHECK_ERROR(other->allocate(5 << 20, MemoryKind::device), DEVICE_OUT_OF_MEMORY);
  CHECK_EQUAL(other->liveBytes(), 0u);
  const auto third = openDevice("cuda:0", {.memoryLimit = 16 << 20});
  CHECK(other->allocate(5 << 20, MemoryKind::device) != nullptr);
}

SIMULATOR_TEST(the_limit_is_three_quarters_and_never_more_than_is_free) {
  setenv("FRAMEPATH_SIM_MEMORY", "104857600", 1);
  const auto device = openDevice("cuda:0");
  CHECK_EQUAL(device->memory().total, 104857600u);
  CHECK_EQUAL(device->memory().limit, 78643200u);
  const auto held = device->allocate(60 << 20, MemoryKind::device);
  CHECK_EQUAL(openDevice("cuda:0", {.memoryLimit = 1 << 30})->memory().limit, 104857600u);
}

SIMULATOR_TEST(what_the_driver_refuses_is_asked_for_again_after_a_trim) {
  const auto device = openDevice("cuda:0");
  device->allocate(1 << 20, MemoryKind::device);
  device->allocate(1 << 20, MemoryKind::host);
  simulator().fail("cuMemAlloc_v2:1:2,cuMemHostAlloc:1:2");
  CHECK(device->allocate(2 << 20, MemoryKind::device) != nullptr);
  CHECK(device->allocate(2 << 20, MemoryKind::host) != nullptr);
  CHECK(simulator().counter("call:cuMemFree_v2") > 0 && simulator().counter("call:cuMemFreeHost") > 0);
  simulator().fail("cuMemAlloc_v2:1+:2,cuMemHostAlloc:1+:2");
  CHECK_ERROR(device->allocate(4 << 20, MemoryKind::device), DEVICE_OUT_OF_MEMORY);
  CHECK_ERROR(device->allocate(4 << 20, MemoryKind::host), DEVICE_OUT_OF_MEMORY);
  simulator().fail("");
  CHECK(device->allocate(4 << 20, MemoryKind::device) != nullptr);
}

SIMULATOR_TEST(nothing_is_left_after_the_last_device) {
  {
    const auto device = openDevice("cuda:0"), second = openDevice("cuda:0");
    const auto queue = device->openQueue();
    const Block block(*device, 256, 256), host(*second, 16, 16, MemoryKind::host);
    fill(*device, *queue, block, 1);
    Fence fence = queue->record();
    CHECK_EQUAL(simulator().counter("context_live"), 1);
  }
  CHECK_EQUAL(simulator().live(), 0);
  openDevice("cuda:0")->openQueue()->record();  // and again
  CHECK_EQUAL(simulator().live(), 0);
}

GPU_TEST(queues_report_their_work_and_its_stage) {
  struct Reported {
    std::string queue, stage;
    int64_t seq, startNs, endNs;
  };
  std::vector<Reported> reported;
  const auto device = openDevice("cuda:0");
  const auto untimed = device->openQueue();
  device->timeQueues([&](const QueueWork& done) {
    reported.push_back({done.queue, std::string(done.work.stage), done.work.seq, done.startNs, done.endNs});
    CHECK_EQUAL(done.work.worker, 1);
    CHECK_EQUAL(done.work.batch, 4);
  });
  const Block block(*device, 640, 480);
  const int64_t begunNs = nowNs();
  {
    const auto first = device->openQueue(), second = device->openQueue();
    fill(*device, *first, block, 0);  // for nothing: before a run, as it were
    for (int64_t seq = 1; seq <= 3; seq++) {
      const std::string stage = "faces";  // need not outlive its work
      const WorkScope at({stage, 1, 0, seq, 4});
      for (int i = 0; i < 3; i++) fill(*device, *first, block, 1);
      second->wait(first->record());
      CHECK(allAre(download(*device, *second, block), 1));
      fill(*device, *untimed, block, 1);
    }
    fill(*device, *second, block, 2);  // for nothing
    second->synchronize();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const int64_t overNs = nowNs();
  CHECK_EQUAL(reported.size(), 6u);
  std::map<std::string, std::vector<Reported>> rows;
  for (const Reported& piece : reported) rows[piece.queue].push_back(piece);
  CHECK_EQUAL(rows.size(), 2u);
  constexpr int64_t kClocks = 1'000'000;  // two of them
  for (const auto& [name, pieces] : rows) {
    CHECK_EQUAL(name.find("cuda:0 faces"), 0u);
    for (size_t i = 0; i < pieces.size(); i++) {
      CHECK_EQUAL(pieces[i].seq, static_cast<int64_t>(i) + 1);
      CHECK(pieces[i].stage == "faces");
      CHECK(pieces[i].startNs <= pieces[i].endNs);
      CHECK(i == 0 || pieces[i - 1].endNs <= pieces[i].startNs);
      CHECK(pieces[i].startNs >= begunNs - kClocks && pieces[i].endNs <= overNs - 4'000'000 + kClocks);
    }
  }
  CHECK_EQUAL(rows["cuda:0 faces"].size(), 3u);
  CHECK_EQUAL(rows["cuda:0 faces 2"].size(), 3u);
}

SIMULATOR_TEST(what_times_queues_goes_with_them_and_may_fail) {
  for (const char* rules : {"", "cuEventElapsedTime:1+:400"}) {
    int reported = 0;
    {
      const auto device = openDevice("cuda:0");
      device->timeQueues([&](const QueueWork&) { reported++; });
      const Block block(*device, 64, 64);
      const auto queue = device->openQueue();
      simulator().fail(rules);
      for (int64_t seq = 0; seq < 5; seq++) {
        const WorkScope at({"faces", 0, 0, seq});
        fill(*device, *queue, block, 1);
      }
    }
    simulator().fail("");
    CHECK_EQUAL(reported, *rules ? 0 : 5);
    CHECK_EQUAL(simulator().live(), 0);
  }
}

GPU_TEST(threads_share_a_device) {
  const auto device = openDevice("cuda:0");
  std::vector<std::thread> threads;
  for (uint8_t id = 1; id <= 4; id++)
    threads.emplace_back([&, id] {
      const auto queue = device->openQueue();
      for (int round = 0; round < 50; round++) {
        const Block block(*device, 512 + 64 * (round % 3), 16);
        fill(*device, *queue, block, id);
        if (!allAre(download(*device, *queue, block), id)) check::fail(__FILE__, __LINE__, "another thread's bytes");
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQUAL(device->liveBytes(), 0u);
}

TEST(the_cpu_counts_what_is_used_and_reserves_nothing) {
  const auto device = openDevice("cpu", {.memoryLimit = 1});
  const auto memory = device->allocate(1000, MemoryKind::device);
  const auto reserved = device->reserve(uint64_t{1} << 60, "anything");
  device->trim();
  CHECK_EQUAL(device->memory().used, 1000u);
  CHECK_EQUAL(device->memory().limit + device->memory().total + device->memory().cached, 0u);
}

TEST(names_of_devices_are_checked) {
  for (const char* name : {"", "gpu", "cuda", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "CPU"})
    CHECK_ERROR(openDevice(name), INVALID_ARGUMENT);
}

}  // namespace
}  // namespace framepath

TEST_MAIN()
