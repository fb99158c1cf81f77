// Inputs of modules: pixels converted once, in memory that others map.
#include "graph/input.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "check.h"
#include "device_pictures.h"

using namespace framepath;
using namespace framepath::graph;

namespace {

// Left half black, right half white.
FrameRef halves(int32_t width = 64, int32_t height = 32) {
  const auto device = test::device();
  Image drawn = test::blank(*device, pixelFormat::gray8, width, height);
  drawn.view.range = ColorRange::full;
  for (int32_t y = 0; y < height; y++)
    for (int32_t x = 0; x < width; x++)
      drawn.view.planes[0].data[y * drawn.view.planes[0].pitchBytes + x] = x < width / 2 ? 0 : 255;
  const Image image = test::onDevice(*device, drawn);
  return std::make_shared<Frame>(image.view, width, height, image.memory);
}

Task taskOf(FrameRef frame, size_t modules = 1) {
  static const auto admission = std::make_shared<Admission>(1000, 1000);
  Task task;
  task.width = frame->width;
  task.height = frame->height;
  task.lease = std::make_shared<FrameLease>(std::move(frame), admission);
  task.observations.resize(modules);
  return task;
}

InputSpec gray(int32_t width, int32_t height) {
  InputSpec spec;
  spec.width = width;
  spec.height = height;
  spec.format = pixelFormat::gray8;
  return spec;
}

double mean(const Input& input, const Picture& picture) {
  const uint8_t* data = input.slot->data() + picture.offset;
  double sum = 0;
  for (size_t i = 0; i < picture.bytes; i++) sum += data[i];
  return sum / static_cast<double>(picture.bytes);
}

}  // namespace

TEST(a_whole_frame_is_converted_into_a_slot_that_others_can_map) {
  const auto memory = SharedMemory::open(1 << 20);
  InputReader reader(test::device(), memory, gray(16, 0), {});
  const Task task = taskOf(halves());
  const InputRef input = reader.read(task);
  CHECK_EQUAL(input->pictures.size(), size_t{1});
  const Picture& picture = input->pictures[0];
  CHECK_EQUAL(picture.width, 16);
  CHECK_EQUAL(picture.height, 8);
  CHECK_EQUAL(picture.bytes, size_t{16 * 8});
  CHECK_EQUAL(picture.item, -1);
  const Mapping other(memory->fd(), 1 << 20, Mapping::Access::readOnly);
  const uint8_t* seen = other.data() + input->slot->offset + picture.offset;
  CHECK_EQUAL(int{seen[0]}, 0);
  CHECK_EQUAL(int{seen[15]}, 255);
  CHECK_EQUAL(std::memcmp(seen, input->slot->data(), picture.bytes), 0);
}

TEST(formats_have_their_sizes) {
  const auto memory = SharedMemory::open(1 << 20);
  for (const auto& [format, bytes] : {std::pair{pixelFormat::rgb24, 10 * 6 * 3}, std::pair{pixelFormat::gray8, 10 * 6},
                                      std::pair{pixelFormat::nv12, 10 * 6 * 3 / 2}}) {
    InputSpec spec = gray(10, 6);
    spec.format = format;
    InputReader reader(test::device(), memory, spec, {});
    CHECK_EQUAL(reader.read(taskOf(halves()))->pictures[0].bytes, static_cast<size_t>(bytes));
  }
}

TEST(equal_wishes_share_a_slot_and_it_goes_with_the_lease) {
  const auto memory = SharedMemory::open(1 << 20);
  InputReader one(test::device(), memory, gray(16, 8), {}), same(test::device(), memory, gray(16, 8), {}),
      other(test::device(), memory, gray(8, 8), {});
  {
    const Task task = taskOf(halves());
    const size_t offset = one.read(task)->slot->offset;
    CHECK_EQUAL(same.read(task)->slot->offset, offset);
    CHECK_EQUAL(memory->leased(), size_t{1});
    CHECK(other.read(task)->slot->offset != offset);
    CHECK_EQUAL(memory->leased(), size_t{2});
  }
  CHECK_EQUAL(memory->leased(), size_t{0});
}

