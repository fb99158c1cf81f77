// Every kernel, on every compiled instruction set and every device present, against its scalar body: equal bits.
// FRAMEPATH_CASES sets the number of random cases a kernel. With --perf it measures instead: conformance/perf_report.h.
#include <algorithm>
#include <cstdlib>

#include "check.h"
#include "conformance/compose_perf.h"
#include "conformance/head_cases.h"
#include "conformance/perf_report.h"
#include "conformance/picture_cases.h"
#include "conformance/tensor_perf.h"
#include "conformance/vector_cases.h"
#include "core/error.h"

namespace framepath::conformance {
namespace {

// The scalar bodies, compiled here with the baseline flags and run one grid point after the other.
template <typename Args, void (*body)(const Args&, int32_t, int32_t, int32_t)>
void scalar(const void* opaque, const Grid& grid) {
  const Args& args = *static_cast<const Args*>(opaque);
  for (int32_t z = 0; z < grid.z; z++)
    for (int32_t y = 0; y < grid.y; y++)
      for (int32_t x = 0; x < grid.x; x++) body(args, x, y, z);
}
constexpr HostKernelTable kScalar = {
#define FRAMEPATH_KERNEL_ENTRY(name, Args) &scalar<Args, name>,
    FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY
};
constexpr const char* kNames[] = {
#define FRAMEPATH_KERNEL_ENTRY(name, Args) #name,
    FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY
};
constexpr int kKernels = static_cast<int>(KernelId::count);

const char* nameOf(KernelId kernel) {
  return kNames[static_cast<int>(kernel)];
}

std::unique_ptr<Stage> scalarStage() {
  return std::make_unique<HostStage>("scalar", kScalar);
}

using MakeStage = std::function<std::unique_ptr<Stage>()>;

std::vector<MakeStage> targets() {
  std::vector<MakeStage> list;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (isaSupported(isa))
      list.push_back([isa] { return std::make_unique<HostStage>(isaName(isa), hostKernels(isa)); });
  for (const char* name : {"cpu", "cuda:0"}) {
    try {
      const std::shared_ptr<Device> device = openDevice(name);
      list.push_back([device] { return std::make_unique<DeviceStage>(device); });
    } catch (const Error& error) {
      const bool required = std::strncmp(name, "cuda", 4) == 0 && std::getenv("REQUIRE_CUDA");
      std::printf("# %s is not tested: %s\n", name, error.what());
      if (required) check::fail(__FILE__, __LINE__, "REQUIRE_CUDA is set");
    }
  }
  return list;
}

std::string difference(const std::vector<std::vector<uint8_t>>& a, const std::vector<std::vector<uint8_t>>& b) {
  if (a.size() != b.size()) return "a different number of outputs";
  for (size_t i = 0; i < a.size(); i++) {
    if (a[i] == b[i]) continue;
    size_t at = 0, count = 0;
    for (size_t k = a[i].size(); k-- > 0;)
      if (a[i][k] != b[i][k]) at = k, count++;
    return "output " + std::to_string(i) + ": " + std::to_string(count) + " of " + std::to_string(a[i].size()) +
           " bytes differ, first at " + std::to_string(at) + " (" + std::to_string(a[i][at]) + " against " +
           std::to_string(b[i][at]) + ")";
  }
  return "";
}

TEST(every_kernel_of_the_list_has_a_case) {
  for (int k = 0; k < kKernels; k++) {
    const auto has = [k](const auto& cases) {
      return std::any_of(cases.begin(), cases.end(), [&](const auto& c) { return static_cast<int>(c.kernel) == k; });
    };
    if (!has(randomCases())) check::fail(__FILE__, __LINE__, std::string(kNames[k]) + " has no RANDOM_CASE");
    if (!has(perfCases())) check::fail(__FILE__, __LINE__, std::string(kNames[k]) + " has no PERF_CASE");
  }
}

TEST(every_target_gives_the_bits_of_the_scalar_body) {
  const uint32_t first = check::firstSeed(), end = first + check::cases("FRAMEPATH_CASES", 400);
  const std::vector<MakeStage> stages = targets();
  CHECK(stages.size() >= 2);
  for (const RandomCase& c : randomCases()) {
    for (uint32_t seed = first; seed != end; seed++) {
      const std::unique_ptr<Stage> reference = scalarStage();
      Random random(seed);
      c.build(random, *reference);
      CHECK(reference->launched() == c.kernel);
      const auto expected = reference->outputs();
      CHECK(!expected.empty());
      for (const MakeStage& make : stages) {
        const std::unique_ptr<Stage> stage = make();
        Random again(seed);
        c.build(again, *stage);
        const std::string wrong = difference(stage->outputs(), expected);
        if (!wrong.empty())
          check::fail(
              __FILE__, __LINE__,
              std::string(nameOf(c.kernel)) + " seed " + std::to_string(seed) + " on " + stage->name() + ", " + wrong);
      }
      if (check::failures() > 20) return;
    }
  }
}

TEST(every_instruction_set_is_measured_apart) {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512})
    if (isaSupported(isa)) isas.push_back(isa);
  for (const PerfCase& c : perfCases()) {
    if (c.kernel != KernelId::fill) continue;
    const std::vector<PerfRow> rows = measureCase(c, isas, 1);
    CHECK_EQUAL(rows.size(), isas.size());
    for (size_t i = 0; i < rows.size(); i++) {
      CHECK(rows[i].isa == isas[i]);
      CHECK_EQUAL(rows[i].bytes, size_t{1920} * 1080);
      CHECK(rows[i].ms >= rows[i].minMs && rows[i].minMs > 0 && rows[i].copyRatio > 0);
    }
  }
}

TEST(measuring_on_a_device_stays_inside_the_queue) {
  for (const PerfCase& c : perfCases()) {
    if (c.kernel != KernelId::fill) continue;
    const DevicePerfRow row = measureOnDevice(c, openDevice("cpu"), 1);
    CHECK_EQUAL(row.bytes, size_t{1920} * 1080);
    CHECK(row.ms >= row.minMs && row.minMs > 0 && row.copyMs > 0);
  }
}

}  // namespace
}  // namespace framepath::conformance

int main(int argc, char** argv) {
  using namespace framepath::conformance;
  if (argc < 2 || std::strcmp(argv[1], "--perf")) return check::main(argc, argv);
  PerfOptions options;
  if (parsePerfOptions(argc, argv, options)) {
    try {
      return measure(options, nameOf);
    } catch (const framepath::Error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 1;
    }
  }
  std::fprintf(stderr,
               "conformance_test --perf [--json FILE] [--only NAME] [--isa baseline|avx2|avx512 | --device cuda:N]\n");
  return 2;
}
