// A small test harness. A program per file: TEST(name) { CHECK(...); } and TEST_MAIN().
// Each test writes "ok NAME" or "not ok NAME"; the last line is "N passed, N failed". An argument filters by substring.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*body)();
};
inline std::vector<Test>& tests() {
  static std::vector<Test> list;
  return list;
}
inline int& failures() {
  static int count = 0;
  return count;
}
struct Add {
  Add(const char* name, void (*body)()) { tests().push_back({name, body}); }
};
// Where random cases begin: FRAMEPATH_SEED, else 1. A case that fails reports its seed.
inline uint32_t firstSeed() {
  const char* seed = std::getenv("FRAMEPATH_SEED");
  return seed && *seed ? static_cast<uint32_t>(std::strtoul(seed, nullptr, 10)) : 1;
}
// So many of them: the variable's value, else `usual`.
inline uint32_t cases(const char* variable, uint32_t usual) {
  const char* count = std::getenv(variable);
  return count && *count ? static_cast<uint32_t>(std::strtoul(count, nullptr, 10)) : usual;
}
inline void fail(const char* file, int line, const std::string& what) {
  failures()++;
  std::printf("  %s:%d: %s\n", file, line, what.c_str());
}
inline int main(int argc, char** argv) {
  int passed = 0, failed = 0;
  for (const Test& test : tests()) {
    if (argc > 1 && !std::strstr(test.name, argv[1])) continue;
    const int before = failures();
    try {
      test.body();
    } catch (const std::exception& e) {
      fail(test.name, 0, std::string("threw: ") + e.what());
    }
    const bool ok = failures() == before;
    (ok ? passed : failed)++;
    std::printf("%s %s\n", ok ? "ok" : "not ok", test.name);
    std::fflush(stdout);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}

}  // namespace check

#define TEST(name)                                   \
  static void test_##name();                         \
  static check::Add add_##name(#name, &test_##name); \
  static void test_##name()
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) check::fail(__FILE__, __LINE__, "expected " #condition); \
  } while (0)
#define CHECK_EQUAL(a, b)                                     \
  do {                                                        \
    const auto va_ = (a);                                     \
    const auto vb_ = (b);                                     \
    if (!(va_ == vb_)) {                                      \
      std::ostringstream out_;                                \
      out_ << #a " == " #b ": " << va_ << " against " << vb_; \
      check::fail(__FILE__, __LINE__, out_.str());            \
    }                                                         \
  } while (0)
#define CHECK_NEAR(a, b, tolerance)                             \
  do {                                                          \
    const double va_ = (a), vb_ = (b);                          \
    if (!(std::fabs(va_ - vb_) <= (tolerance))) {               \
      std::ostringstream out_;                                  \
      out_ << #a " near " #b ": " << va_ << " against " << vb_; \
      check::fail(__FILE__, __LINE__, out_.str());              \
    }                                                           \
  } while (0)
#define CHECK_ERROR(expression, wantedCode)                                                                          \
  do {                                                                                                               \
    bool threw_ = false;                                                                                             \
    try {                                                                                                            \
      (void)(expression);                                                                                            \
    } catch (const framepath::Error& e) {                                                                            \
      threw_ = true;                                                                                                 \
      if (e.code != framepath::ErrorCode::wantedCode)                                                                \
        check::fail(                                                                                                 \
            __FILE__, __LINE__,                                                                                      \
            std::string(#expression " threw ") + std::string(framepath::errorCodeName(e.code)) + ": " + e.sentence); \
    }                                                                                                                \
    if (!threw_) check::fail(__FILE__, __LINE__, #expression " did not throw " #wantedCode);                         \
  } while (0)
#define TEST_MAIN()                 \
  int main(int argc, char** argv) { \
    return check::main(argc, argv); \
  }