TEST(boxes_are_cut_out_whoever_gave_them) {
  const auto memory = SharedMemory::open(1 << 20);
  InputSpec spec = gray(8, 8);
  spec.crop = "boxes";
  Detections detections;
  detections.boxes = {{34, 2, 60, 30}, {2, 2, 30, 30}};
  detections.scores = {0.9f, 0.8f};
  Tracks tracks;
  People people;
  for (int32_t i = 0; i < 2; i++) {
    tracks.items.push_back({i + 1, i, detections.boxes[static_cast<size_t>(i)], 0.9f, 0});
    people.items.push_back({i + 1, 0, detections.boxes[static_cast<size_t>(i)], 0.9f, i});
  }
  for (const Observation& result : {observe(detections), observe(tracks), observe(people)}) {
    Task task = taskOf(halves());
    task.observations[0] = result;
    InputReader reader(test::device(), memory, spec, {0, -1});
    const InputRef input = reader.read(task);
    CHECK_EQUAL(input->pictures.size(), size_t{2});
    CHECK_EQUAL(mean(*input, input->pictures[0]), 255.0);
    CHECK_EQUAL(mean(*input, input->pictures[1]), 0.0);
    CHECK_EQUAL(input->pictures[1].item, 1);
    CHECK_EQUAL(input->pictures[1].box.x2, 30.0f);
  }
}

TEST(no_boxes_are_no_pictures_and_no_memory) {
  const auto memory = SharedMemory::open(1 << 20);
  InputSpec spec = gray(8, 8);
  spec.crop = "boxes";
  InputReader reader(test::device(), memory, spec, {0, -1});
  Task task = taskOf(halves());
  task.observations[0] = Observation::nothing(Reason::error);
  CHECK(reader.read(task)->pictures.empty());
  CHECK_EQUAL(memory->leased(), size_t{0});
}

TEST(more_boxes_than_one_launch_takes_all_arrive) {
  const auto memory = SharedMemory::open(1 << 20);
  InputSpec spec = gray(4, 4);
  spec.crop = "boxes";
  Detections detections;
  for (int i = 0; i < 21; i++) detections.boxes.push_back(i % 3 ? Box{2, 2, 30, 30} : Box{34, 2, 62, 30});
  Task task = taskOf(halves());
  task.observations[0] = observe(detections);
  const InputRef input = InputReader(test::device(), memory, spec, {0, 0}).read(task);
  CHECK_EQUAL(input->pictures.size(), size_t{21});
  for (size_t i = 0; i < 21; i++) CHECK_EQUAL(mean(*input, input->pictures[i]), i % 3 ? 0.0 : 255.0);
}

// Eyes on a vertical line: turned upright, what was left of the face is above it.
TEST(aligned_crops_are_turned_by_their_keypoints) {
  const auto memory = SharedMemory::open(1 << 20);
  InputSpec spec = gray(16, 16);
  spec.crop = "boxes";
  spec.align = "arcface";
  Detections detections;
  detections.boxes = {{16, 0, 48, 32}};
  detections.scores = {1};
  detections.keypointsPer = 5;
  detections.keypoints = {28, 22, 28, 10, 34, 16, 40, 20, 40, 12};  // eyes, nose, corners of the mouth
  Task task = taskOf(halves());
  task.observations[0] = observe(detections);
  const InputRef input = InputReader(test::device(), memory, spec, {0, 0}).read(task);
  const uint8_t* rows = input->slot->data();
  CHECK_EQUAL(int{rows[16 * 4 + 8]}, 0);     // above the eyes: the black half
  CHECK_EQUAL(int{rows[16 * 13 + 8]}, 255);  // the mouth: the white half
}

TEST(what_does_not_fit_is_a_coded_error_and_changes_nothing) {
  const auto memory = SharedMemory::open(64 << 10);
  const Task task = taskOf(halves());
  InputReader large(test::device(), memory, gray(1024, 1024), {}), small(test::device(), memory, gray(16, 16), {});
  CHECK_ERROR(large.read(task), DEVICE_OUT_OF_MEMORY);
  CHECK_ERROR(InputReader(test::device(), memory, gray(20000, 0), {}).read(task), INVALID_ARGUMENT);
  CHECK_EQUAL(memory->leased(), size_t{0});
  CHECK(small.read(task)->slot != nullptr);
}

TEST(slots_stay_where_they_are_and_never_overlap) {
  const auto memory = SharedMemory::open(16 << 20);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; t++)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; i++) {
        const size_t bytes = static_cast<size_t>(1 + (i * 37 + t) % 40) * 1000;
        const auto slot = memory->lease(bytes);
        std::memset(slot->data(), t + 1, bytes);
        if (i % 7 == 0) std::this_thread::yield();
        for (size_t b = 0; b < bytes; b += 999) wrong += slot->data()[b] != t + 1;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQUAL(wrong.load(), 0);
  CHECK_EQUAL(memory->leased(), size_t{0});
}

TEST(pages_go_with_the_memory_and_views_that_are_left_read_zeros) {
  auto memory = SharedMemory::open(1 << 20);
  const auto mapping = memory->mapping();
  {
    const auto slot = memory->lease(5000);
    std::memset(slot->data(), 7, 5000);
    CHECK_EQUAL(int{mapping->data()[slot->offset]}, 7);
  }
  memory.reset();
  CHECK_EQUAL(int{mapping->data()[0]}, 0);
}

