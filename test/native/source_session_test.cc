// Sources that come and go in one run: what each of them takes is given back when it leaves.
#include <malloc.h>

#include "pipeline_sources.h"

using namespace pipeline_run;

namespace {

// What this process holds. The heap is what is allocated, not what the allocator keeps; 0 under a sanitizer. A thread
// that nobody has joined is not listed any more, but its stack is mapped.
struct Held {
  size_t heapBytes = 0, threads = 0, descriptors = 0, mappings = 0;
  static Held now() {
    const auto entries = [](const char* folder) {
      const std::filesystem::directory_iterator all(folder);
      return static_cast<size_t>(std::distance(begin(all), end(all)));
    };
    const struct mallinfo2 heap = mallinfo2();
    std::ifstream maps("/proc/self/maps");
    return {heap.uordblks + heap.hblkhd, entries("/proc/self/task"), entries("/proc/self/fd"),
            static_cast<size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'))};
  }
};

// Joins source number n, and returns when it has left.
using JoinAndLeave = std::function<void(int n)>;

// What is kept of a source that has left: its rows in the report.
constexpr size_t kRecordBytes = 4096;

void staysFlat(int joins, const JoinAndLeave& joinAndLeave) {
  const int warm = joins / 10;
  for (int n = 0; n < warm; n++) joinAndLeave(n);
  const Held before = Held::now();
  for (int n = warm; n < joins; n++) joinAndLeave(n);
  const Held after = Held::now();
  const size_t grown = after.heapBytes > before.heapBytes ? after.heapBytes - before.heapBytes : 0;
  std::printf("  %d joins: %zu bytes a source; threads %zu > %zu, descriptors %zu > %zu, mappings %zu > %zu\n", joins,
              grown / static_cast<size_t>(joins - warm), before.threads, after.threads, before.descriptors,
              after.descriptors, before.mappings, after.mappings);
  CHECK(grown < static_cast<size_t>(joins - warm) * kRecordBytes);
  CHECK(after.threads <= before.threads + 2);
  CHECK(after.descriptors <= before.descriptors + 2);
  CHECK(after.mappings <= before.mappings + static_cast<size_t>(joins / 4));
}

void leave(PipelineRun& run, const std::string& id) {
  std::promise<void> removed;
  run.pipeline->removeSource(id, [&] { removed.set_value(); });
  within(removed.get_future(), "the removal", run.seed);
}

// One that has ended is over when nothing is on its way.
void waitForEnd(PipelineRun& run, const std::string& id) {
  const auto over = [&] {
    const Progress::Source source = run.pipeline->progress().sources.back();
    return source.id == id && source.ended;
  };
  while (!over()) std::this_thread::sleep_for(std::chrono::microseconds(200));
}

PipelineSpec openRun() {
  PipelineSpec spec;
  spec.modules = {jsModule("look", {}, true), jsModule("after", {"look"})};
  spec.modules[0].policy.stride = 2;
  spec.open = true;
  return spec;
}

}  // namespace

TEST(a_thousand_pushed_sources_join_and_leave_and_nothing_of_them_stays) {
  PipelineRun run(openRun(), 1);
  run.answerer.delayUs = 0;
  run.pipeline->start();
  run.pipeline->discard();
  const int joins = 1000;
  staysFlat(joins, [&](int n) {
    const std::string id = "camera " + std::to_string(n);
    run.pipeline->addSource(pushedSource(id));
    const std::vector<uint8_t> pixels(64 * 48 * 3, 90);
    for (int i = 0; i < 2; i++) run.pipeline->pushFrame(id, pixels.data(), pixels.size(), i * 40'000, [](bool) {});
    if (n % 2) run.pipeline->endFrames(id, std::nullopt);
    leave(run, id);
  });
  run.pipeline->close(true);
  CHECK_EQUAL(run.closed().sources.size(), static_cast<size_t>(joins));
}

TEST(files_that_end_or_are_removed_give_back_decoder_thread_and_descriptors) {
  const std::string path = made("short.mp4", moving("64x48", 25, 4) + "-c:v libx264 -preset ultrafast -an");
  PipelineRun run(openRun(), 2);
  run.answerer.delayUs = 0;
  run.pipeline->start();
  run.pipeline->discard();
  const int joins = std::min(1000, static_cast<int>(check::cases("FRAMEPATH_PIPELINE_RUNS", 10)) * 30);
  staysFlat(joins, [&](int n) {
    const std::string id = "file " + std::to_string(n);
    run.pipeline->addSource(fileSource(id, path));
    if (n % 2)
      waitForEnd(run, id);
    else
      leave(run, id);
  });
  run.pipeline->close(true);
  const Report report = run.closed();
  for (size_t s = 1; s < report.sources.size(); s += 2) {
    CHECK_EQUAL(report.sources[s].counts.delivered, 4);
    CHECK_EQUAL(report.sources[s].reader.decoded, 4);
  }
}

TEST_MAIN()
