// The kernels as they are embedded for GPUs: an entry point each, the arithmetic of the host, nothing that is linked.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "check.h"
#include "device/cuda_kernels.h"

namespace framepath {
namespace {

constexpr const char* kKernelNames[] = {
#define FRAMEPATH_KERNEL_ENTRY(name, Args) #name,
    FRAMEPATH_KERNELS(FRAMEPATH_KERNEL_ENTRY)
#undef FRAMEPATH_KERNEL_ENTRY
};

std::string embeddedPtx() {
  for (const cuda::KernelImage& image : cuda::kernelImages())
    if (std::string(image.name) == "PTX") return image.bytes.data();
  return "";
}

}  // namespace

TEST(every_kernel_is_an_entry_of_the_ptx) {
  const std::string text = embeddedPtx();
  for (const char* name : kKernelNames)
    if (text.find(".entry framepath_" + std::string(name) + "(") == std::string::npos)
      check::fail(__FILE__, __LINE__, std::string("PTX lacks framepath_") + name);
}

TEST(ptx_computes_as_the_host_does) {
  const std::string text = embeddedPtx();
  // Each of these would be a difference to the CPU's bits, or a symbol nothing provides.
  for (const char* unwanted : {"fma.rn", "div.full", "div.approx", "sqrt.approx", "rcp.approx", ".ftz", ".extern"})
    if (text.find(unwanted) != std::string::npos) check::fail(__FILE__, __LINE__, std::string("PTX has ") + unwanted);
}

// A thread that copies its arguments, kilobytes of them, into memory of its own is bound by that.
TEST(no_kernel_copies_its_arguments) {
  const std::string text = embeddedPtx(), depot = "__local_depot";
  for (size_t at = text.find(".local .align"); at != std::string::npos; at = text.find(".local .align", at + 1)) {
    const size_t size = text.find('[', at), name = text.find(depot, at);
    if (name == std::string::npos || name > size) continue;
    const int bytes = std::atoi(text.c_str() + size + 1);
    const size_t entry = text.rfind(".entry ", at);
    const bool hasBits =
        text.compare(entry, 29, ".entry framepath_selectBoxes(") == 0;  // of every candidate, of its own
    if (bytes > (hasBits ? 256 + 4 * kMostOverlapWords : 256))
      check::fail(__FILE__, __LINE__, text.substr(name, size - name) + " has " + std::to_string(bytes) + " bytes");
  }
}

// Where there is a clang-14 the build makes the PTX; for the others the repository holds it.
TEST(the_checked_in_ptx_is_of_these_kernels) {
  const std::filesystem::path path = FRAMEPATH_ROOT "/native/kernels/kernels.ptx";
  std::ifstream file(path);
  const std::string checkedIn{std::istreambuf_iterator<char>(file), {}};
  if (checkedIn != embeddedPtx())
    check::fail(__FILE__, __LINE__, "it is not; refresh it: cmake --build build --target refresh_ptx");
}

}  // namespace framepath

TEST_MAIN()
