#include "infer/library_file.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace framepath::infer {
namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

constexpr unsigned char kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
#if defined(__aarch64__)
constexpr ElfW(Half) kMachine = EM_AARCH64;
#else
constexpr ElfW(Half) kMachine = EM_X86_64;
#endif
constexpr uint64_t kMostTable = uint64_t{64} << 20;  // larger than the symbols of any library

const char* const kCutOff = "is cut off or damaged";

class File {
 public:
  // O_NONBLOCK: a FIFO is refused, not waited for.
  explicit File(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool isOpen() const { return fd_ >= 0; }
  bool isRegular() {
    struct stat found {};
    if (fstat(fd_, &found) != 0 || !S_ISREG(found.st_mode)) return false;
    size_ = static_cast<uint64_t>(found.st_size);
    return true;
  }
  bool holds(uint64_t offset, uint64_t bytes) const { return offset <= size_ && bytes <= size_ - offset; }
  // Entries of a table; nothing when they are not all there.
  template <typename T>
  std::optional<std::vector<T>> table(uint64_t offset, uint64_t count) const {
    if (count > kMostTable / sizeof(T) || !holds(offset, count * sizeof(T))) return std::nullopt;
    std::vector<T> entries(count);
    const auto bytes = static_cast<ssize_t>(count * sizeof(T));
    if (pread(fd_, entries.data(), static_cast<size_t>(bytes), static_cast<off_t>(offset)) != bytes)
      return std::nullopt;
    return entries;
  }

 private:
  const int fd_;
  uint64_t size_ = 0;
};

bool defines(std::span<const Symbol> symbols, std::span<const char> names, const std::string& wanted) {
  for (const Symbol& symbol : symbols) {
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names.size()) continue;
    const char* const name = names.data() + symbol.st_name;
    if (strnlen(name, names.size() - symbol.st_name) == wanted.size() &&
        wanted.compare(0, wanted.size(), name, wanted.size()) == 0)
      return true;
  }
  return false;
}

// The loader needs no sections: without a table of symbols among them nothing is known of these.
std::optional<std::string> whyNotDefined(const File& file, const Header& header, const std::string& wanted) {
  if (header.e_shnum == 0) return std::nullopt;
  const auto sections = file.table<Section>(header.e_shoff, header.e_shnum);
  if (header.e_shentsize != sizeof(Section) || !sections) return kCutOff;
  for (const Section& section : *sections) {
    if (section.sh_type != SHT_DYNSYM) continue;
    if (section.sh_link >= sections->size()) return kCutOff;
    const Section& texts = (*sections)[section.sh_link];
    const auto symbols = file.table<Symbol>(section.sh_offset, section.sh_size / sizeof(Symbol));
    const auto names = file.table<char>(texts.sh_offset, texts.sh_size);
    if (!symbols || !names) return kCutOff;
    if (!defines(*symbols, *names, wanted)) return "is a library, but not ONNX Runtime (no " + wanted + ")";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> whyNoLibrary(const std::string& path, const std::string& symbol) {
  File file(path);
  if (!file.isOpen()) return std::string("cannot be opened: ") + std::strerror(errno);
  if (!file.isRegular()) return "is not a file";
  const auto head = file.table<Header>(0, 1);
  if (!head || std::memcmp(head->front().e_ident, ELFMAG, SELFMAG) != 0)
    return "is not a program library (no ELF file)";
  const Header& header = head->front();
  if (header.e_ident[EI_CLASS] != kClass || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != kMachine)
    return "is a library for another kind of machine";
  if (header.e_type != ET_DYN) return "is not a program library (another kind of ELF file)";
  const auto segments = file.table<Segment>(header.e_phoff, header.e_phnum);
  if (header.e_phentsize != sizeof(Segment) || !segments) return kCutOff;
  bool loads = false, dynamic = false;
  for (const Segment& segment : *segments) {
    if (segment.p_type != PT_LOAD && segment.p_type != PT_DYNAMIC) continue;
    if (!file.holds(segment.p_offset, segment.p_filesz) || segment.p_memsz < segment.p_filesz) return kCutOff;
    (segment.p_type == PT_LOAD ? loads : dynamic) = true;
  }
  if (!loads || !dynamic) return kCutOff;
  return whyNotDefined(file, header, symbol);
}

}  // namespace framepath::infer
