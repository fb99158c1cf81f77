// The kernel list compiles for a GPU with nothing but clang: one entry point a kernel, no contraction, no libm.
// Skipped where there is no clang-14 (FRAMEPATH_CLANG names another one).
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "check.h"
#include "kernels/list.h"

namespace fs = std::filesystem;

namespace {

constexpr const char* kKernelNames[] = {
#define FRAMEPATH_KERNEL_ENTRY(name, Args) #name,
    FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY
};

std::string quoted(const fs::path& path) {
  return "'" + path.string() + "'";
}

}  // namespace

TEST(the_kernel_list_compiles_to_ptx) {
  const char* named = std::getenv("FRAMEPATH_CLANG");
  const std::string clang = named ? named : "clang-14";
  if (std::system((clang + " --version > /dev/null 2>&1").c_str()) != 0) {
    std::printf("# skipped: no %s here\n", clang.c_str());
    return;
  }
  const fs::path native = fs::path(__FILE__).parent_path() / "../../native";
  std::string folder = (fs::temp_directory_path() / "framepath-ptx-XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  const fs::path ptx = fs::path(folder) / "kernels.ptx";
  const std::string command = clang +
                              " -x cuda --cuda-device-only -S -nocudainc -nocudalib --cuda-path=/nonexistent"
                              " --cuda-gpu-arch=sm_75 -O3 -std=c++20 -ffp-contract=off -I " +
                              quoted(native) + " " + quoted(native / "kernels/kernels.cu") + " -o " + quoted(ptx);
  CHECK_EQUAL(std::system(command.c_str()), 0);
  std::ifstream file(ptx);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  fs::remove_all(folder);
  for (const char* name : kKernelNames)
    CHECK(text.find(".entry framepath_" + std::string(name) + "(") != std::string::npos);
  // Each of these would be a difference to the CPU's bits, or a symbol nothing provides.
  for (const char* unwanted : {"fma.rn", "div.full", "div.approx", "sqrt.approx", "rcp.approx", ".ftz", ".extern"})
    if (text.find(unwanted) != std::string::npos) check::fail(__FILE__, __LINE__, std::string("PTX has ") + unwanted);
}

TEST_MAIN()