TEST(others_can_neither_resize_the_memory_nor_write_to_it) {
  const auto memory = SharedMemory::open(1 << 20);
  const auto slot = memory->lease(100);
  std::memset(slot->data(), 7, 100);
  const int fd = memory->fd();
  for (const off_t size : {0, 4096, 2 << 20}) {
    CHECK_EQUAL(ftruncate(fd, size), -1);
    CHECK_EQUAL(errno, EPERM);
  }
  const uint8_t other = 9;
  CHECK_EQUAL(pwrite(fd, &other, 1, static_cast<off_t>(slot->offset)), ssize_t{-1});
  CHECK_EQUAL(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
  CHECK_EQUAL(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), -1);
  CHECK_EQUAL(int{slot->data()[0]}, 7);
  std::memset(slot->data(), 8, 100);  // this process still does
  void* const read = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0);
  CHECK(read != MAP_FAILED);
  CHECK_EQUAL(int{static_cast<const uint8_t*>(read)[slot->offset]}, 8);
  munmap(read, 4096);
}

TEST(a_thread_with_the_descriptor_has_the_same_mapping_and_another_descriptor_is_refused) {
  const auto memory = SharedMemory::open(1 << 20);
  CHECK(SharedMemory::mapped(memory->fd()) == memory->mapping());
  const int copy = dup(memory->fd());  // as another process has it
  CHECK_EQUAL(SharedMemory::mapped(copy)->bytes(), size_t{1} << 20);
  close(copy);
  const int plain = memfd_create("other", 0);
  for (const int fd : {plain, -1}) {
    try {
      SharedMemory::mapped(fd);
      CHECK(false);
    } catch (const Error& error) {
      CHECK(error.code == ErrorCode::INVALID_ARGUMENT);
    }
  }
  close(plain);
}

TEST(pictures_are_bounded_for_all_frames_in_flight) {
  CHECK_EQUAL(mostInputBytes(gray(16384, 16384), "m", 4), size_t{256} << 20);
  try {
    mostInputBytes(gray(16384, 16384), "m", 8);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code == ErrorCode::DEVICE_OUT_OF_MEMORY);
    CHECK(error.sentence.find("\"m\"") != std::string::npos && error.sentence.find("256 MiB") != std::string::npos);
  }
  const auto memory = SharedMemory::open(1 << 20);
  InputReader reader(test::device(), memory, gray(64, 0), {}, nullptr,
                     2000);  // 64x32 of the frame, known when it comes
  const Task task = taskOf(halves());
  try {
    reader.read(task);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code == ErrorCode::DEVICE_OUT_OF_MEMORY);
  }
}

// What an input shows, wherever it lies.
std::vector<uint8_t> bytesOf(const Input& input) {
  const Picture& last = input.pictures.back();
  const size_t bytes = last.offset + last.bytes;
  if (input.slot) return {input.slot->data(), input.slot->data() + bytes};
  std::vector<uint8_t> home(bytes);
  const auto queue = test::device()->openQueue();
  test::device()->copy(*queue, home.data(), bytes, input.onDevice->data(), bytes, bytes, 1, CopyKind::internal);
  queue->synchronize();
  return home;
}

TEST(on_a_gpu_pictures_may_stay_there_and_are_the_same) {
  const auto device = test::device();
  if (device->id().kind == DeviceKind::cpu) return;
  const auto memory = SharedMemory::open(1 << 22);
  const auto slots = DeviceSlots::open(device);
  Detections detections;
  for (int i = 0; i < 20; i++) detections.boxes.push_back({static_cast<float>(i), 2, static_cast<float>(i + 30), 30});
  detections.scores.assign(20, 0.9f);
  for (const char* crop : {"", "boxes"})
    for (const PixelFormat& format : {pixelFormat::rgb24, pixelFormat::gray8}) {
      InputSpec spec = gray(16, 8);
      spec.format = format;
      spec.crop = crop;
      Task task = taskOf(halves());
      task.observations[0] = observe(detections);
      const uint64_t before = device->copiedBytes(CopyKind::d2hRequested);
      InputReader there(device, memory, spec, {0, -1}, slots), here(device, memory, spec, {0, -1});
      const InputRef stayed = there.read(task);
      CHECK(stayed->onDevice && !stayed->slot);
      CHECK_EQUAL(device->copiedBytes(CopyKind::d2hRequested), before);
      CHECK_EQUAL(memory->leased(), size_t{0});
      const InputRef home = here.read(task), brought = there.read(task, true);
      CHECK(home == brought && home->slot && !home->onDevice);
      CHECK(bytesOf(*stayed) == bytesOf(*home));
      CHECK_EQUAL(slots->leased(), size_t{1});
    }
  CHECK_EQUAL(slots->leased(), size_t{0});
}

TEST_MAIN()
