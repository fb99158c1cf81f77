#include "simulator/state.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "simulator/arena.h"
#include "simulator/simulator.h"

namespace framepath::simulator {
namespace {

constexpr Result kNotInitialised = 3;

struct Rule {
  std::string call;
  long long at = 0;  // calls until it holds
  bool onwards = false;
  Result answer = result::success;
};

std::vector<Rule> parseRules(const char* text) {
  std::vector<Rule> rules;
  for (const char* at = text; at && *at;) {
    const char* end = std::strchr(at, ',');
    const std::string one = end ? std::string(at, end) : std::string(at);
    char call[64] = {}, onwards = 0;
    Rule rule;
    if (std::sscanf(one.c_str(), "%63[^:]:%lld+:%d", call, &rule.at, &rule.answer) == 3)
      onwards = 1;
    else if (std::sscanf(one.c_str(), "%63[^:]:%lld:%d", call, &rule.at, &rule.answer) != 3) {
      std::fprintf(stderr, "[simulator] cannot read the rule '%s'\n", one.c_str());
      std::abort();
    }
    rule.call = call;
    rule.onwards = onwards;
    rules.push_back(rule);
    at = end ? end + 1 : nullptr;
  }
  return rules;
}

std::vector<Rule>& rules() {
  static auto* const all = new std::vector<Rule>(parseRules(std::getenv("FRAMEPATH_SIM_FAIL")));
  return *all;
}

__attribute__((destructor)) void writeReport() {
  const char* path = std::getenv("FRAMEPATH_SIM_REPORT");
  if (!path || !*path) return;
  std::string own = path;
  if (const size_t at = own.find("%p"); at != std::string::npos) own.replace(at, 2, std::to_string(getpid()));
  FILE* file = std::fopen(own.c_str(), "w");
  if (!file) return;
  std::lock_guard lock(state().mutex);
  std::fprintf(file, "{\n");
  for (const auto& [name, value] : state().counters) std::fprintf(file, "  \"%s\": %lld,\n", name.c_str(), value);
  std::fprintf(file, "  \"memory_live\": %zu,\n  \"memory_bytes\": %zu,\n  \"peer_live\": %zu\n}\n", arena().live(),
               arena().usedBytes(), arena().mapped());
  std::fclose(file);
}

}  // namespace

State& state() {
  static auto* const one = new State;
  return *one;
}

bool flag(const char* name) {
  const char* value = std::getenv(name);
  return value && *value && std::strcmp(value, "0") != 0;
}

long long number(const char* name, long long otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? std::atoll(value) : otherwise;
}

void log(const char* format, ...) {
  if (!flag("FRAMEPATH_SIM_LOG")) return;
  va_list arguments;
  va_start(arguments, format);
  std::fputs("[simulator] ", stderr);
  std::vfprintf(stderr, format, arguments);
  std::fputc('\n', stderr);
  va_end(arguments);
}

Result illegal(const char* what) {
  std::fprintf(stderr, "[simulator] illegal address: %s\n", what);
  state().count("illegal");
  state().lose(result::illegalAddress);
  return result::illegalAddress;
}

std::vector<ContextState*>& contextStack() {
  thread_local std::vector<ContextState*> stack;
  return stack;
}

ContextState* currentContext() {
  return contextStack().empty() ? nullptr : contextStack().back();
}

Entry::Entry(const char* call, Needs needs) : lock_(state().mutex) {
  state().count("calls");
  state().count(std::string("call:") + call);
  log("%s", call);
  if (const Result ordered = simulatorRule(call); ordered != result::success) {
    log("%s answers %d, as ordered", call, ordered);
    if (state().initialised && cuda::isSticky(ordered)) state().lose(ordered);
    answer = ordered;
  } else if (needs != Needs::nothing && state().lost != result::success) {
    answer = state().lost;
  } else if (needs != Needs::nothing && !state().initialised) {
    answer = kNotInitialised;
  } else if (needs == Needs::context && !currentContext()) {
    answer = result::invalidContext;
  }
}

}  // namespace framepath::simulator

using namespace framepath::simulator;

#define SIM_CONTROL extern "C" __attribute__((visibility("default")))

SIM_CONTROL long long simulatorCounter(const char* name) {
  std::lock_guard lock(state().mutex);
  if (!std::strcmp(name, "memory_live")) return static_cast<long long>(arena().live());
  if (!std::strcmp(name, "peer_live")) return static_cast<long long>(arena().mapped());
  if (!std::strcmp(name, "memory_bytes")) return static_cast<long long>(arena().usedBytes());
  const auto found = state().counters.find(name);
  return found == state().counters.end() ? 0 : found->second;
}

SIM_CONTROL void simulatorCount(const char* name, long long by) {
  std::lock_guard lock(state().mutex);
  state().count(name, by);
}

SIM_CONTROL void simulatorFail(const char* text) {
  std::lock_guard lock(state().mutex);
  rules() = parseRules(text);
}

SIM_CONTROL int simulatorRule(const char* name) {
  std::lock_guard lock(state().mutex);
  for (Rule& rule : rules()) {
    if (rule.call != name || rule.at <= 0) continue;
    if (--rule.at > 0) continue;
    if (rule.onwards) rule.at = 1;
    return rule.answer;
  }
  return result::success;
}
